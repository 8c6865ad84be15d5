"""The Admin API over REST, in the shapes that scripts rely on."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from urllib.request import Request

import pytest

from tests.bench.processes import free_port
from tests.running.gateway import ADMIN_KEY, PROVIDER_KEY, Admin, send
from tollwayd.doors import MAX_ADMIN_BODY_BYTES


@pytest.fixture
def admin(gateway):
    return gateway.admin()


@pytest.fixture
def acme(admin):
    tenant = admin.tenant()
    yield tenant
    admin("DELETE", f"/v1/{tenant.name}?force=true")


def test_a_tenant_from_its_creation_to_its_end(admin):
    made = admin("POST", "/v1/tenants?tenant_id=acme", {"displayName": "Acme"})
    assert (made["name"], made["displayName"]) == ("tenants/acme", "Acme")
    renamed = admin("PATCH", "/v1/tenants/acme", {"displayName": "Acme Ltd", "etag": made["etag"]})
    assert renamed["displayName"] == "Acme Ltd"
    stale = admin("PATCH", "/v1/tenants/acme", {"displayName": "x", "etag": made["etag"]}, status=409)
    assert stale["details"][0]["reason"] == "ETAG_MISMATCH"
    again = admin("POST", "/v1/tenants?tenant_id=acme", {}, status=409)
    assert again["details"][0]["reason"] == "RESOURCE_EXISTS"
    admin("DELETE", "/v1/tenants/acme")
    admin("GET", "/v1/tenants/acme", status=404)


class Http:
    """Calls of the Admin API whose answers' headers count, too."""

    def __init__(self, gateway) -> None:
        self.address = gateway.addresses["admin_http"]

    def __call__(self, method: str, path: str, body=None, **headers: str):
        connection = HTTPConnection(self.address, timeout=10)
        fields = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, None if body is None else json.dumps(body), fields)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers["etag"], json.loads(content) if content else None


def test_every_resource_changes_by_if_match(gateway, admin, acme):
    http = Http(gateway)
    acme.provider("openai", "https://api.openai.com", provider_id="openai")
    acme.model("gpt", {"provider": "openai", "model": "gpt", "weight": 1})
    acme.key()
    admin("POST", f"/v1/{acme.name}/policies?policy_id=parallel", {"concurrency": {"limit": 8}})
    admin("POST", f"/v1/{acme.name}/tiers?tier_id=gold", {"rules": [{"id": "parallel", "concurrency": {"limit": 8}}]})
    kinds = ("providers", "models", "apiKeys", "policies", "tiers")
    listed = {kind: admin("GET", f"/v1/{acme.name}/{kind}")[kind] for kind in kinds}
    names = [acme.name, *(resources[0]["name"] for resources in listed.values())]
    assert len(names) == 6
    for name in names:
        status, etag, resource = http("GET", f"/v1/{name}")
        assert (status, etag) == (200, resource["etag"])
        assert http("GET", f"/v1/{name}", if_none_match=etag) == (304, etag, None)
        edited = {**resource, "displayName": "Edited"}
        status, newer, changed = http("PATCH", f"/v1/{name}", edited, if_match=etag)
        assert (status, newer, changed["displayName"]) == (200, changed["etag"], "Edited")
        status, _, stale = http("PATCH", f"/v1/{name}", {**edited, "etag": ""}, if_match=etag)
        assert (status, stale["details"][0]["reason"]) == (412, "ETAG_MISMATCH")
        assert http("GET", f"/v1/{name}", if_none_match=etag)[0] == 200
        # Without a mask a PATCH changes what its body names, empty values too.
        _, _, cleared = http("PATCH", f"/v1/{name}", {"displayName": ""})
        ignored = {"displayName", "updateTime", "etag"}
        assert cleared["displayName"] == ""
        assert all(cleared[field] == value for field, value in resource.items() if field not in ignored)
    for name in reversed(names[1:]):
        _, etag, _ = http("GET", f"/v1/{name}")
        assert http("DELETE", f"/v1/{name}", if_match='"1"')[0] == 412
        assert http("DELETE", f"/v1/{name}", if_match=etag)[0] == 200


def test_a_provider_shows_its_credential_never_and_keeps_it_by_its_mask(admin, acme):
    body = {"dialect": "openai.chat", "baseUrl": "https://api.openai.com/v1", "credential": {"apiKey": PROVIDER_KEY}}
    made = admin("POST", f"/v1/{acme.name}/providers?provider_id=openai", body)
    assert made["credential"]["apiKey"] == "***" + PROVIDER_KEY[-4:]
    kept = admin("PATCH", f"/v1/{made['name']}", {"displayName": "O", "credential": made["credential"]})
    assert kept["credential"] == made["credential"]
    moved = {"baseUrl": "https://example.com/v1", "credential": made["credential"]}
    refused = admin("PATCH", f"/v1/{made['name']}", moved, status=400)
    assert "credential" in refused["message"]


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/v1",
        "http://169.254.169.254/latest",
        "http://2852039166/",
        "http://[fd00:ec2::254]/",
        "ftp://x/",
    ],
)
def test_an_address_inside_the_network_is_refused_at_write(admin, acme, url):
    body = {"dialect": "openai.chat", "baseUrl": url}
    refused = admin("POST", f"/v1/{acme.name}/providers?provider_id=inside", body, status=400)
    assert refused["details"][0]["reason"] in {"EGRESS_DENIED", "FIELD_INVALID"}


def test_a_model_and_a_key(admin, acme):
    acme.provider("openai", "https://api.openai.com", provider_id="openai")
    target = {"provider": "openai", "model": "gpt-4.1-2025-04-14", "weight": 1, "priority": 0}
    body = {"publicName": "gpt-4.1", "targets": [target]}
    made = admin("POST", f"/v1/{acme.name}/models?model_id=gpt", body)
    assert made["targets"] == [target]
    twice = admin("POST", f"/v1/{acme.name}/models?model_id=other", body, status=409)
    assert twice["details"][0]["reason"] == "RESOURCE_EXISTS"
    key = admin(
        "POST",
        f"/v1/{acme.name}/apiKeys?api_key_id=app",
        {"allowedModels": ["gpt-4.1"], "expireTime": "2031-01-01T00:00:00Z"},
    )
    assert key["secret"].startswith("tw_")
    read = admin("GET", f"/v1/{key['name']}")
    assert read["secret"] == ""
    assert (read["prefix"], read["lastFour"]) == (key["secret"][:7], key["secret"][-4:])


def works(gateway, secret: str) -> bool:
    request = Request(gateway.url("proxy_http") + "/v1/models", headers={"Authorization": f"Bearer {secret}"})
    return send(request)[0] == 200


def test_rotation_keeps_the_old_secret_for_the_overlap_alone(gateway, admin, acme):
    made = admin("POST", f"/v1/{acme.name}/apiKeys?api_key_id=app", {})
    rotated = admin("POST", f"/v1/{made['name']}:rotate", {})
    assert rotated["secret"] != made["secret"]
    assert rotated["previousSecretExpireTime"]
    assert works(gateway, made["secret"])
    assert works(gateway, rotated["secret"])
    last = admin("POST", f"/v1/{made['name']}:rotate", {"overlap": "0s"})
    assert [works(gateway, each["secret"]) for each in (made, rotated, last)] == [False, False, True]


def test_disabling_a_key_or_its_tenant_works_at_once(gateway, admin, acme):
    secret = acme.key()
    assert works(gateway, secret)
    admin("PATCH", f"/v1/{acme.name}", {"disabled": True})
    assert not works(gateway, secret)
    admin("PATCH", f"/v1/{acme.name}?update_mask=disabled", {})
    assert works(gateway, secret)


def test_pages_and_filters(admin, acme):
    for number in range(5):
        admin("POST", f"/v1/{acme.name}/apiKeys?api_key_id=key-{number}", {"displayName": f"n{number % 2}"})
    path = f"/v1/{acme.name}/apiKeys"
    first = admin("GET", f"{path}?page_size=2")
    second = admin("GET", f"{path}?page_size=2&page_token={first['nextPageToken']}")
    names = [key["name"].rsplit("/", 1)[1] for key in first["apiKeys"] + second["apiKeys"]]
    assert names == ["key-0", "key-1", "key-2", "key-3"]
    filtered = admin("GET", f"{path}?filter=display_name%3D%22n1%22")
    assert [key["name"].rsplit("/", 1)[1] for key in filtered["apiKeys"]] == ["key-1", "key-3"]
    admin("GET", f"{path}?page_token=forged", status=400)
    admin("GET", f"{path}?filter=%28", status=400)


def test_test_provider_reports_success_and_failure(admin, provider_in_thread, acme):
    acme.provider("openai", provider_in_thread)
    told = admin("POST", f"/v1/{acme.name}/providers/openai:test", {})
    assert told["ok"] is True
    assert told["models"]
    acme.provider("openai", f"http://127.0.0.1:{free_port()}", provider_id="down")
    told = admin("POST", f"/v1/{acme.name}/providers/down:test", {})
    assert told["ok"] is False
    assert told["problem"]


def test_wrong_fields_are_named_with_what_to_do(admin, acme):
    refused = admin("POST", f"/v1/{acme.name}/apiKeys?api_key_id=Bad!", {}, status=400)
    assert refused["details"][1]["fieldViolations"][0]["field"] == "apiKeyId"
    refused = admin("POST", f"/v1/{acme.name}/apiKeys?api_key_id=ok", {"displyName": "x"}, status=400)
    assert "displayName" in refused["message"]


def test_a_body_has_one_mebibyte_at_most(gateway, admin):
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
    for size, expected in ((MAX_ADMIN_BODY_BYTES, 200), (MAX_ADMIN_BODY_BYTES + 1, 413)):
        url = f"{gateway.url('admin_http')}/v1/tenants?tenant_id=of-{size}"
        assert send(Request(url, b"{}".ljust(size), headers))[0] == expected
    admin("DELETE", f"/v1/tenants/of-{MAX_ADMIN_BODY_BYTES}")


def test_every_admin_call_needs_the_root_credential(gateway, acme):
    for key, status in (("", 401), ("wrong-credential", 401), (acme.key(), 403)):
        Admin(gateway.url("admin_http"), key)("GET", "/v1/tenants", status=status)


def test_a_price_from_its_creation_to_its_end(admin, acme):
    dollars = {"currencyCode": "USD", "units": "2", "nanos": 250000000}
    price = {"model": "gpt-4o*", "rates": {"input": dollars, "output": {"currencyCode": "USD", "units": "9"}}}
    made = admin("POST", f"/v1/{acme.name}/prices?price_id=gpt", price)
    assert made["rates"]["input"] == dollars
    changed = admin("PATCH", f"/v1/{made['name']}", {"rates": {"output": {"currencyCode": "USD", "units": "8"}}})
    assert (changed["rates"]["input"], changed["rates"]["output"]["units"]) == (dollars, "8")
    assert admin("GET", f"/v1/{acme.name}/prices")["prices"] == [changed]
    again = admin("POST", f"/v1/{acme.name}/prices?price_id=other", price, status=409)
    assert again["details"][0]["metadata"]["field"] == "price.model"
    admin("DELETE", f"/v1/{made['name']}")
    admin("GET", f"/v1/{made['name']}", status=404)
