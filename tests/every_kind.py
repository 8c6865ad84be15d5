"""Messages with a field of every kind that protobuf has: `EveryKind` of proto3, `Old` of proto2."""

from __future__ import annotations

from google.protobuf import descriptor_pool, message_factory

from tests.compiled import PROTOS, compile_proto

for _name in ("every_kind.proto", "every_kind_2.proto"):
    compile_proto(PROTOS / _name)


def message(name: str):
    """The class of a message, by its full name."""
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


EveryKind = message("kinds.v1.EveryKind")
Old = message("kinds.v2.Old")
