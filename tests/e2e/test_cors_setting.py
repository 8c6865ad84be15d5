"""TOLLWAY_CORS_ORIGINS opens both REST listeners to the scripts of pages."""

from __future__ import annotations

import json
import re
from http.client import HTTPConnection

import pytest

from tests.e2e.metering.conftest import set_price
from tests.running.gateway import Gateway

APP = "https://app.example.com"


@pytest.fixture(scope="module")
def open_to_pages(tmp_path_factory):
    """A gateway that pages of some origins may call."""
    with Gateway(tmp_path_factory.mktemp("cors"), cors_origins=f"{APP}, https://*.example.org") as gateway:
        yield gateway


@pytest.mark.parametrize(("listener", "path"), [("admin_http", "/v1/tenants"), ("proxy_http", "/v1/chat/completions")])
def test_a_page_asks_and_reads_without_a_credential(open_to_pages, listener, path):
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    status, headers = call(open_to_pages, listener, "OPTIONS", path, asked)
    assert (status, headers["access-control-allow-origin"]) == (204, APP)
    assert "POST" in headers["access-control-allow-methods"]
    assert headers["access-control-allow-headers"] == "authorization"
    status, headers = call(open_to_pages, listener, "POST", path, {"Origin": APP})
    assert (status, headers["access-control-allow-origin"]) == (401, APP)
    status, headers = call(open_to_pages, listener, "OPTIONS", path, asked | {"Origin": "https://other.example"})
    assert (status, headers["access-control-allow-origin"]) == (204, None)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_page_reads_by_name_what_a_call_cost_and_what_is_left(open_to_pages, provider_in_thread, path):
    tenant = open_to_pages.admin().tenant(openai=provider_in_thread)
    tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
    set_price(tenant)
    limit = {"limit": "1000000", "window": "60s"}
    for unit in ("REQUESTS", "TOTAL_TOKENS", "INPUT_TOKENS", "OUTPUT_TOKENS"):
        policy = {"subject": {}, "rateLimit": {**limit, "unit": unit}}
        policy_id = unit.lower().replace("_", "-")
        tenant.admin("POST", f"/v1/{tenant.name}/policies?policy_id={policy_id}", policy)
    headers = {"Origin": APP, "Authorization": f"Bearer {tenant.key()}", "Content-Type": "application/json"}
    body = json.dumps({"model": "gpt", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello!"}]})
    status, answered = call(open_to_pages, "proxy_http", "POST", path, headers, body)
    assert status == 200
    told = {name.lower() for name in answered if re.match("x-tollway|ratelimit|.*-ratelimit", name.lower())}
    assert told > {"ratelimit", "ratelimit-policy", "x-tollway-cost", "x-tollway-usage"}
    assert told - set(answered["access-control-expose-headers"].split(", ")) == set()


def call(gateway, listener: str, method: str, path: str, headers: dict[str, str], body: str = ""):
    connection = HTTPConnection(gateway.addresses[listener], timeout=10)
    connection.request(method, path, body or None, headers)
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
    return answer.status, answer.headers
