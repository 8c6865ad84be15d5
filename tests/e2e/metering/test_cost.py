"""What callers are told that a call used and cost, to the nano-dollar, on every path."""

from __future__ import annotations

import asyncio
import json
from urllib.request import Request, urlopen

import grpc
import pytest

from tests.e2e.metering.conftest import SAID
from tests.e2e.test_grpc import hello
from tollway.proxy.v1 import inference_pb2_grpc

HELLO = [{"role": "user", "content": "Hello there!"}]
PATHS = {"gpt": "/v1/chat/completions", "claude": "/v1/messages"}

# (701 * 2.5 + 300 * 1.25 + 21 * 10) dollars for 1,000,000: exact in nano-dollars.
COST = "0.0023375"
USED = {
    "gpt": "input=701, cache-read=300, output=16, reasoning=5",
    "claude": "input=701, cache-read=300, output=21",  # It does not count its thoughts apart.
}


def post(gateway, key: str, path: str, **fields):
    body = json.dumps({"max_tokens": 64, "messages": HELLO, **fields}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urlopen(Request(gateway.url("proxy_http") + path, body, headers), timeout=30) as answer:
        return answer.headers, answer.read()


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("model", PATHS)
async def test_a_whole_answers_headers_say_what_it_cost(gateway, priced, provider, path, model):
    provider.use(SAID)
    headers, _ = await asyncio.to_thread(post, gateway, priced.key(), path, model=model)
    assert headers["x-tollway-cost"] == COST
    assert headers["x-tollway-usage"] == USED[model]


async def test_without_a_price_nothing_is_said_of_one(gateway, tenant, provider):
    tenant.provider("openai", provider.url, provider_id="own")
    tenant.model("own", {"provider": "own", "model": "nobody-knows"})
    provider.use(SAID)
    headers, _ = await asyncio.to_thread(post, gateway, tenant.key(), PATHS["gpt"], model="own")
    assert headers["x-tollway-cost"] is None
    assert headers["x-tollway-usage"] == USED["gpt"]


async def test_the_typed_answer_says_what_it_cost(gateway, priced, provider):
    provider.use(SAID)
    body = {"model": "gpt", "messages": [{"role": "ROLE_USER", "parts": [{"text": {"text": "Hello"}}]}]}
    _, answer = await asyncio.to_thread(post, gateway, priced.key(), "/v1/inference:generate", **body, max_tokens=None)
    assert json.loads(answer)["cost"] == {"currencyCode": "USD", "nanos": 2_337_500}


@pytest.fixture
async def stub(gateway):
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        yield inference_pb2_grpc.InferenceServiceStub(channel)


@pytest.mark.parametrize("model", PATHS)
async def test_grpc_trailers_say_what_a_call_cost(stub, priced, provider, model):
    provider.use(SAID)
    key = (("x-api-key", priced.key()),)
    whole = stub.Generate(hello(model), metadata=key)
    assert (await whole).cost.nanos == 2_337_500
    assert dict(await whole.trailing_metadata())["x-tollway-cost"] == COST
    stream = stub.StreamGenerate(hello(model), metadata=key)
    events = [event async for event in stream]
    assert events[-1].cost.nanos == 2_337_500
    trailers = dict(await stream.trailing_metadata())
    assert (trailers["x-tollway-cost"], trailers["x-tollway-usage"]) == (COST, USED[model])


async def test_a_streams_trailers_say_what_it_cost_to_clients_that_read_them(gateway, priced, provider):
    provider.use(SAID)
    body = json.dumps({"model": "gpt", "messages": HELLO, "stream": True}).encode()
    host, _, port = gateway.addresses["proxy_http"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: close\r\n"
        b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n%b" % (priced.key().encode(), len(body), body)
    )
    answer = await reader.read()
    writer.close()
    assert answer.rpartition(b"0\r\n")[2].split(b"\r\n")[1] == f"grpc-trailer-x-tollway-cost: {COST}".encode()


async def test_a_providers_refusal_costs_nothing(gateway, priced, provider):
    provider.use({"rules": [{"answer": {"status": 400, "error": "No."}}]})

    def refused():
        try:
            post(gateway, priced.key(), PATHS["gpt"], model="gpt")
        except Exception as error:  # noqa: BLE001
            return error.code, error.headers["x-tollway-cost"]

    assert await asyncio.to_thread(refused) == (400, "0")
