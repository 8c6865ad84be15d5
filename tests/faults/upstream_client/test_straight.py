"""Bytes that go straight on while their reader waits, and those that cannot."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.upstream_client.scripted import STREAM, Peer, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.proxy.engine import Blocks

END = b"0\r\n\r\n"
EVENT = b'data: {"choices": [{"delta": {"content": "Hello"}}]}\n\n'


def piece(text: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text)


class Sink:
    """Takes what comes until it is told not to. `awaited` is set once somebody waits for what it does not take."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.open = True
        self.awaited = asyncio.Event()

    def __call__(self, data: bytes) -> bool:
        self.got.append(data)
        return self.open


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def begun(start, client, ask, sink):
    """`await begun(script)` gives an answer that goes straight to the sink, and the task that reads its next piece; the
    script runs once that waits."""

    async def begin(script, **limits):
        async def whole(peer: Peer) -> None:
            await peer.answer(STREAM + piece(b"first"))
            await sink.awaited.wait()
            await script(peer)

        response = await ask(client, (await start(whole)).origin, **limits)
        assert await anext(response) == b"first"
        response.straight = sink
        reading = asyncio.ensure_future(anext(response, b"end"))
        await asyncio.sleep(0)
        sink.awaited.set()
        return response, reading

    return begin


async def test_pieces_go_straight_and_wake_nobody(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        for number in range(100):
            await peer.send(piece(b"%d " % number))
            await until(lambda: len(sink.got) > number)  # noqa: B023 - it is called within the turn.
        await peer.send(END)

    _, reading = await begun(script)
    assert await reading == b"end"
    assert sink.got == [b"%d " % number for number in range(100)]


async def test_a_piece_that_calls_for_the_reader_wakes_it_and_later_ones_wait_for_it(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(piece(b"stop"))
        await until(lambda: sink.got)
        await peer.send(piece(b"later") + END)

    sink.open = False
    response, reading = await begun(script)
    assert await reading == b""
    await until(lambda: response._connection is None)
    assert [one async for one in response] == [b"later"]
    assert sink.got == [b"stop"]


async def test_what_comes_in_the_turn_that_calls_for_the_reader_comes_after_it(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        for _ in range(10):  # The system's buffers become so wide that uvloop reads more than once in a turn.
            sink.got.clear()
            await peer.send(piece(large))
            await until(lambda: sum(map(len, sink.got)) == len(large))
        sink.open = False
        sink.got.clear()
        await peer.send(piece(large) + END)

    large = b"".join(b"%07d\n" % number for number in range(200_000))
    response, reading = await begun(script)
    assert await reading == b""
    response.straight = None
    assert b"".join(sink.got + [one async for one in response]) == large


async def test_what_comes_while_nobody_waits_is_kept_and_comes_before_what_goes_straight(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(piece(b"stop"))
        await until(lambda: sink.got)
        await peer.send(piece(b"kept"))
        await waits_again.wait()
        await peer.send(piece(b"straight"))
        await until(lambda: len(sink.got) > 1)
        await peer.send(END)

    sink.open, waits_again = False, asyncio.Event()
    response, reading = await begun(script)
    assert await reading == b""
    await until(lambda: response._pieces)
    sink.open = True
    assert await anext(response) == b"kept"
    reading = asyncio.ensure_future(anext(response, b"end"))
    await asyncio.sleep(0)
    waits_again.set()
    assert await reading == b"end"
    assert sink.got == [b"stop", b"straight"]


async def test_the_end_comes_to_the_reader_with_all_that_came_with_it(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(piece(b"last") + END)

    response, reading = await begun(script)
    assert await reading == b"last"
    assert sink.got == []
    assert response.straight is None, "or the two hold each other"


async def test_the_break_of_an_answer_reaches_the_reader(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(piece(b"on the way"))
        await until(lambda: sink.got)

    response, reading = await begun(script)
    with pytest.raises(TollwayError) as caught:
        await reading
    assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED
    assert sink.got == [b"on the way"]
    assert response.straight is None


async def test_a_reader_that_leaves_closes_the_answer(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(piece(b"on the way"))
        await peer.left()
        left.set()

    left = asyncio.Event()
    _, reading = await begun(script)
    await until(lambda: sink.got)
    reading.cancel()
    async with asyncio.timeout(5):
        await left.wait()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_pieces_that_go_straight_keep_the_answer_from_being_idle(begun, sink) -> None:
    async def script(peer: Peer) -> None:
        for _ in range(15):
            await asyncio.sleep(0.05)
            await peer.send(piece(b"more"))
        await peer.left()

    _, reading = await begun(script, idle=0.6)
    with pytest.raises(TollwayError) as caught:
        await reading
    assert caught.value.reason == Reason.REASON_UPSTREAM_TIMEOUT
    assert sink.got == [b"more"] * 15


async def test_a_streamed_answer_that_ends_too_early_is_not_held_by_its_reader(start, client, ask, sink) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM + piece(EVENT) + END)

    response = await ask(client, (await start(script)).origin)
    await until(lambda: not response.under_way)
    blocks = Blocks(None, response)
    blocks.straight = sink
    assert [block async for block in blocks] == [EVENT]
    assert response.straight is None
