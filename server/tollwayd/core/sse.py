"""Server-sent events, on bytes (WHATWG HTML, section 9.2): framing that survives every split of the stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""An event larger than this is refused: a provider that never ends an event must not fill the gateway's memory."""

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")
# The ends of all boundaries: every one ends with one of these.
_BLANK_LINES = (b"\n\n", b"\n\r\n", b"\r\r")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_RETURN = ord("\r")
# A boundary is four bytes at most, so one that new bytes complete starts in the last three old ones.
_SPANS_BOUNDARY = 3

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


class ServerSentEvent(NamedTuple):
    """One event: its `event` field (empty where there is none) and its `data` lines joined by newlines."""

    name: str
    data: bytes


class Framer:
    """Cuts a stream into blocks of whole events, each as raw bytes with its blank line."""

    __slots__ = ("_pending", "_searched")

    def __init__(self) -> None:
        self._pending = bytearray()
        self._searched = 0

    def feed(self, chunk: bytes) -> bytes:
        """All events that are whole now, as they came; empty where none is. TollwayError when one grows too large."""
        pending = self._pending
        if not pending and chunk.endswith(b"\n\n"):  # As almost all do that come one by one.
            return chunk
        pending += chunk
        end = _last_boundary(pending, max(0, self._searched - _SPANS_BOUNDARY))
        if not end:
            if len(pending) > MAX_EVENT_BYTES:
                raise TollwayError(Reason.REASON_UPSTREAM_INVALID, "The provider sent an event that is too large.")
            self._searched = len(pending)
            return b""
        block = bytes(pending[:end])
        del pending[:end]
        self._searched = len(pending)
        return block

    def rest(self) -> bytes:
        """What is left when the stream has ended: a last event, with the blank line that it lacked, or nothing.

        A browser would drop an event without its blank line, but there are providers that end so. One that is whole
        ends by itself: no beginning of a JSON object is one, nor is one of `[DONE]`. Anything else was cut off, which
        is REASON_UPSTREAM_INTERRUPTED.
        """
        lines = [line for line in _LINE_END.split(self._pending) if line and not line.startswith(b":")]
        self._pending.clear()
        if not lines:
            return b""
        event = parse(left := b"\n".join(lines))
        if event is None or not _is_whole(event.data):
            raise TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
        return left + b"\n\n"


def split(block: bytes) -> Iterator[bytes]:
    """The raw events of a block, each with its blank line."""
    start = 0
    if _RETURN not in block:  # As of almost all providers: that takes half the time.
        while (blank := block.find(b"\n\n", start)) >= 0:
            yield block[start : blank + 2]
            start = blank + 2
        if start < len(block):
            yield block[start:]
        return
    for boundary in _BOUNDARY.finditer(block):
        yield block[start : boundary.end()]
        start = boundary.end()
    if start < len(block):
        yield block[start:]


def beginning(block: bytes, position: int) -> int:
    """Where the event begins that has a position, or one before it, without splitting all that comes before."""
    blank = block.rfind(b"\n\n", 0, position)
    return 0 if blank < 0 else blank + 2


def parse(raw: bytes) -> ServerSentEvent | None:
    """The event in one raw event; None for one without data, such as a comment."""
    name = b""
    data: list[bytes] = []
    for line in _LINE_END.split(raw) if _RETURN in raw else raw.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return ServerSentEvent(name.decode("utf-8", "replace"), b"\n".join(data)) if data else None


def _is_whole(data: bytes) -> bool:
    if data.strip() == b"[DONE]":
        return True
    try:
        _OBJECT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _last_boundary(pending: bytearray, start: int) -> int:
    """Where the last blank line from `start` on ends, 0 where there is none.

    Searched backwards, since a provider's writes mostly end with an event. A run of line ends may be cut elsewhere than
    `_BOUNDARY` would cut it: what is left then leads the next block as empty lines, which mean nothing.
    """
    if pending.endswith(b"\n\n"):
        return len(pending)
    ends = [at + len(line) for line in _BLANK_LINES if (at := pending.rfind(line, start)) >= 0]
    return max(ends, default=0)
