"""One client's connection, down to its last byte.

A server library would mend what this one must be able to break: lengths, framing, the end itself. So the mock writes
its answers to the transport.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from typing import TYPE_CHECKING, Final, cast

from tollwayd.mock.request_reader import BadRequestError, RequestReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tollwayd.mock.journal import Received

    Serve = Callable[[Received, "Connection"], Awaitable[None]]

MAX_PIPELINED = 64
"""Requests that a client may send before it has had their answers; no SDK sends any ahead."""

# A socket that lingers for no time is reset by close(), and what the other end has not received is lost: socket(7).
_RESET_BY_CLOSE = struct.pack("ii", 1, 0)

_ASK_AGAIN_SECONDS = 0.001


class Connection(asyncio.Protocol):
    """Has each request of a client served in turn, until the client leaves or an answer ends the connection."""

    def __init__(self, number: int, serve: Serve, connections: set[Connection]) -> None:
        self._serve = serve
        self._connections = connections
        self._reader = RequestReader(number, self._received, self._expected)
        self._waiting: Final[asyncio.Queue[Received]] = asyncio.Queue(MAX_PIPELINED)
        self._current: Received | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    async def write(self, content: bytes) -> None:
        """Sends bytes, and returns when there is room for more."""
        self._transport.write(content)
        await self._writable.wait()

    def close(self) -> None:
        """Ends the connection in good order, whatever the client still waits for."""
        self._current = None
        self._transport.close()

    def drop(self) -> None:
        """Ends the connection at once; what the kernel has not taken yet is lost."""
        self._current = None
        self._transport.abort()

    async def reset(self) -> None:
        """Breaks the connection: the client gets all that was written, and then RST."""
        connected = self._transport.get_extra_info("socket")
        while self._transport.get_write_buffer_size() or _unreceived(connected):  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_BY_CLOSE)
        self.drop()

    async def stall(self) -> None:
        """Does nothing for as long as the client stays."""
        await asyncio.get_running_loop().create_future()

    async def ended(self) -> None:
        """Waits until nothing of the connection is left."""
        await asyncio.wait([self._task])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client is there."""
        # uvloop's transports are asyncio's by behaviour alone.
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve_in_turn())

    def connection_lost(self, _exc: Exception | None) -> None:
        """asyncio: one of the two ends has closed."""
        if self._current:
            self._current.leave()
        self._connections.discard(self)
        self._task.cancel()

    def pause_writing(self) -> None:
        """asyncio: too much is waiting to be sent."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """asyncio: there is room again."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes of the client."""
        try:
            self._reader.feed(data)
        except BadRequestError as error:
            self._transport.write(b"HTTP/1.1 %d \r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % error.status)
            self.close()

    async def _serve_in_turn(self) -> None:
        while True:
            self._current = received = await self._waiting.get()
            await self._serve(received, self)
            self._current = None
            received.answered.set()
            if not received.keeps_alive:
                self._transport.close()

    def _received(self, received: Received) -> None:
        if self._waiting.full():
            raise BadRequestError(429)
        self._waiting.put_nowait(received)

    def _expected(self) -> None:
        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _unreceived(connected: socket.socket) -> int:
    """The bytes that the client's kernel has not acknowledged: tcp(7), SIOCOUTQ. Other systems do not tell."""
    if sys.platform != "linux":
        return 0
    (count,) = struct.unpack("i", fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, b"\0" * 4))
    return int(count)
