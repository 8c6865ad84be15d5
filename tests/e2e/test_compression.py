"""Compressed answers of a whole gateway: what SDKs read, and what is left as it is."""

from __future__ import annotations

import asyncio
import json

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.running.gateway import ADMIN_KEY, Gateway
from tests.wire.decoded import CODINGS, decoded
from tests.wire.http1 import connect, get, request

CHAT = "/v1/chat/completions"
LONG = [{"role": "user", "content": "All roads lead to Rome. " * 100}]
SLOW = {"rules": [{"answer": {"tokens": 1000, "pace": 0.02}}]}
FOR_ADMINS = f"authorization: Bearer {ADMIN_KEY}"


@pytest.fixture(scope="module")
def compressing(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("compressing"), proxy_compression="on") as running:
        yield running


@pytest.fixture
def key(compressing, provider):
    tenant = compressing.admin().tenant(openai=provider.url, anthropic=provider.url)
    tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
    tenant.model("claude", {"provider": "anthropic", "model": "claude-upstream"})
    return tenant.key()


@pytest.fixture
def openai(compressing, key):
    def client(coding: str) -> AsyncOpenAI:
        url, headers = compressing.url("proxy_http") + "/v1", {"Accept-Encoding": coding}
        return AsyncOpenAI(base_url=url, api_key=key, max_retries=0, default_headers=headers)

    return client


async def answer_of(gateway, listener, asked: bytes):
    host, _, port = gateway.addresses[listener].rpartition(":")
    async with connect((host, int(port))) as connection:
        await connection.send(asked)
        return await connection.response()


def chat(key: str, *headers: str) -> bytes:
    body = json.dumps({"model": "gpt", "messages": LONG}).encode()
    return request("POST", CHAT, f"authorization: Bearer {key}", *headers, body=body)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_the_openai_sdk_reads_whole_answers(openai, coding, model):
    async with openai(coding) as client:
        raw = await client.chat.completions.with_raw_response.create(model=model, messages=LONG)
        assert raw.headers["content-encoding"] == coding
        assert raw.parse().choices[0].message.content == LONG[0]["content"]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_the_openai_sdk_reads_streams_event_by_event(openai, provider, coding, model):
    provider.use(SLOW)  # All of it takes 20 s.
    async with openai(coding) as client, asyncio.timeout(10):
        stream = await client.chat.completions.create(model=model, messages=LONG, stream=True)
        assert stream.response.headers["content-encoding"] == coding
        events = aiter(stream)
        for _ in range(10):
            assert (await anext(events)).object == "chat.completion.chunk"


@pytest.mark.parametrize("coding", CODINGS)
async def test_the_anthropic_sdk_reads_streams(compressing, key, coding):
    url, headers = compressing.url("proxy_http"), {"Accept-Encoding": coding}
    async with (
        AsyncAnthropic(base_url=url, api_key=key, max_retries=0, default_headers=headers) as client,
        client.messages.stream(model="claude", max_tokens=900, messages=LONG) as stream,
    ):
        assert stream.response.headers["content-encoding"] == coding
        assert await stream.get_final_text() == LONG[0]["content"]


async def test_a_relayed_answer_is_the_providers_once_decoded(compressing, key):
    plain = await answer_of(compressing, "proxy_http", chat(key))
    answer = await answer_of(compressing, "proxy_http", chat(key, "accept-encoding: gzip"))
    told, same = json.loads(decoded("gzip", answer.body)), json.loads(plain.body)
    assert told.keys() == same.keys()
    assert told["choices"] == same["choices"]


async def test_the_proxy_compresses_nothing_unless_it_is_set(gateway, tenant):
    answer = await answer_of(gateway, "proxy_http", chat(tenant.key(), "accept-encoding: gzip"))
    assert answer.status == 200
    assert len(answer.body) > 2000
    assert not {"content-encoding", "vary"} & answer.headers.keys()


async def test_the_admin_api_compresses_all_but_new_secrets(gateway):
    tenant = gateway.admin().tenant()
    name = "x" * 63
    create = request(
        "POST",
        f"/v1/{tenant.name}/apiKeys?api_key_id=a",
        FOR_ADMINS,
        "accept-encoding: gzip",
        body=json.dumps({"displayName": name, "allowedModels": [f"{name}-{number}" for number in range(40)]}).encode(),
    )
    made = await answer_of(gateway, "admin_http", create)
    rotate = request("POST", f"/v1/{tenant.name}/apiKeys/a:rotate", FOR_ADMINS, "accept-encoding: gzip", body=b"{}")
    rotated = await answer_of(gateway, "admin_http", rotate)
    for answer in (made, rotated):
        assert json.loads(answer.body)["secret"].startswith("tw_")
        assert len(answer.body) > 2000
        assert answer.headers["cache-control"] == "no-store"
    listed = await answer_of(
        gateway, "admin_http", get(f"/v1/{tenant.name}/apiKeys", FOR_ADMINS, "accept-encoding: gzip")
    )
    assert listed.headers["content-encoding"] == "gzip"
    (key,) = json.loads(decoded("gzip", listed.body))["apiKeys"]
    assert key["secret"] == ""
    assert "cache-control" not in listed.headers
