"""Times, splits and faults, seen from a socket."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from tests.e2e.mock.calls import chat, outcome
from tests.wire.http1 import connect
from tollwayd.mock import Fault, MockProvider
from tollwayd.mock.reply import GARBAGE

STREAM = chat(stream=True)


@pytest.fixture
async def whole():
    """What a provider's first answer is without a fault."""

    async def answered(sent: bytes) -> bytes:
        async with MockProvider() as provider, connect((provider.host, provider.port)) as wire:
            await wire.send(sent)
            return (await wire.response()).body

    return answered


@pytest.mark.parametrize("kind", ["reset", "close"])
@pytest.mark.parametrize("sent", [chat(), STREAM], ids=["whole", "stream"])
@pytest.mark.parametrize("offset", [0, 1, 150, 10**6])
async def test_an_answer_breaks_off_at_a_byte(provider, whole, kind, sent, offset):
    provider.use({"rules": [{"answer": {"fault": {"kind": kind, "after_bytes": offset}}}]})
    broken = await outcome(provider, sent)
    assert broken.body == (await whole(sent))[:offset]
    assert broken.head.startswith(b"HTTP/1.1 200 OK")
    assert broken.end == {"reset": "reset", "close": "closed"}[kind]
    assert not broken.content.endswith(b"0\r\n\r\n"), "a stream that breaks off has no last chunk"


async def test_a_reset_comes_after_all_the_bytes_before_it_however_many(provider):
    provider.use({"rules": [{"answer": {"body": "x" * 10**7, "fault": {"kind": "reset", "after_bytes": 9_999_999}}}]})
    broken = await outcome(provider, chat())
    assert (len(broken.body), broken.end) == (9_999_999, "reset")


@pytest.mark.parametrize("kind", ["reset", "close"])
async def test_an_answer_breaks_off_after_an_event(provider, whole, kind):
    provider.use({"rules": [{"answer": {"fault": {"kind": kind, "after_events": 2}}}]})
    first, second, *_ = (await whole(STREAM)).split(b"\n\n")
    assert (await outcome(provider, STREAM)).body == first + b"\n\n" + second + b"\n\n"


@pytest.mark.parametrize(
    ("kind", "end", "content"),
    [
        ("reset", "reset", b""),
        ("close", "closed", b""),
        ("garbage", "closed", GARBAGE),
    ],
)
async def test_a_fault_without_a_place_comes_before_the_status_line(provider, kind, end, content):
    provider.use({"rules": [{"answer": {"fault": {"kind": kind}}}]})
    assert (await outcome(provider, STREAM))[:2] == (content, end)


async def test_a_fault_comes_after_its_latency(provider):
    provider.use({"rules": [{"answer": {"latency": 0.05, "fault": {"kind": "reset"}}}]})
    begun = time.monotonic()
    await outcome(provider, chat())
    assert time.monotonic() - begun >= 0.045


async def test_an_answer_stalls_until_the_client_leaves(provider, wire):
    provider.use({"rules": [{"answer": {"fault": {"kind": "stall", "after_events": 1}}}]})
    await wire.send(STREAM)
    assert (await wire.head()).status == 200
    assert b"assistant" in await wire.chunk()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wire.reader.read(1), 0.05)
    received = await provider.next_request()
    assert not received.answered.is_set()
    await wire.abort()
    await received.closed.wait()


@pytest.mark.parametrize("sent", [chat(), STREAM], ids=["whole", "stream"])
async def test_garbage_stands_in_a_body_that_is_well_framed(provider, wire, whole, sent):
    provider.use({"rules": [{"times": 1, "answer": {"fault": {"kind": "garbage", "after_bytes": 40}}}]})
    await wire.send(sent)
    body = await whole(sent)
    assert (await wire.response()).body == body[:40] + GARBAGE + body[40:]
    await wire.send(sent)
    assert len((await wire.response()).body) == len(body)


@pytest.mark.parametrize("place", [{}, {"after_bytes": 0}, {"after_events": 1}])
async def test_a_flood_ends_when_the_client_leaves(provider, wire, place):
    provider.use({"rules": [{"answer": {"fault": {"kind": "flood", **place}}}]})
    await wire.send(STREAM)
    await wire.reader.readexactly(1_000_000)
    await wire.abort()
    await (await provider.next_request()).closed.wait()


async def test_the_events_of_a_stream_keep_their_pace(provider, wire):
    provider.use({"rules": [{"answer": {"text": "four", "pace": 0.03}}]})
    begun = time.monotonic()
    await wire.send(STREAM)
    await wire.head()
    assert b"assistant" in await wire.chunk()
    assert not provider.requests[-1].answered.is_set()
    assert [b"four" in await wire.chunk() for _ in range(3)] == [True, False, False]
    assert time.monotonic() - begun >= 0.08


async def test_a_head_that_drips(provider, wire):
    provider.use({"rules": [{"answer": {"slow_headers": 0.3}}]})
    await wire.send(chat())
    begun = time.monotonic()
    assert await wire.reader.readexactly(1) == b"H"
    assert not provider.requests[-1].answered.is_set()
    while await wire.line():
        pass
    assert time.monotonic() - begun >= 0.25


@pytest.mark.parametrize("size", [1, 7])
async def test_a_body_in_small_writes(provider, wire, size):
    provider.use({"rules": [{"answer": {"text": "été", "split": size}}]})
    await wire.send(STREAM)
    response = await wire.response()
    assert max(map(len, response.chunks)) == size
    assert "été" in response.body.decode()
    await wire.send(chat())
    assert json.loads((await wire.response()).body)["choices"][0]["message"]["content"] == "été"


async def test_small_writes_arrive_one_by_one(provider):
    answer = {"body": "x" * 100, "split": 1, "fault": {"kind": "close", "after_bytes": 100}}
    provider.use({"rules": [{"answer": answer}]})
    assert (await outcome(provider, chat())).reads > 10


async def test_a_length_may_lie(provider):
    provider.use(
        {"rules": [{"answer": {"headers": {"content-length": 5}, "fault": {"kind": "close", "after_bytes": 9}}}]}
    )
    lied = await outcome(provider, STREAM)
    assert b"content-length: 5" in lied.head
    assert len(lied.body) == 9


async def test_a_stream_for_http_1_0_ends_with_its_connection(provider):
    whole = await outcome(provider, STREAM.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert b"transfer-encoding" not in whole.head
    assert whole.body.endswith(b"data: [DONE]\n\n")


async def test_a_provider_that_is_gone_refuses_and_comes_back_at_its_port():
    async with MockProvider() as other:
        url = other.url
    with pytest.raises(ConnectionRefusedError):
        await outcome(other, chat())
    async with other, connect((other.host, other.port)) as wire:
        assert other.url == url
        await wire.send(chat())
        assert (await wire.response()).status == 200


def test_a_fault_has_one_place():
    with pytest.raises(ValueError, match="one place"):
        Fault(kind="reset", after_bytes=1, after_events=1)
