"""The end of a drain: calls that outlast it are told why they end, in the form that each caller reads."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack

import anthropic
import grpc
import openai
import pytest
from anthropic import AsyncAnthropic
from google.rpc import error_details_pb2, status_pb2
from openai import AsyncOpenAI

from tests.apis.listeners import PAIRS
from tests.running.gateway import Gateway
from tollway.proxy.v1 import conversation_pb2, inference_pb2, inference_pb2_grpc
from tollwayd.mock import MockProvider

HELLO = [{"role": "user", "content": "Hello there!"}]
SLOW = {"rules": [{"answer": {"tokens": 400, "pace": 0.05}}]}
TYPED_HELLO = inference_pb2.GenerateRequest(
    model="gpt",
    messages=[
        conversation_pb2.Message(
            role=conversation_pb2.ROLE_USER,
            parts=[conversation_pb2.Part(text=conversation_pb2.Text(text="Hello there!"))],
        )
    ],
)


@pytest.mark.parametrize(("listener", "grpc_listener"), PAIRS.items())
async def test_streams_that_outlast_the_drain_are_told_why_they_end(tmp_path, listener, grpc_listener):
    async with MockProvider(SLOW) as provider, AsyncExitStack() as stack:
        settings = {"proxy_listener": listener, "proxy_grpc_listener": grpc_listener}
        gateway = stack.enter_context(Gateway(tmp_path, drain_seconds="1.2", **settings))
        tenant = await asyncio.to_thread(gateway.admin().tenant, openai=provider.url)
        tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
        url, secret = gateway.url("proxy_http"), tenant.key()
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]))
        clients = AsyncOpenAI(base_url=f"{url}/v1", api_key=secret), AsyncAnthropic(base_url=url, api_key=secret)
        chat = await clients[0].chat.completions.create(model="gpt", messages=HELLO, stream=True)
        message = await clients[1].messages.create(model="gpt", max_tokens=9, messages=HELLO, stream=True)
        typed = inference_pb2_grpc.InferenceServiceStub(channel).StreamGenerate(
            TYPED_HELLO, metadata=[("authorization", f"Bearer {secret}")]
        )
        for stream in (chat, message, typed):
            await anext(aiter(stream))
        gateway.process.send_signal(signal.SIGTERM)
        with pytest.raises(openai.APIError, match="shutting down"):
            [chunk async for chunk in chat]
        with pytest.raises(anthropic.APIError, match="shutting down"):
            [event async for event in message]
        with pytest.raises(grpc.aio.AioRpcError) as cut:
            [event async for event in typed]
    assert cut.value.code() == grpc.StatusCode.UNAVAILABLE
    assert reason_of(cut.value) == "SHUTTING_DOWN"
    ends = [line["outcome"] for line in map(json.loads, gateway.log) if line.get("stream")]
    assert ends == ["SHUTTING_DOWN"] * 3


def reason_of(error: grpc.aio.AioRpcError) -> str:
    (status,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(status).details[0].Unpack(info)
    return info.reason
