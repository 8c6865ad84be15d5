"""A call's messages: cut out of its frames, kept until somebody reads them, and no more of them than that takes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.listeners.lean.frames import FIRST_WINDOW, WINDOW_UPDATE, Code, ConnectionFailed, frame

if TYPE_CHECKING:
    from tollwayd.rpc.listeners.lean.connection import Connection

PREFIX_BYTES = 5
"""What stands before a message: whether it is compressed, and its length."""

READ_WINDOW = 1024 * 1024
"""What a client may send ahead of a message that is waited for."""


class Incoming:
    """What a client sends in the call of this stream's number. `ended` tells that it has sent all."""

    __slots__ = ("_awaited", "_buffer", "_granted", "_messages", "_reader", "connection", "ended", "id")

    def __init__(self, connection: Connection, number: int) -> None:
        self.id = number
        self.connection = connection
        self.ended = False
        self._messages: deque[bytes | TollwayError] = deque()
        self._buffer = bytearray()
        self._awaited = 0
        self._granted = FIRST_WINDOW
        self._reader: asyncio.Future[None] | None = None

    def receive(self, data: bytes, size: int, *, end: bool) -> None:
        """Takes in a frame's data; `size` is what it counts, with its padding."""
        self._granted -= size
        if self._granted < 0:
            raise ConnectionFailed(Code.FLOW_CONTROL_ERROR)
        if self._buffer:
            self._buffer += data
            self._cut_messages(self._buffer)
        elif data:
            self._cut_messages(data)
        if end:
            self.end()
        elif self._reader is not None:
            if self._messages:
                self._wake_reader()
            else:
                self._grant()

    def end(self) -> None:
        """The client sends nothing more."""
        self.ended = True
        self._buffer.clear()
        self._wake_reader()

    async def read(self) -> bytes | None:
        """The next message, None behind the last one; TollwayError for one that is not taken here."""
        while not self._messages:
            if self.ended:
                return None
            self._grant()
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        message = self._messages.popleft()
        if isinstance(message, TollwayError):
            raise message
        return message

    def _cut_messages(self, data: bytes | bytearray) -> None:
        place = 0
        while len(data) - place >= PREFIX_BYTES:
            size = int.from_bytes(data[place + 1 : place + PREFIX_BYTES])
            if (refusal := self._refusal(data[place], size)) is not None:
                self._messages.append(refusal)
                place = len(data)
                break
            end = place + PREFIX_BYTES + size
            if end > len(data):
                self._awaited = end - len(data)
                break
            self._messages.append(_copied(data, place + PREFIX_BYTES, end))
            place = end
        if isinstance(data, bytearray):
            del data[:place]
        elif place < len(data):
            self._buffer = bytearray(data[place:])

    def _refusal(self, compressed: int, size: int) -> TollwayError | None:
        if compressed:
            return TollwayError(Reason.REASON_ENCODING_UNSUPPORTED)
        if size > self.connection.limits.message_bytes:
            return TollwayError(Reason.REASON_BODY_TOO_LARGE)
        return None

    def _grant(self) -> None:
        """Lets the client send on. Only who reads does that: of a call that nobody has let pass little is taken in."""
        wanted = min(max(self._awaited, FIRST_WINDOW), READ_WINDOW)
        if self._granted * 2 < wanted:
            self.connection.write(frame(WINDOW_UPDATE, 0, self.id, (wanted - self._granted).to_bytes(4)))
            self._granted = wanted

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def _copied(data: bytes | bytearray, start: int, end: int) -> bytes:
    with memoryview(data) as view:
        return bytes(view[start:end])
