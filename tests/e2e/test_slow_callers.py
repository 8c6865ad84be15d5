"""A caller that reads slowly: the provider is slowed down too, and all of the answer arrives, once and in order."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager, suppress

import pytest

from tests.e2e.metering.test_settlement import PATHS, body_of, post

MOST = 64 * 1024 * 1024
"""Bytes that no buffers on the way hold."""

STALL_SECONDS = 0.5
TEXT = "x" * 4000
OPENAI = (
    [{"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}],
    lambda text: {"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]},
    [{"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}],
)
ANTHROPIC = (
    [
        {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ],
    lambda text: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
    [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}],
)


def event(data: dict) -> bytes:
    name = f"event: {data['type']}\n" if "type" in data else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


class Eager:
    """A provider that sends numbered events, one by one, for as long as somebody takes them."""

    def __init__(self) -> None:
        self.sent = 0
        self.stalled = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
        begin, delta, end = OPENAI if b"/chat/completions" in head else ANTHROPIC
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        writer.writelines(map(event, begin))
        while not self.stalled.is_set() and self.sent * len(TEXT) < MOST:
            writer.write(event(delta(f" #{self.sent} {TEXT}")))
            self.sent += 1
            draining = asyncio.ensure_future(writer.drain())
            if not (await asyncio.wait((draining,), timeout=STALL_SECONDS))[0]:
                self.stalled.set()
            await draining
        writer.writelines(map(event, end))
        writer.close()


@asynccontextmanager
async def eager():
    provider = Eager()
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    try:
        yield provider, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 5)


@pytest.mark.parametrize("caller", ["openai", "anthropic"])
@pytest.mark.parametrize("model", ["openai", "anthropic"])
async def test_a_slow_caller_slows_the_provider_and_gets_everything(gateway, caller, model):
    async with eager() as (provider, url):
        tenant = gateway.admin().tenant(**{model: url})
        tenant.model("m", {"provider": model, "model": "upstream"})
        body = body_of("m", "Hi")
        reader, writer = await post(gateway.addresses["proxy_http"], PATHS[caller], tenant.key(), body)
        await asyncio.wait_for(provider.stalled.wait(), 20)
        answer = bytearray()
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            some = await asyncio.wait_for(reader.read(1 << 20), 20)
            assert some
            answer += some
        writer.close()
    numbers = [int(number) for number in re.findall(rb" #(\d+) ", answer)]
    assert numbers == list(range(provider.sent))
    assert b"error" not in answer
