"""The server behind the `grpcio` listener: calls that come while the event loop is busy."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import grpc
import pytest

from tests.wire.http2 import ACK, DATA, END_STREAM, HEADERS, PING, PREFACE, RESET, frame, head, message, setting
from tollwayd.rpc.listeners.grpcio_listener.server import ASKED_AT_ONCE, make_server

CALLS = range(1, 2 * ASKED_AT_ONCE, 2)
"""The streams of as many calls as are asked for."""

MANY_CALLS = range(1, 6 * ASKED_AT_ONCE, 2)


class Turns:
    """Counts the event loop's turns, and those in which calls of a server's began."""

    def __init__(self):
        self.begun = []
        self._now = 0
        self._next()

    def _next(self):
        self._now += 1
        asyncio.get_running_loop().call_soon(self._next)

    async def answer(self, *_):
        self.begun.append(self._now)
        return b""


@asynccontextmanager
async def served(answer):
    """A server whose every method is this, and a connection to it that blocks the event loop."""

    class Handlers(grpc.GenericRpcHandler):
        def service(self, _):
            return grpc.unary_unary_rpc_method_handler(answer)

    server = make_server(())
    server.add_generic_rpc_handlers((Handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(PREFACE + setting(4, 65535))
            yield server, connection.makefile("rwb")
    finally:
        await server.stop(None)


def send(connection, streams):
    """Sends calls, and returns when the server's threads have read them: they answer what is behind them."""
    for stream in streams:
        connection.write(head(b"/a/b", stream) + message(b"", stream, end=True))
    connection.write(frame(PING, 0, bytes(8), 0))
    connection.flush()
    while read(connection)[:2] != (PING, ACK):
        pass


def read(connection):
    """The next frame's type, flags and stream."""
    first = connection.read(9)
    assert len(first) == 9
    connection.read(int.from_bytes(first[:3]))
    return first[3], first[4], int.from_bytes(first[5:])


def read_ends(connection, streams):
    """Reads until all of these have ended; how many have an answer's message."""
    left, answered = set(streams), set()
    while left:
        kind, flags, stream = read(connection)
        if kind == DATA:
            answered.add(stream)
        if kind == RESET or (kind == HEADERS and flags & END_STREAM):
            left.discard(stream)
    return len(answered)


async def test_calls_that_have_come_begin_together():
    fewest = len(CALLS)
    for _ in range(5):  # A thread that has no core yet hands them over one by one.
        turns = Turns()
        async with served(turns.answer) as (_, connection):
            send(connection, CALLS)
            await asyncio.to_thread(read_ends, connection, CALLS)
        fewest = min(fewest, len(set(turns.begun)))
    assert fewest <= len(CALLS) / 4


async def test_more_calls_than_are_asked_for_are_all_answered():
    async with served(Turns().answer) as (_, connection):
        for first in 0, 1000, 2000:
            streams = range(first + 1, first + MANY_CALLS.stop, 2)
            send(connection, streams)
            assert await asyncio.to_thread(read_ends, connection, streams) == len(streams)


@pytest.mark.parametrize("turns", range(6))
async def test_no_call_waits_for_the_end_of_the_grace_when_the_server_stops(turns):
    async with served(Turns().answer) as (server, connection):
        send(connection, MANY_CALLS)
        for _ in range(turns):
            await asyncio.sleep(0)
        stopping = asyncio.ensure_future(server.stop(60))
        async with asyncio.timeout(10):
            await asyncio.to_thread(read_ends, connection, MANY_CALLS)
    await stopping
