"""Messages out of bytes, unless they are made of more fields than anybody sends.

The library parses without a break: 32 MB of empty messages, two bytes each, hold all other calls up for most of a
second. As many bytes in few fields, such as pictures, are parsed in no time.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from google.protobuf.message import DecodeError

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.paced import paced

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from tollwayd.core.paced import Steps

    Shape = dict[int, "Shape"]
    """The message fields of a message, by their numbers, each with the same of its own type."""

MAX_FIELDS: Final = 600_000
"""Of a message, with all within it: a conversation of 100,000 messages with a text each, which is the longest, has
500,000. They are parsed in 20 ms. To count them takes a quarter of a second, in which other calls go on."""

UNCOUNTED_BYTES = 2 * MAX_FIELDS
"""Messages up to this size are parsed as they are: a field has two bytes at least."""

_VARINT, _FIXED64, _BYTES, _GROUP, _GROUP_END, _FIXED32 = range(6)
_MAX_VARINT_BITS: Final = 70
_STEP_FIELDS: Final = 64


class Parser:
    """Parses the messages of one type."""

    def __init__(self, message_class: type[Message]) -> None:
        self._class: Final = message_class

    async def parse(self, data: bytes) -> Message:
        """The message. TollwayError where it is none, or has too many fields."""
        try:
            if len(data) > UNCOUNTED_BYTES:
                await paced(self._count(data))
            return self._class.FromString(data)
        except (DecodeError, IndexError):
            name = self._class.DESCRIPTOR.full_name
            raise TollwayError(Reason.REASON_REQUEST_MALFORMED, f"The message is not a valid {name}.") from None

    @cached_property
    def _shape(self) -> Shape:
        return _shape(cast("Descriptor", self._class.DESCRIPTOR), {})

    def _count(self, data: bytes) -> Steps[None]:
        """Goes through all fields (protobuf.dev, "Encoding"). DecodeError or IndexError for what cannot be parsed."""
        left = MAX_FIELDS
        place, end, shape = 0, len(data), self._shape
        around = []
        while True:
            while place < end:
                left -= 1
                if not left % _STEP_FIELDS:
                    yield
                if left < 0:
                    raise TollwayError(Reason.REASON_BODY_TOO_LARGE, f"The message has more than {MAX_FIELDS} fields.")
                tag, place = _varint(data, place)
                kind = tag & 7
                if kind == _BYTES:
                    size, place = _varint(data, place)
                    if (inner := shape.get(tag >> 3)) is None:
                        place += size
                    else:
                        around.append((end, shape))
                        end, shape = place + size, inner
                elif kind == _VARINT:
                    _, place = _varint(data, place)
                else:
                    place += _size(kind)
            if place > end:
                raise DecodeError
            if not around:
                return
            end, shape = around.pop()


def _size(kind: int) -> int:
    if kind in {_GROUP, _GROUP_END}:  # What is within a group is counted as if it were beside it.
        return 0
    if kind in {_FIXED32, _FIXED64}:
        return 4 if kind == _FIXED32 else 8
    raise DecodeError


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = data[place]
    place += 1
    if value < 0x80:
        return value, place
    value &= 0x7F
    for shift in range(7, _MAX_VARINT_BITS, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise DecodeError


def _shape(descriptor: Descriptor, known: dict[str, Shape]) -> Shape:
    if (found := known.get(descriptor.full_name)) is None:
        found = known[descriptor.full_name] = {}
        for field in descriptor.fields:
            if field.message_type is not None:
                found[field.number] = _shape(field.message_type, known)
    return found
