"""A client's connection: its calls, each a stream, and the windows of both sides."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.listeners.lean.counts import Counts, new_id
from tollwayd.rpc.listeners.lean.frames import (
    ACK,
    END_STREAM,
    FIRST_WINDOW,
    MAX_FRAME_BYTES,
    MAX_WINDOW,
    PADDED,
    RESET,
    SETTINGS,
    WINDOW_UPDATE,
    Code,
    ConnectionFailed,
    Setting,
    frame,
    settings,
)
from tollwayd.rpc.listeners.lean.framing import Framing, unpadded
from tollwayd.rpc.listeners.lean.head import Head, read_head
from tollwayd.rpc.listeners.lean.hpack import Decoder, TooLarge
from tollwayd.rpc.listeners.lean.lifetime import Lifetime
from tollwayd.rpc.listeners.lean.stream import CallStream

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    Answer = Callable[[CallStream], Coroutine[Any, Any, None]]

MAX_STREAMS = 1000
"""Calls of one connection at once: one must not take all of a worker."""

CONNECTION_WINDOW = 1024 * 1024
"""What all calls of a connection may send ahead."""

KEPT_HEADS = 16
"""Heads that are known again: most calls of a client begin alike."""

_KEPT_HEAD_BYTES = 2048
_NOWHERE = b"", 0
_HTTP_OK = 200


class Limits(NamedTuple):
    """The largest message and the most metadata, in bytes."""

    message_bytes: int
    metadata_bytes: int


class Connection(Framing):
    """One connection, among `connections` while it is open. `answer` runs a call.

    `tasks` run its calls. `host` is who it is from; `local` and `remote` are the addresses, packed, with their ports.
    `window` is how much the client takes of all answers, and `waiting` are those that wait for more, in their order.
    """

    def __init__(self, answer: Answer, connections: set[Connection], limits: Limits) -> None:
        super().__init__()
        self.id: Final = new_id()
        self.counts: Final = Counts()
        self.limits: Final = limits
        self.host = ""
        self.local = self.remote = _NOWHERE
        self.window = FIRST_WINDOW
        self.waiting: dict[CallStream, None] = {}
        self._answer: Final = answer
        self._connections: Final = connections
        self._decoder: Final = Decoder(limits.metadata_bytes)
        self._heads: dict[bytes, Head] = {}
        self._streams: dict[int, CallStream] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self._first_window = FIRST_WINDOW
        self._received = 0
        self._leaving = False
        self._lifetime: Lifetime | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.host, *_ = peer = transport.get_extra_info("peername") or ("0.0.0.0", 0)  # noqa: S104 - gone already.
        self.local, self.remote = _address(transport.get_extra_info("sockname")), _address(peer)
        self._connections.add(self)
        self._lifetime = Lifetime(self)
        own = {
            # No table: so equal heads are equal blocks.
            Setting.HEADER_TABLE_SIZE: 0,
            Setting.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
            Setting.MAX_HEADER_LIST_SIZE: self.limits.metadata_bytes,
        }
        wider = CONNECTION_WINDOW - FIRST_WINDOW
        self.write(settings(own) + frame(WINDOW_UPDATE, 0, 0, wider.to_bytes(4)))

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._lifetime is not None:
            self._lifetime.stop()
            self._lifetime = None
        self._connections.discard(self)

    def leave_calls(self) -> None:
        for stream in tuple(self._streams.values()):
            self.forget(stream)
            stream.leave()

    def resume_writing(self) -> None:
        self.paused = False
        self.go_on()

    # What the door does with it.

    def leave(self) -> None:
        """Takes no further calls, and closes when those under way are over."""
        if not self._leaving:
            self._leaving = True
            self.go_away(Code.NO_ERROR)
            self._close_if_done()

    # What streams do with it.

    def forget(self, stream: CallStream) -> None:
        """The stream is over."""
        self._streams.pop(stream.id, None)
        if stream.late is not None:
            stream.late.cancel()
            stream.late = None

    def go_on(self) -> None:
        """Lets one stream send that has waited for others, if there is room; it lets the next one, and so on: to wake
        all for each byte of room would be the client's to ask for."""
        if self.window > 0 and not self.paused and self.waiting:
            next(iter(self.waiting)).go_on()

    # Frames.

    def take_data(self, flags: int, number: int, payload: bytes) -> None:
        self._received += len(payload)
        if self._received * 2 > CONNECTION_WINDOW:
            self.write(frame(WINDOW_UPDATE, 0, 0, self._received.to_bytes(4)))
            self._received = 0
        size = len(payload)
        if flags & PADDED:
            payload = unpadded(payload)
        if (stream := self._streams.get(number)) is None:
            self._check_old(number)
        elif stream.ended:
            raise ConnectionFailed(Code.STREAM_CLOSED)
        else:
            if not payload and not flags & END_STREAM:
                self.count_unasked()
            stream.receive(payload, size, end=bool(flags & END_STREAM))

    def take_block(self, flags: int, number: int, block: bytes) -> None:
        head = self._head(block)
        if number <= self.last:
            self._end_by_trailers(flags, number)
            return
        if not number & 1:
            raise ConnectionFailed(Code.PROTOCOL_ERROR)
        if self._leaving:  # The client will ask elsewhere, as the last stream's number tells it.
            return
        self.last = number
        if head is None:
            self.count_unasked()
            self.write(frame(RESET, 0, number, Code.PROTOCOL_ERROR.to_bytes(4)))
        elif len(self.tasks) >= MAX_STREAMS:
            self.count_unasked()
            self.write(frame(RESET, 0, number, Code.REFUSED_STREAM.to_bytes(4)))
        else:
            self._start(CallStream(self, number, head, self._first_window), ended=bool(flags & END_STREAM))

    def _start(self, stream: CallStream, *, ended: bool) -> None:
        stream.ended = ended
        self._streams[stream.id] = stream
        if stream.head.status != _HTTP_OK:
            stream.refuse_http(stream.head.status)
            return
        stream.task = task = self._loop.create_task(self._answer(stream))
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self._close_if_done()

    def _end_by_trailers(self, flags: int, number: int) -> None:
        if (stream := self._streams.get(number)) is not None:
            if stream.ended or not flags & END_STREAM:
                raise ConnectionFailed(Code.PROTOCOL_ERROR)
            stream.end()

    def _head(self, block: bytes) -> Head | None:
        if (known := self._heads.get(block)) is not None:
            return known
        stateless = self._decoder.stateless
        try:
            head = read_head(self._decoder.decode(block))
        except TooLarge:
            return Head("", {}, refusal=TollwayError(Reason.REASON_HEADERS_TOO_LARGE))
        if stateless and self._decoder.stateless and head is not None and len(block) <= _KEPT_HEAD_BYTES:
            if len(self._heads) >= KEPT_HEADS:
                del self._heads[next(iter(self._heads))]
            self._heads[block] = head
        return head

    def take_reset(self, _: int, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ConnectionFailed(Code.FRAME_SIZE_ERROR)
        self.count_unasked()
        if (stream := self._streams.get(number)) is None:
            self._check_old(number)
        else:
            self.forget(stream)
            stream.leave()

    def take_settings(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise ConnectionFailed(Code.PROTOCOL_ERROR)
        if len(payload) % 6 or (flags & ACK and payload):
            raise ConnectionFailed(Code.FRAME_SIZE_ERROR)
        if flags & ACK:
            return
        self.count_unasked(1 + len(self._streams))  # Each stream's window changes.
        pairs = [payload[place : place + 6] for place in range(0, len(payload), 6)]
        self._set({int.from_bytes(pair[:2]): int.from_bytes(pair[2:]) for pair in pairs})
        self.write(frame(SETTINGS, ACK, 0))

    def _set(self, values: dict[int, int]) -> None:
        window = values.get(Setting.INITIAL_WINDOW_SIZE, self._first_window)
        if window > MAX_WINDOW:
            raise ConnectionFailed(Code.FLOW_CONTROL_ERROR)
        size = values.get(Setting.MAX_FRAME_SIZE, MAX_FRAME_BYTES)
        if not MAX_FRAME_BYTES <= size < 1 << 24 or values.get(Setting.ENABLE_PUSH, 0) > 1:
            raise ConnectionFailed(Code.PROTOCOL_ERROR)
        if window != self._first_window:
            for stream in tuple(self._streams.values()):
                stream.widen(window - self._first_window)
            self._first_window = window

    def take_goaway(self, _: int, __: int, ___: bytes) -> None:
        self._leaving = True
        self._close_if_done()

    def take_window(self, _: int, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ConnectionFailed(Code.FRAME_SIZE_ERROR)
        size = int.from_bytes(payload) & MAX_WINDOW
        if number:
            if (stream := self._streams.get(number)) is None:
                self._check_old(number)
            elif not size:
                raise ConnectionFailed(Code.PROTOCOL_ERROR)
            else:
                stream.widen(size)
            return
        self.window += size
        if not size or self.window > MAX_WINDOW:
            raise ConnectionFailed(Code.FLOW_CONTROL_ERROR if size else Code.PROTOCOL_ERROR)
        self.go_on()

    # The rest

    def _check_old(self, number: int) -> None:
        """What comes for a stream that is over has crossed its end; for one that never began it is a mistake."""
        if not number or (number > self.last and not self._leaving):
            raise ConnectionFailed(Code.PROTOCOL_ERROR)

    def _close_if_done(self) -> None:
        if self._leaving and not self.tasks:
            self.close()


def _address(name: tuple[str, int]) -> tuple[bytes, int]:
    return ip_address(name[0].partition("%")[0]).packed, name[1]
