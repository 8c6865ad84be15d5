"""TOLLWAY_CORS_ORIGINS opens both REST listeners to the scripts of pages."""

from __future__ import annotations

from http.client import HTTPConnection

import pytest

from tests.gateway import Gateway

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


def call(gateway, listener: str, method: str, path: str, headers: dict[str, str]):
    connection = HTTPConnection(gateway.addresses[listener], timeout=10)
    connection.request(method, path, headers=headers)
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
    return answer.status, answer.headers
