"""One call of a connection: its messages in, its answer out."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Final

from tollwayd.rpc.listeners.lean.frames import (
    DATA,
    END_STREAM,
    HEAD,
    MAX_FRAME_BYTES,
    MAX_WINDOW,
    RESET,
    Code,
    ConnectionFailed,
    frame,
    header_frames,
)
from tollwayd.rpc.listeners.lean.hpack import encode
from tollwayd.rpc.listeners.lean.incoming import PREFIX_BYTES, Incoming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.rpc.listeners.lean.connection import Connection
    from tollwayd.rpc.listeners.lean.head import Head
    from tollwayd.rpc.stream import Pairs

_REST_SECONDS = 1.0
"""How long a client has for the rest of a message before it is told why there are no more."""

_HEAD_SECONDS = 0.005
"""Between the head and the status of an answer without a message: where both come before a client of grpc.aio has seen
that its request is out, it drops the head's metadata."""

_BEGINNING: Final = encode(
    [(":status", b"200"), ("content-type", b"application/grpc"), ("grpc-accept-encoding", b"identity")]
)
_OK: Final = encode([("grpc-status", b"0")])
_NO_PAIRS: Final[Pairs] = ()


class CallStream(Incoming):
    """A Stream (`rpc/stream.py`). The head of the answer waits for what follows it, so that both are sent at once.

    `window` is how much of the answer the client takes, `deadline` is in `time.monotonic()` seconds, `late` what ends
    the call then, `task` runs it.
    """

    __slots__ = (
        "_closed",
        "_head_out",
        "_held",
        "_room",
        "_unsent",
        "deadline",
        "head",
        "late",
        "task",
        "window",
    )

    def __init__(self, connection: Connection, number: int, head: Head, window: int) -> None:
        super().__init__(connection, number)
        self.head = head
        self.window = window
        self.task: asyncio.Task[None] | None = None
        self.deadline = None if head.timeout is None else time.monotonic() + head.timeout
        self.late: asyncio.TimerHandle | None = None
        self._room: asyncio.Future[None] | None = None
        self._held = b""
        self._unsent = b""
        self._head_out = False
        self._closed = False

    @property
    def metadata(self) -> Mapping[str, str]:
        return self.head.metadata

    @property
    def peer(self) -> str:
        return self.connection.host

    def begin(self, metadata: Pairs) -> None:
        """The head of the answer, which goes out with what follows it."""
        self._held = header_frames(self.id, _BEGINNING + _fields(metadata), 0)
        self._head_out = True

    def put(self, message: bytes, last: bytes = b"") -> bool:
        """Sends a message, with frames that are the last of the stream, if there is room for it now. CancelledError
        where the client has left."""
        self._check_open()
        connection = self.connection
        size = PREFIX_BYTES + len(message)
        if size > MAX_FRAME_BYTES or size > self.window or size > connection.window or connection.paused:
            return False
        if not self._head_out:
            self.begin(_NO_PAIRS)
        self.window -= size
        connection.window -= size
        framed = HEAD.pack(size << 8 | DATA, 0, self.id), b"\0", len(message).to_bytes(4), message
        connection.write(b"".join((self._held, *framed, last)))
        self._held = b""
        return True

    async def write(self, message: bytes) -> None:
        """Sends a message in pieces, and waits while the client does not take them. CancelledError where it has
        left."""
        self._check_open()
        if not self._head_out:
            self.begin(_NO_PAIRS)
        self._unsent = b"".join((b"\0", len(message).to_bytes(4), message))
        await self._send_in_pieces()

    async def finish(self, trailers: Pairs, message: bytes | None = None) -> None:
        """Sends the last message, if there is one, and the status of success. CancelledError as in `put`."""
        last = header_frames(self.id, _OK + _fields(trailers) if trailers else _OK, END_STREAM)
        if message is None:
            self._check_open()
            await self._send_head()
            self.connection.write(last)
        elif not self.put(message, last):
            await self.write(message)
            self.connection.write(last)
        self._close()

    async def abort(self, code: int, text: str, trailers: Pairs) -> None:
        """Sends what is left of a message, and a status of failure. CancelledError as in `put`."""
        self._check_open()
        await self._send_rest()
        await self._send_head()
        status = encode([("grpc-status", b"%d" % code), ("grpc-message", _percent(text))])
        block = status + _fields(trailers)
        if not self._head_out:
            block = _BEGINNING + block
        self.connection.write(header_frames(self.id, block, END_STREAM))
        self._close()

    def refuse_http(self, status: int) -> None:
        """Answers what is no gRPC."""
        self.connection.write(header_frames(self.id, encode([(":status", b"%d" % status)]), END_STREAM))
        self._close()

    def leave(self) -> None:
        """The client has left: whoever works for it is told, and whoever waits for it."""
        self._closed = True
        if self.task is not None:
            self.task.cancel()
            self.task = None

    def reset(self, code: Code) -> None:
        """Ends the stream without a word."""
        if not self._closed:
            self.connection.write(frame(RESET, 0, self.id, code.to_bytes(4)))
            self.connection.forget(self)
            self._closed = True

    def widen(self, size: int) -> None:
        """The client takes so much more, which may be less."""
        self.window += size
        if self.window > MAX_WINDOW:
            raise ConnectionFailed(Code.FLOW_CONTROL_ERROR)
        self.go_on()

    def go_on(self) -> None:
        """Looks again whether there is room."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _check_open(self) -> None:
        if self._closed:
            raise asyncio.CancelledError

    def _take_held(self) -> bytes:
        held, self._held = self._held, b""
        return held

    async def _send_head(self) -> None:
        if self._held:
            self.connection.write(self._take_held())
            await asyncio.sleep(_HEAD_SECONDS)
            self._check_open()

    async def _send_in_pieces(self) -> None:
        connection = self.connection
        if self._held:
            connection.write(self._take_held())
        unsent = memoryview(self._unsent)
        try:
            while unsent:
                room = min(MAX_FRAME_BYTES, self.window, connection.window)
                if room <= 0 or connection.paused:
                    await self._wait_for_room()
                    continue
                piece, unsent = unsent[:room], unsent[room:]
                self.window -= len(piece)
                connection.window -= len(piece)
                connection.write(HEAD.pack(len(piece) << 8 | DATA, 0, self.id) + piece)
        finally:
            connection.go_on()
            begun = len(unsent) < len(self._unsent)
            self._unsent = bytes(unsent) if begun else b""

    async def _wait_for_room(self) -> None:
        self._room = asyncio.get_running_loop().create_future()
        if self.window > 0:
            self.connection.waiting[self] = None
        else:
            self.connection.go_on()
        try:
            await self._room
        finally:
            self.connection.waiting.pop(self, None)
            self._room = None

    async def _send_rest(self) -> None:
        # A status behind half a message would not be looked at.
        if self._unsent:
            try:
                async with asyncio.timeout(_REST_SECONDS):
                    await self._send_in_pieces()
            except TimeoutError:
                self.reset(Code.CANCEL)
                raise asyncio.CancelledError from None

    def _close(self) -> None:
        self.connection.forget(self)
        self._closed = True
        if not self.ended:  # Whoever still sends is told that it need not (RFC 9113, section 8.1).
            self.connection.write(frame(RESET, 0, self.id, Code.NO_ERROR.to_bytes(4)))


def _fields(pairs: Pairs) -> bytes:
    return encode([(name, value.encode() if isinstance(value, str) else b64encode(value)) for name, value in pairs])


_PLAIN: Final = frozenset(range(0x20, 0x7F)) - {0x25}


def _percent(text: str) -> bytes:
    """The status message (gRPC over HTTP/2, "Responses"): all but visible ASCII in per cent."""
    raw = text.encode()
    if _PLAIN.issuperset(raw):
        return raw
    return b"".join([bytes((byte,)) if byte in _PLAIN else b"%%%02X" % byte for byte in raw])
