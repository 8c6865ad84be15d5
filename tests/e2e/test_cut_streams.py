"""Streams whose HTTP body ends well in the middle of an event, or right after one that lacks its blank line.

The scripted provider declares a length that lies, and closes there: to HTTP nothing is missing.
"""

from __future__ import annotations

import asyncio
import json
from urllib.request import Request

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.running.gateway import ROOT, send
from tollwayd.core.sse import parse, split

GOLDEN = ROOT / "tests" / "golden"
RECORDINGS = {
    "gpt": GOLDEN / "openai_chat" / "streams" / "text.sse",
    "claude": GOLDEN / "anthropic_messages" / "streams" / "thinking_and_tools.sse",
}
HELLO = [{"role": "user", "content": "Hello there!"}]
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}


def cut(model: str, length: int) -> dict:
    """A script: the model's recording, of which so many bytes come."""
    fault = {"kind": "close", "after_bytes": length}
    answer = {"recording": str(RECORDINGS[model]), "headers": {"content-length": length}, "fault": fault}
    return {"rules": [{"answer": answer}]}


def within(model: str) -> list[int]:
    """Places within an event: in the first one's data, in a field's name, and before the very last byte."""
    stream = RECORDINGS[model].read_bytes().rstrip(b"\r\n")
    return [stream.index(b"data: ") + 20, stream.rindex(b"data: ") + 2, len(stream) - 1]


CUTS = [(model, place) for model in RECORDINGS for place in within(model)]


@pytest.fixture
async def ask_openai(gateway, tenant):
    """Streams an answer through the SDK: all chunks."""
    async with AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=tenant.key(), max_retries=0) as client:

        async def ask(model: str) -> list:
            stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
            return [chunk async for chunk in stream]

        yield ask


@pytest.fixture
async def ask_anthropic(gateway, tenant):
    """Streams an answer through the SDK: the final message."""
    async with AsyncAnthropic(base_url=gateway.url("proxy_http"), api_key=tenant.key(), max_retries=0) as client:

        async def ask(model: str) -> anthropic.types.Message:
            async with client.messages.stream(model=model, max_tokens=64, messages=HELLO) as stream:
                return await stream.get_final_message()

        yield ask


@pytest.mark.parametrize(("model", "place"), CUTS)
async def test_a_stream_cut_within_an_event_is_an_error_in_both_sdks(ask_openai, ask_anthropic, provider, model, place):
    provider.use(cut(model, place))
    with pytest.raises(openai.APIError, match="broke off"):
        await ask_openai(model)
    with pytest.raises(anthropic.APIError, match="broke off"):
        await ask_anthropic(model)


@pytest.mark.parametrize("model", RECORDINGS)
async def test_a_last_event_without_its_blank_line_counts(ask_openai, ask_anthropic, provider, model):
    stream = RECORDINGS[model].read_bytes()
    provider.use(cut(model, len(stream)))
    chunks, message = await ask_openai(model), await ask_anthropic(model)
    provider.use(cut(model, len(stream.rstrip(b"\r\n"))))
    assert [chunk.choices for chunk in await ask_openai(model)] == [chunk.choices for chunk in chunks]
    assert (await ask_anthropic(model)).content == message.content


async def ended(gateway, tenant, provider, caller: str, model: str, length: int) -> list[bytes]:
    """The raw events that a caller gets of so many bytes."""
    provider.use(cut(model, length))
    body = json.dumps({"model": model, "messages": HELLO, "max_tokens": 64, "stream": True}).encode()
    headers = {"Authorization": f"Bearer {tenant.key()}", "Content-Type": "application/json"}
    status, answer = await asyncio.to_thread(send, Request(gateway.url("proxy_http") + PATHS[caller], body, headers))
    assert status == 200
    return list(split(answer))


@pytest.mark.parametrize("caller", PATHS)
@pytest.mark.parametrize("model", RECORDINGS)
async def test_no_byte_of_a_cut_event_reaches_the_caller(gateway, tenant, provider, caller, model):
    place = within(model)[-1]
    *before, error = await ended(gateway, tenant, provider, caller, model, place)
    message = json.loads(parse(error).data)["error"]["message"]
    assert message == "The provider's answer broke off before its end."
    told = await ended(gateway, tenant, provider, caller, model, RECORDINGS[model].stat().st_size)
    assert len(before) < len(told)
    assert [kind(raw) for raw in before] == [kind(raw) for raw in told[: len(before)]]


def kind(raw: bytes) -> list[str]:
    """An event without what differs from answer to answer."""
    event = parse(raw)
    return [event.name, *json.loads(event.data)]
