"""Records in a file that may end in the middle of one, or have been damaged since.

A frame is a mark, the record's length and a checksum of both (CRC-32), each of four bytes, big-endian, then the record.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

MAX_RECORD_BYTES: Final = 1024 * 1024
"""A settlement is about a kilobyte; what claims to be larger than this is none."""

_MARK: Final = b"\xf5tws"
_HEAD: Final = struct.Struct(">4sII")


def frame(record: bytes) -> bytes:
    """The frame of a record. ValueError for one that is too large."""
    length = len(record)
    if length > MAX_RECORD_BYTES:
        raise ValueError("the record is too large")
    return _HEAD.pack(_MARK, length, crc32(record, length)) + record


class Frames:
    """Iterates over the records in a file's content, and steps over what is none.

    Then `torn` tells how many bytes at the end are a frame that was never finished, which nobody was told of, and
    `damaged` how many are neither that nor records.
    """

    def __init__(self, content: bytes | mmap) -> None:
        self._content = content
        self.torn = 0
        self.damaged = 0

    def __iter__(self) -> Iterator[bytes]:
        position, end = 0, len(self._content)
        while position < end:
            record = self._record(position)
            if record is None:
                position = self._step_over(position)
            else:
                yield record
                position += _HEAD.size + len(record)

    def _record(self, position: int) -> bytes | None:
        start = position + _HEAD.size
        if start > len(self._content):
            return None
        mark, length, checksum = _HEAD.unpack_from(self._content, position)
        if mark != _MARK or length > MAX_RECORD_BYTES or start + length > len(self._content):
            return None
        record = self._content[start : start + length]
        return record if crc32(record, length) == checksum else None

    def _step_over(self, position: int) -> int:
        """Counts what is no record here, and gives where the next one begins, or the end."""
        following = self._content.find(_MARK, position + 1)
        while following >= 0 and self._record(following) is None:
            following = self._content.find(_MARK, following + 1)
        if following >= 0:
            self.damaged += following - position
            return following
        end = len(self._content)
        if self._is_torn(position):
            self.torn = end - position
        else:
            self.damaged += end - position
        return end

    def _is_torn(self, position: int) -> bool:
        rest = self._content[position : position + _HEAD.size]
        if len(rest) < _HEAD.size:
            return _MARK.startswith(rest[:4]) or not any(rest)
        mark, length, _ = _HEAD.unpack(rest)
        if mark == _MARK:
            return position + _HEAD.size + int(length) > len(self._content)
        # After a loss of power a file may have grown by blocks that were never written.
        return not any(self._content[position:])
