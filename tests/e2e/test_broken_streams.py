"""A provider whose stream's events do not go together: its callers are told that in their own form."""

from __future__ import annotations

import asyncio
import json
from urllib.request import Request

import grpc
import pytest

from tests.running.gateway import send
from tests.unit.dialects.anthropic_recordings import frame
from tollway.proxy.v1 import conversation_pb2, inference_pb2, inference_pb2_grpc
from tollwayd.core.sse import parse, split

BROKEN = frame(
    [
        {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "message_stop"},
    ]
)
SAID = "The provider's answer cannot be read."


@pytest.fixture
def broken(provider):
    answer = {"body": BROKEN.decode(), "headers": {"content-type": "text/event-stream"}}
    provider.use({"rules": [{"answer": answer}]})


@pytest.mark.usefixtures("broken")
async def test_a_caller_of_another_dialect_gets_an_error_of_its_own(gateway, tenant):
    messages = [{"role": "user", "content": "Hello there!"}]
    body = json.dumps({"model": "claude", "messages": messages, "stream": True}).encode()
    headers = {"Authorization": f"Bearer {tenant.key()}", "Content-Type": "application/json"}
    request = Request(gateway.url("proxy_http") + "/v1/chat/completions", body, headers)
    status, answer = await asyncio.to_thread(send, request)
    *_, last = [event for raw in split(answer) if (event := parse(raw))]
    error = json.loads(last.data)["error"]
    assert (status, error["code"], error["message"]) == (200, "upstream_invalid", SAID)


@pytest.mark.usefixtures("broken")
async def test_a_typed_caller_gets_a_status(gateway, tenant):
    part = conversation_pb2.Part(text=conversation_pb2.Text(text="Hello there!"))
    message = conversation_pb2.Message(role=conversation_pb2.ROLE_USER, parts=[part])
    request = inference_pb2.GenerateRequest(model="claude", messages=[message])
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        stream = stub.StreamGenerate(request, metadata=(("authorization", f"Bearer {tenant.key()}"),))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in stream:
                pass
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNAVAILABLE, SAID)
