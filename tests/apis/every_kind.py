"""Messages with a field of every kind that protobuf has: `EveryKind` of proto3, `Old` of proto2."""

from __future__ import annotations

from google.protobuf import (
    any_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

from tests.apis.compiled import PROTOS, compile_proto

# Imported so that the pool knows the files that the protos import.
IMPORTED = (any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)

for _name in ("every_kind.proto", "every_kind_2.proto"):
    compile_proto(PROTOS / _name)


def message(name: str):
    """The class of a message, by its full name."""
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


EveryKind = message("kinds.v1.EveryKind")
Old = message("kinds.v2.Old")
