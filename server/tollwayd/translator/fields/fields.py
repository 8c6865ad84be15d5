"""Fields by the names that callers write: proto name or JSON name, and the nearest one when it is neither."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, TypeGuard, cast

from google.protobuf.descriptor import FieldDescriptor

from tollwayd.core.errors import TollwayError, invalid_field, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import Descriptor, EnumDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

# Names are quoted in errors only where they look like names: nothing else that a caller sent is ever sent back.
_QUOTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

TEXT_FORMS: Mapping[str, str] = {
    "google.protobuf.Timestamp": 'has to be a time such as "2026-01-31T09:00:00Z" (RFC 3339)',
    "google.protobuf.Duration": 'has to be a number of seconds followed by "s", such as "1.5s"',
    "google.protobuf.FieldMask": 'has to be field names separated by commas, such as "displayName,labels"',
}
"""Well-known messages that JSON and URLs write as one string, and how it looks."""

_OWN_FORMS = {
    *TEXT_FORMS,
    "google.protobuf.Any",
    "google.protobuf.ListValue",
    "google.protobuf.Struct",
    "google.protobuf.Value",
}

WRAPPERS = "google/protobuf/wrappers.proto"
"""The file whose messages stand for their one scalar."""

_FORMS: Mapping[int, str] = {
    FieldDescriptor.CPPTYPE_INT32: "takes whole numbers only, of 32 bits",
    FieldDescriptor.CPPTYPE_UINT32: "takes whole numbers only, of 32 bits and not negative",
    FieldDescriptor.CPPTYPE_INT64: "takes whole numbers only, of 64 bits",
    FieldDescriptor.CPPTYPE_UINT64: "takes whole numbers only, of 64 bits and not negative",
    FieldDescriptor.CPPTYPE_DOUBLE: "has to be a number",
    FieldDescriptor.CPPTYPE_FLOAT: "has to be a number in the range of 32-bit floats",
    FieldDescriptor.CPPTYPE_BOOL: "has to be true or false",
    FieldDescriptor.CPPTYPE_STRING: "has to be a string of valid Unicode",
}

OBJECT = "has to be an object"
"""What a map has to be, and a message."""


def descriptor(message: Message) -> Descriptor:
    """The message's descriptor; the stubs know it as one of two classes."""
    return cast("Descriptor", message.DESCRIPTOR)


@cache
def fields_by_name(message: Descriptor) -> Mapping[str, FieldDescriptor]:
    """The message's fields under both of their names."""
    named = {field.name: field for field in message.fields}
    return named | {field.json_name: field for field in message.fields}


def is_map(field: FieldDescriptor) -> bool:
    """Whether the field is a map."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def map_entry(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    """The key and the value of a map field, as fields."""
    assert field.message_type is not None
    entry = field.message_type.fields_by_name
    return entry["key"], entry["value"]


def is_wrapper(message: Descriptor) -> bool:
    """Whether the message is one of google.protobuf's wrappers, such as StringValue."""
    return message.file.name == WRAPPERS


def is_null_value(field: FieldDescriptor) -> bool:
    """Whether the field is of the enum NullValue, whose only value JSON writes as null."""
    return field.enum_type is not None and field.enum_type.full_name == "google.protobuf.NullValue"


def takes_null(field: FieldDescriptor) -> bool:
    """Whether null is a value of the field, where to all others it means that they are not set."""
    message = field.message_type
    return not field.is_repeated and (
        is_null_value(field) or (message is not None and message.full_name == "google.protobuf.Value")
    )


def any_type(url: str, pool: DescriptorPool) -> Descriptor | None:
    """The type of message that an Any with this URL holds; None if the pool, which is the Any's own, has none."""
    try:
        return pool.FindMessageTypeByName(url.rpartition("/")[2])
    except KeyError:
        return None


def is_plain(message: Descriptor | None) -> TypeGuard[Descriptor]:
    """Whether this is a message that JSON writes field by field, not in a form of its own."""
    return message is not None and not is_wrapper(message) and message.full_name not in _OWN_FORMS


def form(field: FieldDescriptor) -> str:
    """What one value of the field has to be, for people."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "has to be base64"
    if field.enum_type is not None:
        return f"has to be one of {listed(_enum_names(field.enum_type))}"
    if field.message_type is None:
        return _FORMS[field.cpp_type]
    if is_wrapper(field.message_type):
        return form(field.message_type.fields_by_name["value"])
    return TEXT_FORMS.get(field.message_type.full_name) or _object_form(field.message_type)


def _object_form(message: Descriptor) -> str:
    names = [field.json_name for field in message.fields] if is_plain(message) else []
    return f"{OBJECT} with {listed(names)}" if names else OBJECT


def _enum_names(enum: EnumDescriptor) -> list[str]:
    """The enum's names, but for the one that says that it is not set (AIP-126), if there are others."""
    names = [value.name for value in enum.values]
    return [name for name in names if not name.endswith("_UNSPECIFIED")] or names


def quotable(name: str) -> bool:
    """Whether an error may quote this name, which a caller wrote."""
    return _QUOTABLE.fullmatch(name) is not None


def unknown_field(parent: str, name: str, known: Mapping[str, FieldDescriptor]) -> TollwayError:
    """The error for a field that does not exist: its path in JSON names, and the nearest of the `known` fields."""
    if not quotable(name):
        return invalid_field(parent or "(name)", "has a field of a name that no field has")
    nearest = get_close_matches(name, known, n=1)
    hint = f"; did you mean {known[nearest[0]].json_name}?" if nearest else ""
    return invalid_field(join(parent, name), f"there is no such field{hint}")


def join(parent: str, name: str) -> str:
    """A field's path below its parent's."""
    return f"{parent}.{name}" if parent else name
