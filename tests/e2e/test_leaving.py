"""A client that leaves closes the connection to the provider within 100 ms, over both doors; so does its deadline."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress

import grpc
import pytest

from tests.apis import listeners
from tests.e2e.test_grpc import hello
from tollway.proxy.v1 import inference_pb2_grpc

gateway = listeners.gateway

SECONDS = 0.1
SLOW = {"rules": [{"answer": {"tokens": 1000, "pace": 0.01}}]}
SILENT = {"rules": [{"answer": {"latency": 60}}]}


async def post(
    gateway, tenant, *, stream: bool, headers: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    body = json.dumps({"model": "gpt", "stream": stream, "messages": [{"role": "user", "content": "Hi"}]})
    host, _, port = gateway.addresses["proxy_http"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {tenant.key()}\r\n{headers}"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
    )
    return reader, writer


async def left_within(received) -> float:
    begun = time.monotonic()
    await asyncio.wait_for(received.closed.wait(), 5)
    return time.monotonic() - begun


async def test_a_rest_client_leaves_in_the_middle_of_a_stream(gateway, tenant, provider):
    provider.use(SLOW)
    reader, writer = await post(gateway, tenant, stream=True)
    await reader.readuntil(b"data: ")
    received = await provider.next_request()
    writer.transport.abort()
    assert await left_within(received) < SECONDS


async def test_a_rest_client_leaves_before_the_first_byte(gateway, tenant, provider):
    provider.use(SILENT)
    _, writer = await post(gateway, tenant, stream=False)
    received = await provider.next_request()
    writer.transport.abort()
    assert await left_within(received) < SECONDS


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_grpc_client_cancels_in_the_middle_of_a_stream(gateway, tenant, provider, model):
    provider.use(SLOW)
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        call = inference_pb2_grpc.InferenceServiceStub(channel).StreamGenerate(
            hello(model), metadata=(("x-api-key", tenant.key()),)
        )
        await call.read()
        received = await provider.next_request()
        call.cancel()
        assert await left_within(received) < SECONDS
        with suppress(asyncio.CancelledError):
            await call.read()


async def test_a_deadline_reaches_the_provider_over_rest(gateway, tenant, provider):
    provider.use(SILENT)
    reader, writer = await post(gateway, tenant, stream=False, headers="grpc-timeout: 300m\r\n")
    received = await provider.next_request()
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 504 ")
    assert await left_within(received) < SECONDS
    writer.close()


async def test_a_deadline_reaches_the_provider_over_grpc(gateway, tenant, provider):
    provider.use(SILENT)
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await inference_pb2_grpc.InferenceServiceStub(channel).Generate(
                hello("gpt"), metadata=(("x-api-key", tenant.key()),), timeout=0.3
            )
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert await left_within(await provider.next_request()) < SECONDS
