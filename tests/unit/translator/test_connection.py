"""A connection's end: what is unsent when it closes does not hold it open for ever."""

from __future__ import annotations

import asyncio

import pytest

from tollwayd.translator.connection import Connections


class Transport(asyncio.Transport):
    """A transport whose client takes nothing: it closes when all is sent, which is never."""

    def __init__(self, unsent: int) -> None:
        super().__init__()
        self.unsent = unsent
        self.closed = False
        self.cut = asyncio.Event()

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.cut.set()


async def never(_: object) -> bool:
    return await asyncio.get_running_loop().create_future()


@pytest.fixture
async def connection():
    return Connections(never, access_log=None, head_seconds=9, linger_seconds=9, unsent_seconds=0.01)()


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
