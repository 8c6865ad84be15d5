"""A proxy on loopback that harms what passes through it: each fault is a small object put on one of its directions."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class CutError(Exception):
    """A fault's wish to reset the connection."""


class Fault(Protocol):
    """What happens to bytes in one direction. It may change, delay or drop them, or raise CutError."""

    async def __call__(self, chunk: bytes) -> bytes:
        """The bytes to pass on."""
        ...


class SwallowReply:
    """Loses the next reply: the server has done its work, the client learns nothing. All later replies pass.

    With `hold` the connection stays open, so that the client has to run into its timeout; else it is reset.
    """

    def __init__(self, *, hold: bool = False) -> None:
        self._hold = hold
        self.swallowed = b""

    async def __call__(self, chunk: bytes) -> bytes:
        if self.swallowed:
            return chunk
        self.swallowed = chunk
        if self._hold:
            await asyncio.Event().wait()
        raise CutError


class Proxy:
    """Forwards connections at a port of 127.0.0.1 to wherever `connect` leads. `async with` opens and closes it.

    `on_request` and `on_reply` hold the faults of the two directions, for old and new connections alike.
    """

    def __init__(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._pairs: set[asyncio.Task[None]] = set()
        self.port = 0
        self.on_request: Fault | None = None
        self.on_reply: Fault | None = None

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._pairs)

    async def up(self) -> None:
        """Listens (again), at the same port every time."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuses new connections and resets the open ones."""
        assert self._server
        self._server.close()
        for pair in self._pairs:
            pair.cancel()
        await asyncio.gather(*self._pairs, return_exceptions=True)
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = asyncio.create_task(self._forward(reader, writer))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far: asyncio.StreamWriter | None = None
        try:
            answers, far = await self._connect()
            with suppress(CutError, OSError):
                await _first_of(self._pump(reader, far, "on_request"), self._pump(answers, writer, "on_reply"))
        finally:
            writer.transport.abort()
            if far:
                far.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: str) -> None:
        while chunk := await source.read(65536):
            fault: Fault | None = getattr(self, direction)
            sink.write(await fault(chunk) if fault else chunk)
            await sink.drain()


async def _first_of(*pumps: Awaitable[None]) -> None:
    # Either end leaving ends both directions.
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
