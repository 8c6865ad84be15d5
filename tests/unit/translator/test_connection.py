"""A connection's end and its turns: what is unsent when it closes does not hold it open for ever, and a client that
sends much leaves time to the others.
"""

from __future__ import annotations

import asyncio

import pytest

from tollwayd.translator.limits import Timeouts
from tollwayd.translator.listeners.aiohttp_listener.connections import Connections
from tollwayd.translator.listeners.lean.connection import Connection
from tollwayd.translator.listeners.lean.listener import LeanListener

QUICK = Timeouts(head=9, stalled_answer=0.01)


class Transport(asyncio.Transport):
    """A transport whose client takes nothing: it closes when all is sent, which is never."""

    def __init__(self, unsent: int) -> None:
        super().__init__()
        self.unsent = unsent
        self.closed = False
        self.reading = True
        self.cut = asyncio.Event()

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def write(self, data: bytes) -> None:
        pass

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.cut.set()


async def never(_: object) -> bool:
    return await asyncio.get_running_loop().create_future()


def aiohttp_connection(answer):
    return Connections(answer, 1, timeouts=QUICK, access_log=None)()


def lean_connection(answer):
    return Connection(LeanListener(answer, QUICK, 1, None), asyncio.get_running_loop())


@pytest.fixture(params=[aiohttp_connection, lean_connection])
def made(request):
    return request.param


@pytest.fixture
async def connection(made):
    return made(never)


@pytest.mark.parametrize("unsent", [1, 0])
async def test_a_client_that_takes_nothing_is_cut_after_the_close(connection, unsent):
    transport = Transport(unsent)
    connection.connection_made(transport)
    connection.force_close()
    assert transport.closed
    if unsent:
        await asyncio.wait_for(transport.cut.wait(), 5)
    connection.connection_lost(None)
    assert transport.cut.is_set() == bool(unsent)


async def test_between_pipelined_requests_others_have_their_turn(made):
    turns, answered, all_answered = [0], [], asyncio.Event()

    async def answer(_: object) -> bool:
        answered.append(turns[0])
        if len(answered) == 100:
            all_answered.set()
        return True

    async def another() -> None:
        while not all_answered.is_set():
            turns[0] += 1
            await asyncio.sleep(0)

    connection = made(answer)
    connection.connection_made(Transport(0))
    connection.data_received(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n" * 100)
    await asyncio.wait_for(another(), 5)
    connection.connection_lost(None)
    assert len(set(answered)) == 100


async def test_a_client_that_sends_much_waits_for_its_next_turn(connection):
    transport = Transport(0)
    connection.connection_made(transport)
    connection.data_received(b"\r\n" * 1000)
    assert transport.reading
    connection.data_received(b"\r\n" * 50_000)
    assert not transport.reading
    await asyncio.sleep(0)
    assert transport.reading
    connection.connection_lost(None)
