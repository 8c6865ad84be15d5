"""Values in filters: what text after an operator means for a field of each type, and in what order values stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tollwayd.admin.resources.filter_syntax import filter_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.descriptor import EnumDescriptor

    from tollwayd.admin.resources.filter_syntax import Comparison

__all__ = ["ValueType", "value_type"]


class ValueType(NamedTuple):
    """How one type of field is compared. `read` makes the text comparable (ValueError where it is none), `key` makes a
    field's value comparable to it, and `example` shows what to write."""

    read: Callable[[str], Any]
    key: Callable[[Any], Any]
    ordered: bool
    quotable: bool
    example: str

    def wanted(self, comparison: Comparison) -> Any:
        """The comparison's value. REASON_FILTER_INVALID where the text is none of this type."""
        try:
            if self.quotable or not comparison.quoted:
                return self.read(comparison.value)
        except ValueError:
            pass
        raise filter_error(comparison.value_start, f"this field takes a value such as {self.example}")


def value_type(field: FieldDescriptor) -> ValueType | None:
    """How values of this field are compared; None for messages and bytes, which are not."""
    if field.message_type is not None:
        return _MESSAGES.get(field.message_type.full_name)
    if field.enum_type is not None:
        return _enum(field.enum_type)
    return _SCALARS.get(field.cpp_type)


def _same(value: Any) -> Any:
    return value


def _moment(value: Timestamp | Duration) -> tuple[int, int]:
    return value.seconds, value.nanos


def _read_timestamp(text: str) -> tuple[int, int]:
    timestamp = Timestamp()
    timestamp.FromJsonString(text)
    return _moment(timestamp)


def _read_duration(text: str) -> tuple[int, int]:
    duration = Duration()
    duration.FromJsonString(text)
    return _moment(duration)


def _read_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _read_number(text: str) -> int | float:
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return float(text) if "." in text else int(text)


def _enum(enum: EnumDescriptor) -> ValueType:
    values = enum.values_by_name

    def read(text: str) -> int:
        if text not in values:
            raise ValueError
        number: int = values[text].number
        return number

    return ValueType(read, _same, ordered=False, quotable=False, example=", ".join(values))


# Longer ones are in no field, and take Python's integers time.
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")

_INTEGER: Final = ValueType(_read_number, _same, ordered=True, quotable=False, example="42")
_FLOAT: Final = ValueType(_read_number, _same, ordered=True, quotable=False, example="0.5")

_SCALARS: Final[Mapping[int, ValueType]] = {
    FieldDescriptor.CPPTYPE_STRING: ValueType(str, _same, ordered=True, quotable=True, example='"Front desk"'),
    FieldDescriptor.CPPTYPE_BOOL: ValueType(_read_bool, _same, ordered=False, quotable=False, example="true or false"),
    FieldDescriptor.CPPTYPE_INT32: _INTEGER,
    FieldDescriptor.CPPTYPE_INT64: _INTEGER,
    FieldDescriptor.CPPTYPE_UINT32: _INTEGER,
    FieldDescriptor.CPPTYPE_UINT64: _INTEGER,
    FieldDescriptor.CPPTYPE_FLOAT: _FLOAT,
    FieldDescriptor.CPPTYPE_DOUBLE: _FLOAT,
}

_MESSAGES: Final[Mapping[str, ValueType]] = {
    "google.protobuf.Timestamp": ValueType(
        _read_timestamp, _moment, ordered=True, quotable=True, example='"2031-05-01T08:00:00Z"'
    ),
    "google.protobuf.Duration": ValueType(_read_duration, _moment, ordered=True, quotable=True, example="20s"),
}
