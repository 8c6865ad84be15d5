"""The proxy over WebSockets, as a page in a browser reaches it: its key as a subprotocol, its requests as messages."""

from __future__ import annotations

import json

import aiohttp
import pytest

from tests.apis import listeners

gateway = listeners.gateway

SLOW = {"rules": [{"answer": {"tokens": 1000, "pace": 0.02}}]}
ASKED = {"model": "gpt", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
async def client(gateway):
    async with aiohttp.ClientSession(f"http://{gateway.addresses['proxy_http']}") as client:
        yield client


async def test_a_raw_stream_is_the_same_bytes_in_frames(client, tenant):
    headers = {"authorization": f"Bearer {tenant.key()}", "content-type": "application/json"}
    body = json.dumps({**ASKED, "stream": True, "stream_options": {"include_usage": True}}).encode()
    async with client.post("/v1/chat/completions", data=body, headers=headers) as response:
        over_http = await response.read()
    async with client.ws_connect("/v1/chat/completions", protocols=("bearer", tenant.key())) as socket:
        await socket.send_bytes(body)
        over_socket = b"".join([each.data async for each in socket])
        assert socket.close_code == 1000
    assert texts(over_socket) == texts(over_http) != []
    assert over_socket.endswith(b"data: [DONE]\n\n")


def texts(events: bytes) -> list:
    """What the chunks of a stream say, without their ids and times."""
    lines = [line.removeprefix(b"data: ") for line in events.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line)["choices"] for line in lines]


async def test_a_canonical_stream_is_messages(client, tenant):
    async with client.ws_connect("/v1/inference:streamGenerate", protocols=("bearer", tenant.key())) as socket:
        await socket.send_json(
            {"model": "gpt", "messages": [{"role": "ROLE_USER", "parts": [{"text": {"text": "Hi"}}]}]}
        )
        answers = [json.loads(each.data) async for each in socket]
        assert socket.close_code == 1000
    assert all(answer.keys() == {"result"} for answer in answers)
    assert len(answers) > 1


async def test_a_call_is_logged_and_refused_as_any_other(gateway, client, tenant):
    gateway.log.clear()
    async with client.ws_connect("/v1/inference:generate", protocols=("bearer", tenant.key())) as socket:
        await socket.send_json({"model": "none", "messages": []})
        (answer,) = [json.loads(each.data) async for each in socket]
        assert socket.close_code == 1008
    line = gateway.logged("/Generate")
    assert (line["outcome"], line["tenant"]) == (answer["error"]["details"][0]["reason"], tenant.name)


@pytest.mark.parametrize("protocols", [(), ("bearer", "tw_other")])
async def test_without_a_key_nothing_is_switched(client, protocols):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect("/v1/chat/completions", protocols=protocols)
    assert refused.value.status == 401


async def test_a_page_that_is_left_leaves_no_provider_working(client, tenant, provider):
    provider.use(SLOW)
    async with client.ws_connect("/v1/chat/completions", protocols=("bearer", tenant.key())) as socket:
        await socket.send_bytes(json.dumps({**ASKED, "stream": True}).encode())
        await socket.receive_bytes()
        await socket.close()
    received = await provider.next_request()
    await received.closed.wait()
