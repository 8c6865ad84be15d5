"""The well-known messages that JSON writes in forms of their own: how each is read and printed.

Not Any and the wrappers, whose forms are those of what they hold: json_read and json_print have these.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Read = Callable[[Any, Any], None]
    """Reads a JSON value into an empty message; ValueError or TypeError where it does not fit."""

    Print = Callable[[Any], Any]
    """The message as a JSON value."""

MAX_VALUE_DEPTH = 32
"""Objects and arrays inside one another in a Struct, ListValue or Value. Each is three messages deep (Value, Struct and
the map's entry), and protobuf's parsers stop at 100: what is deeper could be written, but never be read again."""

# As everybody writes them. The rarer forms (other offsets than Z, fewer digits) are left to the protobuf library.
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - aware ones are slower, and print their offset.
_DAY = 86_400
_HOURS_AND_MINUTES = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02}" for second in range(60)]
_MAX_SECONDS = 315_576_000_000
"""10,000 years; google/protobuf/duration.proto."""


def _read_timestamp(message: Any, text: Any) -> None:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        message.FromJsonString(text)
        return
    time = datetime.fromisoformat(found[1]) - _EPOCH
    message.seconds = time.days * _DAY + time.seconds
    message.nanos = _nanos(found[2])


def _print_timestamp(message: Any) -> str:
    nanos = message.nanos
    if not 0 <= nanos < 1_000_000_000:
        raise ValueError("a timestamp's nanos are out of range")
    day, second = divmod(message.seconds, _DAY)
    return f"{_date(day)}T{_HOURS_AND_MINUTES[second // 60]}:{_SECONDS[second % 60]}{_fraction(nanos)}Z"


@lru_cache(1024)  # The times of an answer, and of one answer and the next, are mostly of few days.
def _date(day: int) -> str:
    try:
        return (_EPOCH + timedelta(day)).date().isoformat()
    except OverflowError:
        raise ValueError("a timestamp is out of range") from None


def _read_duration(message: Any, text: Any) -> None:
    found = _DURATION.fullmatch(text)
    if found is None or int(found[2]) >= _MAX_SECONDS:
        message.FromJsonString(text)
        return
    sign = -1 if found[1] else 1
    message.seconds = sign * int(found[2])
    message.nanos = sign * _nanos(found[3])


def _print_duration(message: Any) -> str:
    seconds, nanos = message.seconds, message.nanos
    if not (0 <= seconds < _MAX_SECONDS and 0 <= nanos < 1_000_000_000):
        text: str = message.ToJsonString()
        return text
    return f"{seconds}{_fraction(nanos)}s"


def _nanos(digits: str | None) -> int:
    return int(digits.ljust(9, "0")) if digits else 0


def _fraction(nanos: int) -> str:
    """3, 6 or 9 digits, as many as are needed."""
    if not nanos:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03}"
    return f".{nanos // 1000:06}" if nanos % 1000 == 0 else f".{nanos:09}"


def _read_field_mask(message: Any, text: Any) -> None:
    message.FromJsonString(text)


def _print_field_mask(message: Any) -> str:
    text: str = message.ToJsonString()
    return text


def _read_struct(message: Any, value: Any, depth: int = 1) -> None:
    if type(value) is not dict:
        raise ValueError
    _check_depth(depth)
    message.SetInParent()
    fields = message.fields
    for key, item in value.items():
        _read_value(fields[key], item, depth)


def _print_struct(message: Any) -> dict[str, Any]:
    fields = message.fields
    return {key: _print_value(fields[key]) for key in fields}


def _read_list(message: Any, value: Any, depth: int = 1) -> None:
    if type(value) is not list:
        raise ValueError
    _check_depth(depth)
    message.SetInParent()
    add = message.values.add
    for item in value:
        _read_value(add(), item, depth)


def _print_list(message: Any) -> list[Any]:
    return [_print_value(value) for value in message.values[:]]


def _read_value(message: Any, item: Any, depth: int = 0) -> None:
    if type(item) is str:
        message.string_value = item
    elif type(item) is dict:
        _read_struct(message.struct_value, item, depth + 1)
    elif type(item) is list:
        _read_list(message.list_value, item, depth + 1)
    elif item is None:
        message.null_value = 0
    elif type(item) is bool:
        message.bool_value = item
    else:
        message.number_value = item


def _check_depth(depth: int) -> None:
    if depth > MAX_VALUE_DEPTH:
        raise ValueError


def _print_value(message: Any) -> Any:
    # WhichOneof takes several times as long as any of these.
    if text := message.string_value:
        return text
    if number := message.number_value:
        return _finite(number)
    if message.HasField("struct_value"):
        return _print_struct(message.struct_value)
    if message.HasField("list_value"):
        return _print_list(message.list_value)
    kind = message.WhichOneof("kind")
    return None if kind is None or kind == "null_value" else getattr(message, kind)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("a google.protobuf.Value holds a number that JSON has no form for")
    return number


FORMS: Mapping[str, tuple[Read, Print]] = {
    "google.protobuf.Timestamp": (_read_timestamp, _print_timestamp),
    "google.protobuf.Duration": (_read_duration, _print_duration),
    "google.protobuf.FieldMask": (_read_field_mask, _print_field_mask),
    "google.protobuf.Struct": (_read_struct, _print_struct),
    "google.protobuf.ListValue": (_read_list, _print_list),
    "google.protobuf.Value": (_read_value, _print_value),
}
"""By the message's full name."""
