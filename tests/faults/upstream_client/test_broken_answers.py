from __future__ import annotations

import asyncio
import socket
import traceback

import pytest

from tests.faults.upstream_client.conftest import CANARY
from tests.faults.upstream_client.scripted import OK, STREAM, Peer, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.origin import Origin
from tollwayd.upstream.egress import EgressRules

ANSWERS = {
    "length": (OK, b"hello"),
    "chunks": (STREAM + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
}


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("kind", ANSWERS)
async def test_an_answer_cut_anywhere_is_never_a_success(start, client, ask, kind: str, way: str) -> None:
    answer, whole = ANSWERS[kind]

    async def script(peer: Peer) -> None:
        await peer.answer(answer[: peer.number - 1])
        if way == "reset":
            peer.reset()

    provider = await start(script)
    for cut in range(len(answer)):
        pieces: list[bytes] = []
        with pytest.raises(TollwayError) as caught:
            await collect(ask(client, provider.origin), pieces)
        lost_at_once = Reason.REASON_UPSTREAM_UNREACHABLE
        # A reset may overtake the bytes before it.
        allowed = {Reason.REASON_UPSTREAM_INTERRUPTED} if cut else {lost_at_once}
        assert caught.value.reason in (allowed | {lost_at_once} if way == "reset" else allowed)
        assert whole.startswith(b"".join(pieces))
        assert provider.connections == cut + 1
    await until(lambda: client.open_connections == 0)


async def test_a_reset_is_no_end_of_an_answer_that_ends_with_its_connection(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.0 200 OK\r\n\r\nhello")
        await go_on.wait()
        peer.reset()

    go_on = asyncio.Event()
    response = await ask(client, (await start(script)).origin)
    assert await anext(response) == b"hello"
    go_on.set()
    with pytest.raises(TollwayError) as caught:
        await anext(response)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED


async def test_what_came_before_the_break_is_delivered_first(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM + b"5\r\nhello\r\n")

    response = await ask(client, (await start(script)).origin)
    await until(lambda: client.open_connections == 0)
    assert await anext(response) == b"hello"
    for _ in range(2):
        with pytest.raises(TollwayError) as caught:
            await anext(response)
        assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Bad gateway</html>",
        b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
    ids=["html", "switching", "gzip", "many-fields", "large-field"],
)
async def test_an_unreadable_head_ends_the_call_and_the_connection(start, client, ask, answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(answer)
        await peer.left()

    with pytest.raises(TollwayError) as caught:
        await ask(client, (await start(script)).origin)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID
    await until(lambda: client.open_connections == 0)


async def test_an_unreadable_body_ends_the_answer(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM + b"5\r\nhello\r\n")
        await read.wait()
        await peer.send(b"no chunk\r\n")
        await peer.left()

    read = asyncio.Event()
    response = await ask(client, (await start(script)).origin)
    assert await anext(response) == b"hello"
    read.set()
    with pytest.raises(TollwayError) as caught:
        await anext(response)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID
    await until(lambda: client.open_connections == 0)


@pytest.mark.parametrize(("size", "fits"), [(999, True), (1000, True), (1001, False), (10_000_000, False)])
async def test_a_body_has_a_size(start, client, ask, size: int, fits: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + bytes(size))
        await peer.left()

    response = await ask(client, (await start(script)).origin)
    if fits:
        assert await response.read(1000) == bytes(size)
        return
    with pytest.raises(TollwayError, match="larger") as caught:
        await response.read(1000)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


async def test_an_endless_body_is_cut_at_its_limit(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM)
        while True:
            await peer.send(b"10000\r\n" + bytes(65536) + b"\r\n")

    response = await ask(client, (await start(script)).origin)
    with pytest.raises(TollwayError, match="larger"):
        await response.read(1_000_000)
    await until(lambda: client.open_connections == 0)


async def test_nobody_listens(client, ask, new_client) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        await fails(ask(client, Origin("http", "127.0.0.1", port)), "No connection")
    await fails(
        ask(new_client(EgressRules(resolve=nowhere)), Origin("http", "api.example.com", 80)), "does not resolve"
    )


@pytest.mark.parametrize("end", ["close", "reset", "garbage", "timeout"])
async def test_no_error_holds_the_credential(start, client, ask, end: str) -> None:
    async def script(peer: Peer) -> None:
        head, _ = await peer.request()
        assert CANARY.encode() in head
        if end == "garbage":
            await peer.send(head)
        if end == "reset":
            peer.reset()
        if end != "close":
            await peer.left()

    with pytest.raises(TollwayError) as caught:
        await ask(client, (await start(script)).origin, first_byte=0.05)
    error = caught.value
    assert CANARY not in "".join(traceback.format_exception(error)) + repr(error) + repr(error.metadata)


async def collect(sending, pieces: list[bytes]) -> None:
    async for piece in await sending:
        pieces.append(piece)  # noqa: PERF401 -- a comprehension would lose what came before an error.


async def nowhere(host: str, port: int) -> list[str]:
    raise socket.gaierror("canary text of the resolver")


async def fails(sending, text: str) -> None:
    with pytest.raises(TollwayError, match=text) as caught:
        await sending
    assert caught.value.reason == Reason.REASON_UPSTREAM_UNREACHABLE
    assert "canary" not in caught.value.message
