"""HPACK (RFC 7541): header blocks into fields, and fields into blocks that need no table."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

from tollwayd.rpc.listeners.lean import huffman
from tollwayd.rpc.listeners.lean.static_table import STATIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    Field = tuple[bytes, bytes]

FIELD_BYTES = 32
"""What a field counts beside its name and value (RFC 7541, section 4.1)."""

_FIRST_TABLE_BYTES = 4096
"""The table's size until the client has heard of another one."""

_MAX_NUMBER_BYTES = 4
_KEPT_NAMES = 256


class TooLarge(Exception):  # noqa: N818 - it is no error of the connection.
    """A block's fields are more than is taken. What it does to the table is done."""


class Decoder:
    """The blocks of one connection, in their order. ValueError for what is none, and ends the connection.

    A client fills the table until it has heard that there is none here, which is why there is one all the same.
    `stateless` tells that no block before means anything for those to come.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._table: deque[Field] = deque()
        self._used = 0
        self._room = _FIRST_TABLE_BYTES

    @property
    def stateless(self) -> bool:
        return not self._room

    def decode(self, block: bytes) -> list[Field]:
        """The fields; TooLarge where they are more than is taken."""
        fields: list[Field] = []
        place, size, total = 0, len(block), 0
        while place < size:
            first = block[place]
            if first & 0x80:
                index, place = _number(block, place, 0x7F)
                field = self._field(index)
            elif first & 0xE0 == 0x20:
                if fields:
                    raise ValueError("HPACK's table changes its size within a block")
                room, place = _number(block, place, 0x1F)
                self._resize(room)
                continue
            else:
                field, place = self._literal(block, place, 0x3F if first & 0x40 else 0x0F)
                if first & 0x40:
                    self._add(field)
            total += len(field[0]) + len(field[1]) + FIELD_BYTES
            if total <= self._max_bytes:
                fields.append(field)
        if total > self._max_bytes:
            raise TooLarge
        return fields

    def _literal(self, block: bytes, place: int, mask: int) -> tuple[Field, int]:
        index, place = _number(block, place, mask)
        if index:
            name = self._field(index)[0]
        else:
            name, place = _string(block, place)
        value, place = _string(block, place)
        return (name, value), place

    def _field(self, index: int) -> Field:
        if 0 < index <= len(STATIC):
            return STATIC[index - 1]
        place = index - len(STATIC) - 1
        if not 0 <= place < len(self._table):
            raise ValueError("HPACK's tables have no such field")
        return self._table[place]

    def _add(self, field: Field) -> None:
        size = len(field[0]) + len(field[1]) + FIELD_BYTES
        self._evict(self._room - size)
        if size <= self._room:
            self._table.appendleft(field)
            self._used += size

    def _resize(self, room: int) -> None:
        if room > _FIRST_TABLE_BYTES:
            raise ValueError("HPACK's table is larger than was allowed")
        self._room = room
        self._evict(room)

    def _evict(self, room: int) -> None:
        while self._table and self._used > room:
            name, value = self._table.pop()
            self._used -= len(name) + len(value) + FIELD_BYTES


def encode(fields: Iterable[tuple[str, bytes]]) -> bytes:
    """A block of literal fields that no table keeps. Names are in ASCII, and a value has less than 2 MiB."""
    return b"".join([_named(name) + _length(len(value)) + value for name, value in fields])


@lru_cache(_KEPT_NAMES)
def _named(name: str) -> bytes:
    raw = name.encode("ascii")
    return b"\0" + _length(len(raw)) + raw


def _length(size: int) -> bytes:
    if size < 0x7F:
        return bytes((size,))
    rest = size - 0x7F
    if rest < 0x80:
        return bytes((0x7F, rest))
    if rest < 0x4000:
        return bytes((0x7F, rest & 0x7F | 0x80, rest >> 7))
    return bytes((0x7F, rest & 0x7F | 0x80, rest >> 7 & 0x7F | 0x80, rest >> 14))


def _string(block: bytes, place: int) -> tuple[bytes, int]:
    coded = place < len(block) and block[place] & 0x80
    size, place = _number(block, place, 0x7F)
    end = place + size
    if end > len(block):
        raise ValueError("a header block is cut")
    raw = block[place:end]
    return huffman.decode(raw) if coded else raw, end


def _number(block: bytes, place: int, mask: int) -> tuple[int, int]:
    """An integer whose first bits are under the mask (section 5.1), and the place behind it."""
    if place >= len(block):
        raise ValueError("a header block is cut")
    value = block[place] & mask
    place += 1
    if value < mask:
        return value, place
    for shift in range(0, 7 * _MAX_NUMBER_BYTES, 7):
        if place >= len(block):
            break
        byte = block[place]
        place += 1
        value += (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, place
    raise ValueError("a header block has a number that is cut, or too large")
