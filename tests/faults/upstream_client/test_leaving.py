from __future__ import annotations

import asyncio
import hashlib
import time

import pytest

from tests.faults.upstream_client.scripted import OK, STREAM, Peer, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream.limits import Limits

AT_ONCE = 0.1
"""Seconds within which a provider has to see that its client has left."""

ONE_READ = 256 * 1024
"""How much an event loop reads from a socket at once."""


class Watched:
    """A script that answers with `start` and notes when its client leaves."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.asked = asyncio.Event()
        self.left: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def __call__(self, peer: Peer) -> None:
        if self._start:
            await peer.answer(self._start)
        self.asked.set()
        self.left.set_result(await peer.left())

    async def seconds_to_leave(self, since: float) -> float:
        async with asyncio.timeout(5):
            return await self.left - since


@pytest.mark.parametrize(
    ("start_of_answer", "waits_in"),
    [
        (b"", "send"),
        (b"HTTP/1.1 200 OK\r\nx-half: ", "send"),
        (STREAM, "read"),
        (STREAM + b"5\r\nhello\r\n", "read"),
        (STREAM, "anext"),
    ],
)
async def test_a_cancelled_caller_leaves_the_provider_at_once(start, client, ask, start_of_answer, waits_in) -> None:
    async def call() -> None:
        response = await ask(client, provider.origin)
        waiting.set()
        await (response.read() if waits_in == "read" else anext(response))

    script, waiting = Watched(start_of_answer), asyncio.Event()
    provider = await start(script)
    task = asyncio.ensure_future(call())
    await (script.asked if waits_in == "send" else waiting).wait()
    await asyncio.sleep(0)
    task.cancel()
    since = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await script.seconds_to_leave(since) < AT_ONCE
    await until(lambda: client.open_connections == 0)


async def test_a_caller_cancelled_in_a_handshake_leaves_at_once(start, client, ask) -> None:
    script = Watched(b"")
    provider = await start(script)
    task = asyncio.ensure_future(ask(client, provider.origin._replace(scheme="https")))
    await script.asked.wait()
    task.cancel()
    since = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await script.seconds_to_leave(since) < AT_ONCE


async def test_a_caller_cancelled_in_sending_leaves_at_once(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await go_on.wait()
        peer.writer.transport.resume_reading()
        left.set_result(await peer.left())

    go_on, left = asyncio.Event(), asyncio.get_running_loop().create_future()
    provider = await start(script)
    task = asyncio.ensure_future(ask(client, provider.origin, bytes(64_000_000)))
    await until(lambda: client.open_connections == 1 and not next(iter(client._pool._open))._writable)
    # What the socket does not take stays in the request: no second copy of it fills up in the transport.
    assert next(iter(client._pool._open))._transport.get_write_buffer_size() <= 2 * ONE_READ
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    assert await left
    assert client.open_connections == 0


async def test_an_answer_closed_half_read_leaves_the_provider_at_once(start, client, ask) -> None:
    script = Watched(STREAM + b"5\r\nhello\r\n")
    response = await ask(client, (await start(script)).origin)
    assert await anext(response) == b"hello"
    response.close()
    since = time.monotonic()
    assert await script.seconds_to_leave(since) < AT_ONCE
    response.close()
    with pytest.raises(TollwayError) as caught:
        await anext(response)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED


async def test_closing_wakes_the_task_that_reads(start, client, ask) -> None:
    response = await ask(client, (await start(Watched(STREAM))).origin)
    reading = asyncio.ensure_future(response.read())
    await asyncio.sleep(0)
    response.close()
    with pytest.raises(TollwayError) as caught:
        await reading
    assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED


async def test_an_answer_closed_after_its_end_keeps_the_connection(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.answer(OK)

    provider = await start(script)
    for _ in range(3):
        response = await ask(client, provider.origin)
        await response.read()
        response.close()
    assert provider.connections == client.open_connections == 1


async def test_an_answer_closed_unread_does_not_pass_for_an_empty_one(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(OK)
        await peer.left()

    response = await ask(client, (await start(script)).origin)
    response.close()
    with pytest.raises(TollwayError):
        await response.read()


async def test_a_slow_reader_slows_the_provider_down(start, new_client, ask) -> None:
    size, buffered = 50_000_000, 128 * 1024
    body = hashlib.sha256(b"seed").digest() * (size // 32)
    whole = hashlib.sha256()

    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
        for at in range(0, len(body), ONE_READ):
            await peer.send(body[at : at + ONE_READ])
        await peer.left()

    client = new_client(limits=Limits(buffered_bytes=buffered))
    response = await ask(client, (await start(script)).origin)
    largest = 0
    async for piece in response:
        whole.update(piece)
        largest = max(largest, len(piece))
        for _ in range(20):  # Each turn of the loop is one in which the provider could send.
            await asyncio.sleep(0)
    assert whole.digest() == hashlib.sha256(body).digest()
    assert buffered < largest <= buffered + ONE_READ
    assert client.open_connections == 1


@pytest.mark.parametrize("turns", range(12))
async def test_a_caller_who_leaves_while_a_connection_is_made_leaves_none_behind(start, client, ask, turns) -> None:
    provider = await start(Watched(b""))
    task = asyncio.ensure_future(ask(client, provider.origin))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await client.close()
    assert client.open_connections == 0
