"""Bad input on the proxy's REST port: one clear 4xx in the path's own dialect, nothing echoed, the process unharmed."""

from __future__ import annotations

import json
from urllib.request import Request

import pytest

from tests.running.gateway import Gateway, send

CANARY = "canary-5d1f"
OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A gateway that takes bodies of 64 KiB at most."""
    with Gateway(tmp_path_factory.mktemp("small"), max_body_bytes=str(64 * 1024)) as running:
        yield running


@pytest.fixture(scope="module")
def key(small):
    return small.admin().tenant().key()


def call(gateway, key: str, path: str, body: bytes, *, method: str = "POST", content_type: str = "application/json"):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": content_type}
    return send(Request(gateway.url("proxy_http") + path, body, headers, method=method))


DEEP = b'{"model":"' + CANARY.encode() + b'","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

CASES = {
    "not JSON": (b'{"model": "' + CANARY.encode(), 400),
    "an array": (b'["' + CANARY.encode() + b'"]', 400),
    "no model": (b'{"messages":[]}', 400),
    "model of another type": (b'{"model":{"' + CANARY.encode() + b'":1}}', 400),
    "an empty body": (b"", 400),
    "not UTF-8": (b'{"model":"\xff\xfe"}', 400),
    "unknown model": (b'{"model":"none","x":"' + CANARY.encode() + b'"}', 404),
    "too large": (b'{"model":"' + CANARY.encode() * 10_000 + b'"}', 413),
    "a second spelling of model": (b'{"model":"gpt","Model":"' + CANARY.encode() + b'"}', 400),
}


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize("name", CASES)
def test_a_bad_body(small, key, path, name):
    body, expected = CASES[name]
    status, answer = call(small, key, path, body)
    assert status == expected, answer
    assert CANARY.encode() not in answer
    error = json.loads(answer)["error"]
    assert error["message"]
    assert (json.loads(answer).get("type") == "error") == (path == ANTHROPIC)


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC])
def test_json_a_hundred_thousand_deep(gateway, path):
    status, answer = call(gateway, gateway.admin().tenant().key(), path, DEEP)
    assert status == 400
    assert "deep" in json.loads(answer)["error"]["message"]


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC])
def test_a_wrong_method(small, key, path):
    status, answer = call(small, key, path, b"{}", method="PUT")
    assert status == 405
    assert "error" in json.loads(answer)


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC])
def test_a_wrong_content_type(small, key, path):
    status, answer = call(small, key, path, b"<x/>", content_type="text/xml")
    assert status == 415
    assert "application/json" in json.loads(answer)["error"]["message"]


def test_a_typed_call_with_bad_json_names_the_field(small, key):
    status, answer = call(small, key, "/v1/inference:generate", b'{"model":"gpt","messages":[{"role":7.5}]}')
    assert status == 400
    assert json.loads(answer)["details"][0]["domain"] == "tollway.dev"
