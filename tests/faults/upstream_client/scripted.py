"""A provider that does on its sockets exactly what a test tells it to."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from tollwayd.core.origin import Origin

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello"
STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

PATIENCE = 5.0
"""Seconds after which a test that waits for an event has failed."""


class Peer:
    """One connection, seen from the provider's side. `number` counts them from 1."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> tuple[bytes, bytes]:
        """Reads one request: its head and its body. IncompleteReadError when the client leaves."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = [line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
        return head, await self.reader.readexactly(int(length[0][16:]) if length else 0)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, data: bytes = OK) -> tuple[bytes, bytes]:
        """Reads one request and answers it."""
        request = await self.request()
        await self.send(data)
        return request

    def reset(self) -> None:
        """Sends RST: what a crash, a firewall or an impatient load balancer does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def left(self) -> float:
        """Waits until the client is gone; the `time.monotonic()` of it."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        return time.monotonic()


class Provider:
    """A listening provider. `connections` counts what it accepted."""

    def __init__(self) -> None:
        self.connections = 0
        self.origin = Origin("http", "127.0.0.1", 0)


@asynccontextmanager
async def provider(
    script: Callable[[Peer], Awaitable[None]], *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Provider]:
    """Runs `script` for each connection and closes the connection after it; an error in it fails the test."""
    state = Provider()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        peer = Peer(state.connections, reader, writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await script(peer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    state.origin = Origin("https" if tls else "http", host, port)
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert not failures, failures


async def until(condition: Callable[[], bool]) -> None:
    """Lets the event loop run until a condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- what is waited for has no event of its own.
            await asyncio.sleep(0)
