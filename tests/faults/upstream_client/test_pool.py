from __future__ import annotations

import asyncio
import gc

import pytest

from tests.faults.upstream_client.scripted import OK, Peer, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream.limits import Limits
from tollwayd.upstream.parser import AnswerParser


@pytest.mark.parametrize("way", ["close", "reset"])
async def test_a_request_that_meets_a_closing_connection_is_sent_again_on_a_new_one(start, client, ask, way) -> None:
    bodies = []

    async def script(peer: Peer) -> None:
        bodies.append((peer.number, (await peer.answer())[1]))
        bodies.append((peer.number, (await peer.request())[1]))
        if peer.number == 1:
            if way == "reset":
                peer.reset()
            return
        await peer.send(OK)
        await peer.left()

    provider = await start(script)
    await (await ask(client, provider.origin, b"first")).read()
    # The new connection gets this request as its first, and answers it.
    assert await (await ask(client, provider.origin, b"second")).read() == b"hello"
    assert bodies == [(1, b"first"), (1, b"second"), (2, b"second")]


async def test_it_is_sent_again_once_and_not_for_ever(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        if peer.number == 1:
            await peer.answer()
        await peer.request()

    provider = await start(script)
    await (await ask(client, provider.origin)).read()
    with pytest.raises(TollwayError) as caught:
        await ask(client, provider.origin)
    assert caught.value.reason == Reason.REASON_UPSTREAM_UNREACHABLE
    assert provider.connections == 2


async def test_a_request_on_a_new_connection_is_never_sent_again(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()

    provider = await start(script)
    with pytest.raises(TollwayError) as caught:
        await ask(client, provider.origin)
    assert caught.value.reason == Reason.REASON_UPSTREAM_UNREACHABLE
    assert provider.connections == 1


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 200 OK\r\nx:", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_a_request_whose_answer_has_begun_is_never_sent_again(start, client, ask, begun) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()
        await peer.answer(begun)

    provider = await start(script)
    await (await ask(client, provider.origin)).read()
    with pytest.raises(TollwayError) as caught:
        await ask(client, provider.origin)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED
    assert provider.connections == 1


async def test_a_provider_that_dies_at_work_is_not_sent_the_request_again(start, new_client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()
        await peer.request()

    client = new_client(limits=Limits(stale_seconds=0))
    provider = await start(script)
    await (await ask(client, provider.origin)).read()
    with pytest.raises(TollwayError) as caught:
        await ask(client, provider.origin)
    assert caught.value.reason == Reason.REASON_UPSTREAM_UNREACHABLE
    assert provider.connections == 1


@pytest.mark.parametrize("end", ["close", "reset", "connection: close", "unasked", "unasked at once"])
async def test_a_connection_that_may_be_bad_is_never_used_again(start, client, ask, end) -> None:
    requests = []

    async def script(peer: Peer) -> None:
        extra = b"connection: close\r\n" if end == "connection: close" else b""
        trailing = OK if end == "unasked at once" else b""
        requests.append(await peer.answer(b"HTTP/1.1 200 OK\r\n" + extra + OK[17:] + trailing))
        await read.wait()
        if end == "reset":
            peer.reset()
        elif end == "unasked":
            # An answer for the next caller, whoever that may be.
            await peer.send(OK.replace(b"hello", b"evil!"))
        if end != "close":
            await peer.left()

    provider = await start(script)
    for number in (1, 2):
        read = asyncio.Event()
        assert await (await ask(client, provider.origin)).read() == b"hello"
        read.set()
        await until(lambda: client.open_connections == 0)
        assert provider.connections == len(requests) == number


async def answers(peer: Peer) -> None:
    while True:
        await peer.answer()


async def test_a_connection_is_not_kept_longer_than_the_limit_says(start, new_client, ask) -> None:
    client = new_client(limits=Limits(idle_seconds=0.05, idle_connections_in_all=1))
    provider = await start(answers)
    for _ in range(2):  # What has gone leaves its place to the next.
        await (await ask(client, provider.origin)).read()
        assert client.open_connections == 1
        await until(lambda: client.open_connections == 0)
    assert provider.connections == 2
    assert not client._pool._idle


async def test_the_sweep_spares_what_was_used_since(start, new_client, ask) -> None:
    client = new_client(limits=Limits(idle_seconds=0.1))
    provider = await start(answers)
    first, second = await asyncio.gather(ask(client, provider.origin), ask(client, provider.origin))
    await asyncio.gather(first.read(), second.read())
    assert client.open_connections == 2
    while client.open_connections == 2:
        await (await ask(client, provider.origin)).read()
    # Last in, first out: one connection did all the work, and the other grew old.
    assert client.open_connections == 1
    assert provider.connections == 2


async def test_no_more_connections_are_kept_than_the_limits_say(start, new_client, ask) -> None:
    one, two = await start(answers), await start(answers)
    client = new_client(limits=Limits(idle_connections=2, idle_connections_in_all=3))
    for provider in (one, two):
        responses = await asyncio.gather(*(ask(client, provider.origin) for _ in range(4)))
        await asyncio.gather(*(response.read() for response in responses))
    await until(lambda: client.open_connections == 3)
    assert [len(idle) for idle in client._pool._idle.values()] == [2, 1]


async def test_an_old_connection_is_not_kept(start, new_client, ask) -> None:
    client = new_client(limits=Limits(connection_age=0))
    provider = await start(answers)
    for _ in range(2):
        assert await (await ask(client, provider.origin)).read() == b"hello"
        await until(lambda: client.open_connections == 0)
    assert provider.connections == 2


async def test_connections_are_not_shared_between_origins(start, client, ask) -> None:
    seen = []

    def script(name):
        async def run(peer: Peer) -> None:
            while True:
                seen.append((name, (await peer.answer())[1]))

        return run

    one, two = await start(script("one")), await start(script("two"))
    for text, provider in ((b"1", one), (b"2", two), (b"3", one), (b"4", two)):
        await (await ask(client, provider.origin, text)).read()
    assert seen == [("one", b"1"), ("two", b"2"), ("one", b"3"), ("two", b"4")]


async def test_a_connection_that_is_gone_is_freed_without_a_collection(start, client, ask) -> None:
    """Its parser has tables and buffers of C, and a provider may close each connection behind one answer."""

    async def script(peer: Peer) -> None:
        await peer.answer()

    gc.disable()
    others = set(_parsers())
    try:
        provider = await start(script)
        for _ in range(3):
            await (await ask(client, provider.origin)).read()
            await until(lambda: client.open_connections == 0)
        assert provider.connections == 3
        assert others.issuperset(_parsers())
    finally:
        gc.enable()


def _parsers() -> list[AnswerParser]:
    return [each for each in gc.get_objects() if isinstance(each, AnswerParser)]
