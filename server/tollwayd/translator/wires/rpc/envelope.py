"""Envelopes: a byte of flags and a length before each message of a body, in gRPC, gRPC-Web and Connect streams."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = Struct(">BI")

HEAD_BYTES: Final = _HEAD.size


def envelope(message: bytes, flags: int = 0) -> bytes:
    """The message in its envelope."""
    return _HEAD.pack(flags, len(message)) + message


def only(body: bytes, limit: int) -> bytes:
    """The one message of a body. TollwayError where there is none, or more, or it is cut, flagged or above `limit`."""
    if len(body) < HEAD_BYTES:
        raise _cut() if body else TollwayError(Reason.REASON_MESSAGE_MISSING)
    end = HEAD_BYTES + _length(body, limit)
    if len(body) < end:
        raise _cut()
    if len(body) > end:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "The body holds more than the one message.")
    return body[HEAD_BYTES:]


class Envelopes:
    """Takes messages of at most `limit` bytes out of a body that comes in pieces. TollwayError as for `only`.

    A message is refused by its length: of one that is too large nothing is kept.
    """

    __slots__ = ("_limit", "_rest")

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._rest: Final = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The messages that are whole with this piece."""
        rest = self._rest
        rest += piece
        while len(rest) >= HEAD_BYTES:
            end = HEAD_BYTES + _length(rest, self._limit)
            if len(rest) < end:
                return
            message = bytes(rest[HEAD_BYTES:end])
            del rest[:end]
            yield message

    def end(self) -> None:
        """The body is over."""
        if self._rest:
            raise _cut()


def _length(head: bytes | bytearray, limit: int) -> int:
    flags, length = _HEAD.unpack_from(head)
    if flags:  # Compression, which is not agreed on where it was let through, and marks that requests must not have.
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "A message has flags that a request must not set here.")
    if length > limit:
        raise TollwayError(Reason.REASON_BODY_TOO_LARGE, f"A message is larger than {limit} bytes.")
    return int(length)


def _cut() -> TollwayError:
    return TollwayError(Reason.REASON_REQUEST_MALFORMED, "The body ends within a message.")
