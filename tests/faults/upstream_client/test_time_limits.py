from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.faults.upstream_client.scripted import STREAM, Peer, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream.egress import EgressRules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LIMIT = 0.15
SLACK = 0.1


@contextmanager
def times_out(limit: str) -> Iterator[None]:
    """What it frames fails by the time limit of this name, no earlier than LIMIT and at most SLACK later."""
    began = time.monotonic()
    with pytest.raises(TollwayError, match=rf"\({limit} timeout\)") as caught:
        yield
    took = time.monotonic() - began
    assert caught.value.reason == Reason.REASON_UPSTREAM_TIMEOUT
    assert caught.value.metadata == {"timeout": limit}
    assert LIMIT - 0.01 < took < LIMIT + SLACK


async def silent(peer: Peer) -> None:
    await peer.left()


async def test_connect_bounds_the_name_lookup(new_client, ask, start) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    client = new_client(EgressRules(resolve=resolve))
    origin = (await start(silent)).origin._replace(host="slow.example.com")
    with times_out("connect"):
        await ask(client, origin, connect=LIMIT)


async def test_connect_bounds_the_tls_handshake(start, client, ask) -> None:
    provider = await start(silent)
    with times_out("connect"):
        await ask(client, provider.origin._replace(scheme="https"), connect=LIMIT)
    await until(lambda: client.open_connections == 0)


async def test_an_address_that_hangs_leaves_time_for_the_next(start, new_client, ask) -> None:
    async def script(peer: Peer) -> None:
        if peer.number == 1:
            await peer.left()
        await peer.answer()

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1", "127.0.0.1"]

    # The handshake with the first never ends; the second is reached in time to fail otherwise than by it.
    client = new_client(EgressRules(["127.0.0.0/8"], resolve=resolve))
    provider = await start(script)
    with pytest.raises(TollwayError) as caught:
        await ask(client, provider.origin._replace(scheme="https", host="two.example.com"), connect=2 * LIMIT)
    assert provider.connections == 2
    assert caught.value.reason in {Reason.REASON_UPSTREAM_UNREACHABLE, Reason.REASON_UPSTREAM_TIMEOUT}


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
async def test_first_byte_bounds_the_wait_for_the_head(start, client, ask, begun: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(begun)
        await peer.left()
        left.set()

    left = asyncio.Event()
    provider = await start(script)
    with times_out("first_byte"):
        await ask(client, provider.origin, first_byte=LIMIT)
    async with asyncio.timeout(SLACK):
        await left.wait()
    # A connection with an answer still to come must not serve another caller.
    assert client._pool.take(provider.origin) is None


async def test_first_byte_bounds_a_provider_that_does_not_read(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await over.wait()

    over = asyncio.Event()
    with times_out("first_byte"):
        await ask(client, (await start(script)).origin, bytes(32_000_000), first_byte=LIMIT)
    over.set()


async def test_idle_bounds_the_wait_between_two_pieces(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM + b"5\r\nhello\r\n")
        await peer.left()
        left.set()

    left = asyncio.Event()
    response = await ask(client, (await start(script)).origin, idle=LIMIT)
    with times_out("idle"):
        assert await anext(response) == b"hello"
        await anext(response)
    async with asyncio.timeout(SLACK):
        await left.wait()


async def test_idle_bounds_the_wait_for_the_first_piece_too(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM)
        await peer.left()

    response = await ask(client, (await start(script)).origin, idle=LIMIT)
    with times_out("idle"):
        await response.read()


async def test_idle_begins_again_with_each_piece(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM)
        for _ in range(8):
            await asyncio.sleep(LIMIT / 3)
            await peer.send(b"1\r\nx\r\n")
        await peer.send(b"0\r\n\r\n")
        await peer.left()

    response = await ask(client, (await start(script)).origin, idle=LIMIT)
    assert await response.read() == b"x" * 8


async def test_a_slow_reader_is_no_idle_provider(start, client, ask) -> None:
    size = 32_000_000

    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + bytes(size))
        await peer.left()

    response = await ask(client, (await start(script)).origin, idle=LIMIT)
    await asyncio.sleep(2 * LIMIT)  # The time that a caller with a slow network takes.
    assert len(await response.read()) == size


async def test_total_bounds_an_answer_that_goes_on(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM)
        while True:
            await peer.send(b"1\r\nx\r\n")
            await asyncio.sleep(0.01)

    provider = await start(script)
    with times_out("total"):
        await (await ask(client, provider.origin, total=LIMIT)).read()
    await until(lambda: client.open_connections == 0)


async def test_total_bounds_a_slow_reader(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM)
        while True:
            await peer.send(b"10000\r\n" + bytes(65536) + b"\r\n")

    provider = await start(script)
    response = await ask(client, provider.origin, total=LIMIT)
    await until(lambda: client.open_connections == 0)
    assert await anext(response)
    with pytest.raises(TollwayError, match=r"\(total timeout\)"):
        await anext(response)


@pytest.mark.parametrize("limits", [{"total": LIMIT}, {"total": LIMIT, "connect": LIMIT / 2}])
async def test_total_bounds_everything_before_the_head_too(start, client, ask, limits) -> None:
    provider = await start(silent)
    with times_out("total"):
        await ask(client, provider.origin, **limits)


async def test_total_bounds_the_connection(new_client, start, ask) -> None:
    provider = await start(silent)
    with times_out("total"):
        await ask(new_client(), provider.origin._replace(scheme="https"), total=LIMIT)
