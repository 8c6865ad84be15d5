"""One scalar or enum value as JSON writes it, and back: https://protobuf.dev/programming-guides/json/, by kind."""

from __future__ import annotations

import math
import struct
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from tollwayd.translator.fields.fields import is_null_value, takes_null
from tollwayd.translator.fields.scalars import base64_bytes, double, float32, is_whole, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.descriptor import EnumDescriptor

    Convert = Callable[[Any], Any]

_pack, _unpack = struct.Struct("f").pack, struct.Struct("f").unpack


def from_json(field: FieldDescriptor) -> Convert | None:
    """What makes a field's value of a JSON value; it raises ValueError or TypeError. None: the field itself does.

    Integers still have to be held to their range, and strings to their type: the field does so when it is set.
    """
    if field.enum_type is not None:
        return _enum_reader(field)
    return _bytes_from_json if field.type == FieldDescriptor.TYPE_BYTES else _FROM_JSON[field.cpp_type]


def to_json(field: FieldDescriptor) -> Convert | None:
    """What makes a JSON value of a field's value. None: it is one already."""
    if field.enum_type is not None:
        return _enum_printer(field)
    return bytes_to_json if field.type == FieldDescriptor.TYPE_BYTES else _TO_JSON.get(field.cpp_type)


def key_from_json(field: FieldDescriptor) -> Convert | None:
    """The same for a map's key, which JSON always writes as a string."""
    return _KEY_FROM_JSON.get(field.cpp_type, _whole_text)


def key_to_json(field: FieldDescriptor) -> Convert | None:
    """The same for a map's key, which JSON always writes as a string."""
    return _KEY_TO_JSON.get(field.cpp_type, str)


def name_check(enum: EnumDescriptor) -> Callable[[Any], bool]:
    """What says whether a JSON value is anything but an unknown name of the enum."""
    numbers = _numbers(enum)
    return lambda item: type(item) is not str or item in numbers or is_whole(item)


def _numbers(enum: EnumDescriptor) -> Mapping[str, int]:
    return {value.name: value.number for value in enum.values}


def _enum_reader(field: FieldDescriptor) -> Convert:
    assert field.enum_type is not None
    numbers = _numbers(field.enum_type)

    def read(item: Any) -> int:
        if type(item) is not str:
            return _whole(item)
        number = numbers.get(item)
        return whole(item) if number is None else number

    # Only singular fields are ever given null, and only where it is a value.
    return (lambda item: 0 if item is None else read(item)) if takes_null(field) else read


def _enum_printer(field: FieldDescriptor) -> Convert:
    if is_null_value(field):
        return lambda _: None
    assert field.enum_type is not None
    # Of aliases the first is the name.
    return _Names((value.number, value.name) for value in reversed(field.enum_type.values)).__getitem__


class _Names(dict[int, str]):
    """Enum values' names by number; numbers without a name stand for themselves."""

    def __missing__(self, number: int) -> int:
        return number


def _whole(item: Any) -> int:
    if type(item) is int:
        return item
    if type(item) is str:
        return _whole_text(item)
    # Also 1e5 and 1.0 are whole numbers.
    if type(item) is float and item.is_integer():
        return int(item)
    raise ValueError


def _whole_text(text: str) -> int:
    try:
        return whole(text)
    except ValueError:
        return _whole(double(text))


def _double(item: Any) -> float:
    if type(item) is float or type(item) is int:
        return item
    if type(item) is str:
        return double(item)
    raise ValueError


def _float(item: Any) -> float:
    return float32(_double(item))


def _bool(item: Any) -> bool:
    if item is True or item is False:
        return item
    raise ValueError


def _bool_key(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


def _bytes_from_json(item: Any) -> bytes:
    if type(item) is not str:
        raise ValueError
    return base64_bytes(item)


def bytes_to_json(value: bytes) -> str:
    """Base64, which JSON writes bytes in."""
    return b2a_base64(value, newline=False).decode()


def _double_to_json(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _float_to_json(value: float) -> float | str:
    """The shortest of the numbers that are this one in 32 bits: 0.1, not 0.10000000149011612."""
    if not math.isfinite(value):
        return _double_to_json(value)
    shorter = float(f"{value:.6g}")
    if shorter == value or _unpack(_pack(shorter))[0] == value:
        return shorter
    for digits in (7, 8):
        shorter = float(f"{value:.{digits}g}")
        if _unpack(_pack(shorter))[0] == value:
            return shorter
    return float(f"{value:.9g}")  # Nine digits tell any two of them apart.


_FROM_JSON: Mapping[int, Convert | None] = {
    FieldDescriptor.CPPTYPE_INT32: _whole,
    FieldDescriptor.CPPTYPE_UINT32: _whole,
    FieldDescriptor.CPPTYPE_INT64: _whole,
    FieldDescriptor.CPPTYPE_UINT64: _whole,
    FieldDescriptor.CPPTYPE_DOUBLE: _double,
    FieldDescriptor.CPPTYPE_FLOAT: _float,
    FieldDescriptor.CPPTYPE_BOOL: _bool,
    FieldDescriptor.CPPTYPE_STRING: None,
}
_TO_JSON: Mapping[int, Convert] = {
    # Strings, as JavaScript's numbers hold no more than 53 bits.
    FieldDescriptor.CPPTYPE_INT64: str,
    FieldDescriptor.CPPTYPE_UINT64: str,
    FieldDescriptor.CPPTYPE_DOUBLE: _double_to_json,
    FieldDescriptor.CPPTYPE_FLOAT: _float_to_json,
}
_KEY_FROM_JSON: Mapping[int, Convert | None] = {
    FieldDescriptor.CPPTYPE_STRING: None,
    FieldDescriptor.CPPTYPE_BOOL: _bool_key,
}
_KEY_TO_JSON: Mapping[int, Convert | None] = {
    FieldDescriptor.CPPTYPE_STRING: None,
    FieldDescriptor.CPPTYPE_BOOL: {True: "true", False: "false"}.__getitem__,
}
