"""Values of fields from the text of a URL: scalars, and the well-known messages that are written as one string."""

from __future__ import annotations

import math
import re
from binascii import a2b_base64
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from tollwayd.translator.fields.fields import TEXT_FORMS, descriptor, is_wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.descriptor import EnumDescriptor
    from google.protobuf.message import Message

_WHOLE = re.compile(r"-?[0-9]{1,20}")  # 20 digits hold any 64-bit number; int() is quadratic in its digits.
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}  # As proto3 JSON spells them.
_UPPER_CASE = re.compile("[A-Z]")
_FLOAT_LIMIT = 3.4028235677973366e38
"""The least number that has no nearest float of 32 bits: half a step above the largest."""


def is_text(field: FieldDescriptor) -> bool:
    """Whether one value of the field can be written as text: any scalar, enum, or well-known message of that kind."""
    message = field.message_type
    return message is None or message.full_name in TEXT_FORMS or is_wrapper(message)


def scalar(field: FieldDescriptor, text: str) -> Any:
    """The value of a scalar or enum field; ValueError where `text` is not one."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64_bytes(text)
    if field.enum_type is not None:
        return _enum(field.enum_type, text)
    return _SCALARS[field.cpp_type](text)


def read_message(message: Message, text: str) -> None:
    """Fills a well-known message from its text; ValueError where it is not one."""
    name = descriptor(message).full_name
    if name == "google.protobuf.FieldMask":
        message.paths.extend(_snake_case(path) for path in text.split(",") if path)  # type: ignore[attr-defined]
        message.ToJsonString()  # type: ignore[attr-defined] # ValueError where JSON has no words for it: `a__b`.
    elif name in TEXT_FORMS:
        message.FromJsonString(text)  # type: ignore[attr-defined]
    else:
        message.value = scalar(descriptor(message).fields_by_name["value"], text)  # type: ignore[attr-defined]


def is_whole(text: str) -> bool:
    """Whether the text is an integer of up to 64 bits or a little more."""
    return _WHOLE.fullmatch(text) is not None


def whole(text: str) -> int:
    """That integer; ValueError where the text is not one."""
    if not is_whole(text):
        raise ValueError
    return int(text)


def double(text: str) -> float:
    """A number, or one of proto3 JSON's three names for what is none; ValueError where the text is neither."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    if math.isinf(number):
        raise ValueError
    return number


def float32(number: float) -> float:
    """The number itself; ValueError where 32 bits would make infinity of it."""
    if math.isfinite(number) and abs(number) >= _FLOAT_LIMIT:
        raise ValueError
    return number


def base64_bytes(text: str) -> bytes:
    """Base64 or base64url (RFC 4648, sections 4 and 5), padded or not; ValueError where the text is neither."""
    text = text.replace("-", "+").replace("_", "/")
    if len(text) % 4:
        text += "=" * (-len(text) % 4)
    return a2b_base64(text, strict_mode=True)


def _bool(text: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _float(text: str) -> float:
    return float32(double(text))


def _enum(enum: EnumDescriptor, text: str) -> int:
    numbers = _numbers(enum)
    number = numbers.get(text, numbers.get(text.upper()))
    if number is not None:
        return number
    number = whole(text)
    if enum.is_closed and number not in enum.values_by_number:
        raise ValueError(text)
    return number


@cache
def _numbers(enum: EnumDescriptor) -> Mapping[str, int]:
    in_any_case = {value.name.upper(): value.number for value in enum.values}
    return in_any_case | {value.name: value.number for value in enum.values}


def _snake_case(path: str) -> str:
    return _UPPER_CASE.sub(lambda letter: "_" + letter[0].lower(), path)


_SCALARS: Mapping[int, Callable[[str], Any]] = {
    FieldDescriptor.CPPTYPE_INT32: whole,
    FieldDescriptor.CPPTYPE_UINT32: whole,
    FieldDescriptor.CPPTYPE_INT64: whole,
    FieldDescriptor.CPPTYPE_UINT64: whole,
    FieldDescriptor.CPPTYPE_DOUBLE: double,
    FieldDescriptor.CPPTYPE_FLOAT: _float,
    FieldDescriptor.CPPTYPE_BOOL: _bool,
    FieldDescriptor.CPPTYPE_STRING: str,
}
