"""How one body holds many messages: lines of JSON, server-sent events, one JSON array, or raw bytes."""

from __future__ import annotations

from typing import Final, NamedTuple

from tollwayd.translator.head.accept import names

UNBUFFERED: Final = "x-accel-buffering: no\r\n"
"""For streams: nginx would hold them back until its buffer is full."""


class Framing(NamedTuple):
    """The content type, and what stands around the whole, around each message, and around an error.

    Without `error` nothing in the body can say that it broke off. `idle` is what may be sent at any time and means
    nothing; without it the body cannot hold such a thing.
    """

    content_type: str
    opening: bytes = b""
    before: bytes = b""
    after: bytes = b""
    between: bytes = b""
    closing: bytes = b""
    error: tuple[bytes, bytes] | None = None
    idle: bytes = b""
    headers: str = UNBUFFERED


NDJSON: Final = Framing("application/x-ndjson", before=b'{"result":', after=b"}\n", error=(b'{"error":', b"}\n"))
SSE: Final = Framing(
    "text/event-stream",
    before=b"data: ",
    after=b"\n\n",
    error=(b'event: error\ndata: {"error":', b"}\n\n"),
    idle=b":\n\n",  # A comment (WHATWG HTML, section 9.2.6).
    headers=NDJSON.headers + "cache-control: no-cache\r\n",  # The same, section 9.2.7.
)
ARRAY: Final = Framing(
    "application/json",
    opening=b"[",
    between=b",\n",
    closing=b"]",
    error=(b'{"error":', b"}"),
    idle=b"\n",
)
RAW: Final = Framing("")

FORMS: Final = ("", "json", "sse", "array")
"""What the system parameter `alt` may be: JSON, in lines where it is a stream, is what there is without it, too."""

STREAM_FORMS: Final = (
    NDJSON.content_type,
    "application/ndjson",
    "application/jsonl",
    SSE.content_type,
    ARRAY.content_type,  # Who takes JSON alone still gets lines, as from other gateways; an array has to be asked for.
)
"""What a client that takes a stream of messages may call it."""


class Frames:
    """The parts of one body, in their order."""

    __slots__ = ("_begun", "_prefix", "framing")

    def __init__(self, framing: Framing) -> None:
        self.framing: Final = framing
        self._prefix = framing.opening + framing.before
        self._begun = False

    def message(self, body: bytes) -> bytes:
        """The next message, from its JSON."""
        framing = self.framing
        part = self._prefix + body + framing.after
        if not self._begun:
            self._begun = True
            self._prefix = framing.between + framing.before
        return part

    def end(self) -> bytes:
        """What ends the body."""
        return self._unopened + self.framing.closing

    def error(self, status: bytes) -> bytes | None:
        """What ends the body with an error, from its JSON; None where the framing has no words for it."""
        framing = self.framing
        if framing.error is None:
            return None
        before, after = framing.error
        return (framing.between if self._begun else framing.opening) + before + status + after + framing.closing

    @property
    def _unopened(self) -> bytes:
        return b"" if self._begun else self.framing.opening


def framing(accept: str, alt: str) -> Framing:
    """The framing that the caller asks for, by the system parameter `alt` or its Accept header, empty for none."""
    if alt == "array":
        return ARRAY
    if alt == "sse" or names(accept, SSE.content_type):
        return SSE
    return NDJSON
