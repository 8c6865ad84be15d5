"""The JSON Schemas of scalars and of Google's well-known types (the ProtoJSON mapping, protobuf.dev)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor import FieldDescriptor as Field

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]
"""A JSON Schema (2020-12) object."""

_INT32: Final = {"type": "integer", "format": "int32"}
_UINT32: Final = {"type": "integer", "format": "uint32", "minimum": 0}
# 64 bits are more than a JSON number carries in JavaScript, so ProtoJSON writes them as strings.
_INT64: Final = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}
_UINT64: Final = {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"}
# Of either alphabet, padded or not (RFC 4648, sections 4 and 5).
_BASE64: Final = "^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$"
_BYTES: Final = {"type": "string", "contentEncoding": "base64", "pattern": _BASE64}
_DOUBLE: Final = {"type": "number", "format": "double"}
_FLOAT: Final = {"type": "number", "format": "float"}

SCALARS: Final[Mapping[int, Schema]] = {
    Field.TYPE_DOUBLE: _DOUBLE,
    Field.TYPE_FLOAT: _FLOAT,
    Field.TYPE_INT32: _INT32,
    Field.TYPE_SINT32: _INT32,
    Field.TYPE_SFIXED32: _INT32,
    Field.TYPE_UINT32: _UINT32,
    Field.TYPE_FIXED32: _UINT32,
    Field.TYPE_INT64: _INT64,
    Field.TYPE_SINT64: _INT64,
    Field.TYPE_SFIXED64: _INT64,
    Field.TYPE_UINT64: _UINT64,
    Field.TYPE_FIXED64: _UINT64,
    Field.TYPE_BOOL: {"type": "boolean"},
    Field.TYPE_STRING: {"type": "string"},
    Field.TYPE_BYTES: _BYTES,
}
"""By field type."""

IN_A_PARAMETER: Final[Mapping[str, Schema]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
        "examples": ["1.5s"],
    },
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.DoubleValue": _DOUBLE,
    "google.protobuf.FloatValue": _FLOAT,
    "google.protobuf.Int64Value": _INT64,
    "google.protobuf.UInt64Value": _UINT64,
    "google.protobuf.Int32Value": _INT32,
    "google.protobuf.UInt32Value": _UINT32,
    "google.protobuf.BoolValue": {"type": "boolean"},
    "google.protobuf.StringValue": {"type": "string"},
    "google.protobuf.BytesValue": _BYTES,
}
"""The messages that are one value in JSON, and so may stand in a query: schemas by full name."""

MESSAGES: Final[Mapping[str, Schema]] = {
    **IN_A_PARAMETER,
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string", "description": "The URL of the message's type."}},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
}
"""All messages with a JSON form of their own."""

ENUMS: Final[Mapping[str, Schema]] = {"google.protobuf.NullValue": {"type": "null"}}
"""The enum with a JSON form of its own."""

HTTP_BODY: Final = "google.api.HttpBody"
"""The message that stands for a raw HTTP body where it is a whole request or response body."""
