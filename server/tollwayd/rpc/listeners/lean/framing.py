"""A connection's frames: cut out of what comes, checked as far as frames go, and given to whom they concern."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from tollwayd.rpc.listeners.lean.frames import (
    ACK,
    CONTINUATION,
    END_HEADERS,
    GOAWAY,
    HEAD,
    HEAD_BYTES,
    MAX_FRAME_BYTES,
    MAX_WINDOW,
    PADDED,
    PING,
    PREFACE,
    PRIORITIZED,
    Code,
    ConnectionFailed,
    frame,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Take = Callable[[int, int, bytes], None]
    """Takes in a frame: its flags, its stream, what it holds."""

LINGER_SECONDS = 1.0
"""How long a connection that fails is read on, and what comes is thrown away."""

PRIORITY_BYTES = 5
"""What is said of priorities, here to be passed over (RFC 9113, section 5.3.2)."""

MAX_BLOCK_BYTES = 32 * 1024
"""A header block that comes in pieces: twice what its fields may be."""

TURN_BYTES = 64 * 1024
"""What is sent at once in any case."""

MAX_UNREAD_BYTES = 1024 * 1024
"""Answers that a client asks for and does not read."""

MAX_UNASKED = 10_000
"""Frames that ask for an answer, or end a call, in a second: nobody needs as many."""


class Framing(asyncio.Protocol, ABC):
    """What of a connection is below its calls. `last` is the number of the last stream that began, `paused` tells that
    the client does not read, `heard` that something has come since it was asked."""

    def __init__(self) -> None:
        self.last = 0
        self.paused = False
        self.heard = False
        self.greeted = False
        self._failed = False
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._rest = b""
        self._block: tuple[int, int, bytes] | None = None
        self._unasked = 0
        self._loop = asyncio.get_running_loop()
        self._unasked_since = self._loop.time()
        self._transport: asyncio.Transport | None = None
        self._takers: tuple[Take, ...] = (
            self.take_data, self._headers, self._priority, self.take_reset, self.take_settings,
            self._push, self._ping, self.take_goaway, self.take_window, self._continuation,
        )  # fmt: skip

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard = True
        if self._failed:
            return
        if self._rest:
            data = self._rest + data
        try:
            self._rest = data[self._take(data) :]
        except ConnectionFailed as failed:
            self._fail(failed.code)
        except ValueError:  # Of HPACK.
            self._fail(Code.COMPRESSION_ERROR)

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self.leave_calls()
        self._takers = ()  # Else a cycle, with all that came last.

    def pause_writing(self) -> None:
        self.paused = True

    def write(self, data: bytes) -> None:
        """Sends frames, together with all others of the loop's turn: a system call costs more than a whole answer
        here. What nobody is there for any more is dropped."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if self._unsent_bytes >= TURN_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._unsent:
            data = b"".join(self._unsent)
            self._unsent.clear()
            self._unsent_bytes = 0
            if self._transport is not None and not self._failed:
                self._transport.write(data)

    def close(self) -> None:
        """Ends the connection when all is sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Ends the connection without sending what is left."""
        if self._transport is not None:
            self._transport.abort()

    def ping(self) -> None:
        """Asks whether anybody is there."""
        self.heard = False
        self.write(frame(PING, 0, 0, bytes(8)))

    def go_away(self, code: Code) -> None:
        """Says that no further calls are taken."""
        self.write(frame(GOAWAY, 0, 0, self.last.to_bytes(4) + code.to_bytes(4)))

    @abstractmethod
    def leave_calls(self) -> None:
        """Nobody is there any more for the calls under way."""

    @abstractmethod
    def take_data(self, flags: int, number: int, payload: bytes) -> None:
        """A part of a request."""

    @abstractmethod
    def take_block(self, flags: int, number: int, block: bytes) -> None:
        """A whole header block."""

    @abstractmethod
    def take_reset(self, flags: int, number: int, payload: bytes) -> None:
        """The client ends a stream."""

    @abstractmethod
    def take_settings(self, flags: int, number: int, payload: bytes) -> None:
        """The client's settings, or that it has ours."""

    @abstractmethod
    def take_goaway(self, flags: int, number: int, payload: bytes) -> None:
        """The client opens no more streams."""

    @abstractmethod
    def take_window(self, flags: int, number: int, payload: bytes) -> None:
        """The client has room for more."""

    def count_unasked(self, cost: int = 1) -> None:
        """Counts what costs the client nothing; ConnectionFailed where it is too much."""
        self._unasked += cost
        if self.paused and self._unread() > MAX_UNREAD_BYTES:
            raise ConnectionFailed(Code.ENHANCE_YOUR_CALM)
        if self._unasked > MAX_UNASKED:
            now = self._loop.time()
            if now - self._unasked_since < 1:
                raise ConnectionFailed(Code.ENHANCE_YOUR_CALM)
            self._unasked, self._unasked_since = 0, now

    def _unread(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def _take(self, data: bytes) -> int:
        """Takes in all whole frames; gives the place behind them."""
        place, size = 0, len(data)
        if not self.greeted:
            if data[: len(PREFACE)] != PREFACE[:size]:
                raise ConnectionFailed(Code.PROTOCOL_ERROR)
            if size < len(PREFACE):
                return 0
            self.greeted = True
            place = len(PREFACE)
        unpack = HEAD.unpack_from
        while size - place >= HEAD_BYTES:
            word, flags, stream = unpack(data, place)
            end = place + HEAD_BYTES + (word >> 8)
            if word >> 8 > MAX_FRAME_BYTES:
                raise ConnectionFailed(Code.FRAME_SIZE_ERROR)
            if end > size:
                break
            kind = word & 0xFF
            if self._block is not None and kind != CONTINUATION:
                raise ConnectionFailed(Code.PROTOCOL_ERROR)
            if kind < len(self._takers):  # Others are passed over (RFC 9113, section 4.1).
                self._takers[kind](flags, stream & MAX_WINDOW, data[place + HEAD_BYTES : end])
            place = end
        return place

    def _headers(self, flags: int, number: int, payload: bytes) -> None:
        if flags & PADDED:
            payload = unpadded(payload)
        if flags & PRIORITIZED:
            if len(payload) < PRIORITY_BYTES:
                raise ConnectionFailed(Code.PROTOCOL_ERROR)
            payload = payload[PRIORITY_BYTES:]
        if flags & END_HEADERS:
            self.take_block(flags, number, payload)
        else:
            self._block = flags, number, payload

    def _continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None or self._block[1] != number:
            raise ConnectionFailed(Code.PROTOCOL_ERROR)
        first, _, before = self._block
        if not payload or len(before) + len(payload) > MAX_BLOCK_BYTES:
            raise ConnectionFailed(Code.ENHANCE_YOUR_CALM)
        self._block = first, number, before + payload
        if flags & END_HEADERS:
            block = self._block[2]
            self._block = None
            self.take_block(first, number, block)

    def _priority(self, _: int, number: int, payload: bytes) -> None:
        if not number or len(payload) != PRIORITY_BYTES:
            raise ConnectionFailed(Code.PROTOCOL_ERROR)
        self.count_unasked()

    def _push(self, _: int, __: int, ___: bytes) -> None:
        raise ConnectionFailed(Code.PROTOCOL_ERROR)

    def _ping(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise ConnectionFailed(Code.PROTOCOL_ERROR)
        if len(payload) != 8:
            raise ConnectionFailed(Code.FRAME_SIZE_ERROR)
        if not flags & ACK:
            self.count_unasked()
            self.write(frame(PING, ACK, 0, payload))

    def _fail(self, code: Code) -> None:
        # What still comes is thrown away for a moment: closed at once, it would have the client lose the reason.
        self._rest = b""
        self.go_away(code)
        self._flush()
        self._failed = True
        self.leave_calls()
        if self._transport is not None:
            self._transport.write_eof()
            self._loop.call_later(LINGER_SECONDS, self.abort)


def unpadded(payload: bytes) -> bytes:
    """What a padded frame holds."""
    if not payload or payload[0] >= len(payload):
        raise ConnectionFailed(Code.PROTOCOL_ERROR)
    return payload[1 : len(payload) - payload[0]]
