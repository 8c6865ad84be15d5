"""Frames (RFC 9113, section 6): their kinds, their flags, and how they are written."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

HEAD_BYTES = 9
HEAD = Struct(">IBI")
"""Length and kind in one, flags, stream."""

MAX_FRAME_BYTES = 16384
"""The largest frame that anybody has to take, and that is taken and sent here."""

FIRST_WINDOW = 65535
MAX_WINDOW = 2**31 - 1

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

END_STREAM = 0x1
ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20


class Code(IntEnum):
    """Why a stream or a connection ends (section 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


class Setting(IntEnum):
    """What SETTINGS tell (section 6.5.2)."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A whole frame."""
    return HEAD.pack(len(payload) << 8 | kind, flags, stream) + payload


def settings(values: dict[Setting, int]) -> bytes:
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(name.to_bytes(2) + value.to_bytes(4) for name, value in values.items()))


def header_frames(stream: int, block: bytes, flags: int) -> bytes:
    """A header block as HEADERS, and as CONTINUATION what is more than a frame may hold."""
    if len(block) <= MAX_FRAME_BYTES:
        return HEAD.pack(len(block) << 8 | HEADERS, flags | END_HEADERS, stream) + block
    parts = [block[place : place + MAX_FRAME_BYTES] for place in range(0, len(block), MAX_FRAME_BYTES)]
    first, *between, last = parts
    frames = [frame(HEADERS, flags, stream, first), *(frame(CONTINUATION, 0, stream, part) for part in between)]
    return b"".join((*frames, frame(CONTINUATION, END_HEADERS, stream, last)))


class ConnectionFailed(Exception):  # noqa: N818 - the peer's fault, and the end of its connection.
    """A peer does what HTTP/2 does not allow, and its connection ends with this code."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code
