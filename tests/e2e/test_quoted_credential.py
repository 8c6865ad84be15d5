"""A provider that quotes the gateway's credential under status 200 is not quoted to the caller."""

from __future__ import annotations

import asyncio
import json
from urllib.request import Request

import grpc
import pytest

from tests.running.gateway import DIALECTS, ROOT, send
from tollway.proxy.v1 import conversation_pb2, inference_pb2, inference_pb2_grpc
from tollwayd.core.sse import split

CREDENTIAL = "my.own.credential"
"""A key of a form that no pattern knows."""

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
SAID = f"Your key is {CREDENTIAL}, which pays for none of it."
ERRORS = {
    "openai": {"error": {"message": SAID, "code": "invalid_request_error", "param": CREDENTIAL}},
    "anthropic": {"type": "error", "error": {"type": "invalid_request_error", "message": SAID}},
}
USAGE = {
    "openai": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    "anthropic": {"input_tokens": 1, "output_tokens": 1},
}
ANSWERS = {
    "openai": {
        "id": "1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": SAID}, "finish_reason": "stop"}],
        "usage": USAGE["openai"],
    },
    "anthropic": {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": SAID}],
        "stop_reason": "end_turn",
        "usage": USAGE["anthropic"],
    },
}
GOLDEN = ROOT / "tests" / "golden"
BEGUN = {
    "openai": (GOLDEN / "openai_chat" / "streams" / "text.sse", 3),
    "anthropic": (GOLDEN / "anthropic_messages" / "streams" / "cut_at_the_limit.sse", 4),
}
"""A stream, and how many events of it come before the error."""


def event_of(dialect: str) -> bytes:
    name = b"event: error\n" if dialect == "anthropic" else b""
    return name + b"data: " + json.dumps(ERRORS[dialect]).encode() + b"\n\n"


def whole(dialect: str, _) -> dict:
    return {"body": json.dumps(ERRORS[dialect]), "headers": {"content-type": "application/json"}}


def metered(dialect: str, _) -> dict:
    """An error that names usage as answers do."""
    said = {**ERRORS[dialect], "usage": USAGE[dialect]}
    return {"body": json.dumps(said), "headers": {"content-type": "application/json"}}


def in_an_answer(dialect: str, _) -> dict:
    return {"body": json.dumps(ANSWERS[dialect]), "headers": {"content-type": "application/json"}}


def at_once(dialect: str, _) -> dict:
    return {"body": event_of(dialect).decode(), "headers": {"content-type": "text/event-stream"}}


def in_the_middle(dialect: str, _) -> dict:
    path, events = BEGUN[dialect]
    body = b"".join([*split(path.read_bytes())][:events]) + event_of(dialect)
    return {"body": body.decode(), "headers": {"content-type": "text/event-stream"}}


def by_events(dialect: str, folder) -> dict:
    """The error in an event that comes alone, when the caller has had some already."""
    recording = folder / "answer.sse"
    recording.write_text(in_the_middle(dialect, folder)["body"])
    return {"recording": str(recording), "pace": 0.01}


@pytest.fixture(params=PATHS)
async def asked(request, gateway, provider):
    """A provider of each dialect: its dialect, and the key of a tenant whose model `m` it answers."""
    dialect, path = DIALECTS[request.param]
    tenant = await asyncio.to_thread(gateway.admin().tenant)
    made = {"dialect": dialect, "baseUrl": provider.url + path, "credential": {"apiKey": CREDENTIAL}}
    tenant.admin("POST", f"/v1/{tenant.name}/providers?provider_id=first", made)
    tenant.model("m", {"provider": "first", "model": "one"})
    return request.param, tenant.key()


@pytest.mark.parametrize("answer", [whole, metered, in_an_answer, at_once, in_the_middle, by_events])
@pytest.mark.parametrize("caller", PATHS)
async def test_a_credential_within_an_error_is_masked(gateway, provider, asked, caller, answer, tmp_path):
    dialect, key = asked
    provider.use({"rules": [{"answer": answer(dialect, tmp_path)}]})
    streams = answer not in {whole, metered, in_an_answer}
    messages = [{"role": "user", "content": "Hello there!"}]
    body = json.dumps({"model": "m", "messages": messages, "max_tokens": 64, "stream": streams}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    _, given = await asyncio.to_thread(send, Request(gateway.url("proxy_http") + PATHS[caller], body, headers))
    assert CREDENTIAL.encode() not in given
    # Of a whole answer Anthropic's dialect knows no error: to other callers it is an answer that cannot be read.
    told = streams or answer is in_an_answer or dialect in {caller, "openai"}
    assert (b"Your key is ***, which" in given) is told, given


HELLO = inference_pb2.GenerateRequest(
    model="m",
    messages=[
        conversation_pb2.Message(
            role=conversation_pb2.ROLE_USER,
            parts=[conversation_pb2.Part(text=conversation_pb2.Text(text="Hello there!"))],
        )
    ],
)


@pytest.mark.parametrize("answer", [at_once, in_the_middle, by_events])
async def test_a_credential_within_an_error_is_masked_for_typed_callers(gateway, provider, asked, answer, tmp_path):
    dialect, key = asked
    provider.use({"rules": [{"answer": answer(dialect, tmp_path)}]})
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        stream = stub.StreamGenerate(HELLO, metadata=(("authorization", f"Bearer {key}"),))
        with pytest.raises(grpc.aio.AioRpcError, match=r"Your key is \*\*\*, which") as caught:
            async for _ in stream:
                pass
    assert CREDENTIAL not in repr(caught.value) + repr(caught.value.trailing_metadata())


@pytest.mark.parametrize("answer", [whole, metered])
async def test_a_whole_answer_that_is_an_error_is_masked_for_typed_callers(gateway, provider, asked, answer):
    dialect, key = asked
    provider.use({"rules": [{"answer": answer(dialect, None)}]})
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Generate(HELLO, metadata=(("authorization", f"Bearer {key}"),))
    assert CREDENTIAL not in repr(caught.value) + repr(caught.value.trailing_metadata())


async def test_a_whole_answer_is_masked_for_typed_callers(gateway, provider, asked):
    dialect, key = asked
    provider.use({"rules": [{"answer": in_an_answer(dialect, None)}]})
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        answer = await stub.Generate(HELLO, metadata=(("authorization", f"Bearer {key}"),))
    assert "Your key is ***, which" in str(answer)
