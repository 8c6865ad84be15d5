"""Streams whose answer is complete, whatever becomes of the connection that brought it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from urllib.request import Request

import grpc
import pytest

from tests.e2e.metering.test_settlement import body_of, post
from tests.running.gateway import ROOT, send
from tollway.proxy.v1 import conversation_pb2, inference_pb2, inference_pb2_grpc
from tollwayd.core.sse import parse, split

GOLDEN = ROOT / "tests" / "golden"
RECORDINGS = {
    "gpt": GOLDEN / "openai_chat" / "streams" / "text.sse",
    "claude": GOLDEN / "anthropic_messages" / "streams" / "thinking_and_tools.sse",
}
HELLO = [{"role": "user", "content": "Hello there!"}]
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
FAULTS = ["close", "reset", "stall"]


def faulty(model: str, kind: str) -> dict:
    """A script: all of the model's recording, and then a fault in place of the body's end."""
    answer = {"recording": str(RECORDINGS[model]), "fault": {"kind": kind, "after_bytes": 1_000_000}}
    return {"rules": [{"answer": answer}]}


async def events(gateway, key: str, caller: str, **fields) -> list[bytes]:
    """The data of the events that a caller gets."""
    body = json.dumps({"messages": HELLO, "max_tokens": 64, "stream": True, **fields}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    status, answer = await asyncio.to_thread(send, Request(gateway.url("proxy_http") + PATHS[caller], body, headers))
    assert status == 200, answer
    return [event.data for raw in split(answer) if (event := parse(raw))]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("model", RECORDINGS)
@pytest.mark.parametrize("caller", PATHS)
async def test_a_complete_answer_outlives_its_connection(gateway, tenant, provider, caller, model, kind):
    provider.use(faulty(model, kind))
    began = time.monotonic()
    *_, last = await events(gateway, tenant.key(), caller, model=model)
    assert time.monotonic() - began < 5
    assert last == b"[DONE]" if caller == "openai" else json.loads(last)["type"] == "message_stop"


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("model", RECORDINGS)
async def test_a_complete_answer_is_no_error_to_a_typed_caller(gateway, tenant, provider, model, kind):
    provider.use(faulty(model, kind))
    part = conversation_pb2.Part(text=conversation_pb2.Text(text="Hello there!"))
    message = conversation_pb2.Message(role=conversation_pb2.ROLE_USER, parts=[part])
    request = inference_pb2.GenerateRequest(model=model, messages=[message])
    metadata = (("authorization", f"Bearer {tenant.key()}"),)
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stream = inference_pb2_grpc.InferenceServiceStub(channel).StreamGenerate(request, metadata=metadata)
        answer = [event async for event in stream]
    assert [event for event in answer if event.HasField("finished")]


async def test_a_finished_answer_without_its_mark_of_the_end_is_complete(gateway, tenant, provider):
    said = await events(gateway, tenant.key(), "openai", model="gpt")
    # The provider is asked for usage, which stands between the end and its mark: all but those two come.
    fault = {"kind": "reset", "after_events": len(said) - 1}
    provider.use({"rules": [{"answer": {"text": "Hello there!", "fault": fault}}]})
    *_, last = await events(gateway, tenant.key(), "openai", model="gpt")
    assert json.loads(last)["choices"][0]["finish_reason"] == "stop"


LATE = {
    "openai": b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":100000}}\n\n',
    "anthropic": b'data: {"type":"message_delta","delta":{},"usage":{"output_tokens":100000}}\n\n',
}
TOLD = {
    "openai": (GOLDEN / "openai_chat" / "streams" / "text.sse", b"[DONE]"),
    "anthropic": (GOLDEN / "anthropic_messages" / "streams" / "cut_at_the_limit.sse", b'"message_stop"'),
}


@pytest.mark.parametrize("dialect", LATE)
async def test_what_a_provider_says_behind_the_end_has_no_part_in_the_answer(gateway, dialect):
    recording, end = TOLD[dialect]
    first, *others = split(recording.read_bytes())
    begun, ended = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + first)
        await begun.wait()
        writer.writelines(others)
        await ended.wait()
        writer.write(LATE[dialect])
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        tenant = gateway.admin().tenant(**{dialect: f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        tenant.model("m", {"provider": dialect, "model": "upstream"})
        reader, writer = await post(gateway.addresses["proxy_http"], PATHS[dialect], tenant.key(), body_of("m", "Hi"))
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"data: ")
            begun.set()
            await reader.readuntil(end)
            ended.set()
            await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    call = re.search(rb"x-request-id: (\w+)", head)[1].decode()
    assert 0 < gateway.line_of(call)["output_tokens"] < 100_000


async def test_a_connection_whose_answer_ended_well_serves_again(gateway, tenant, provider):
    key = tenant.key()
    provider.use({"rules": [{"answer": {"text": "Hello there!", "pace": 0.01}}]})
    for _ in range(3):
        await events(gateway, key, "openai", model="gpt")
    assert len({request.connection for request in provider.requests}) == 1
