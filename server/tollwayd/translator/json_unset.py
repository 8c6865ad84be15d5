"""Prints unset messages as null, as grpc-gateway's EmitUnpopulated does and google.protobuf.json_format does not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tollwayd.translator.fields import descriptor, is_map, is_plain, map_entry

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message


def print_unset_messages(message: Message, printed: dict[str, Any]) -> None:
    """Adds to what was printed of the message, at every depth, null for each message field that is not set.

    Members of a oneof are left out, as the other members say that they are not meant.
    """
    for field in _message_fields(descriptor(message)):
        if not field.is_repeated:
            _print_singular(message, field, printed)
        elif not is_map(field):
            _print_all(getattr(message, field.name), field, printed[field.json_name])
        else:
            entries = getattr(message, field.name)
            _print_all([entries[key] for key in entries], map_entry(field)[1], printed[field.json_name].values())


def _print_singular(message: Message, field: FieldDescriptor, printed: dict[str, Any]) -> None:
    if message.HasField(field.name):
        if is_plain(field.message_type):
            print_unset_messages(getattr(message, field.name), printed[field.json_name])
    elif field.containing_oneof is None:
        printed[field.json_name] = None


def _print_all(messages: Any, field: FieldDescriptor, printed: Any) -> None:
    if is_plain(field.message_type):
        for message, each in zip(messages, printed, strict=True):
            print_unset_messages(message, each)


@cache
def _message_fields(message: Descriptor) -> tuple[FieldDescriptor, ...]:
    return tuple(field for field in message.fields if field.message_type is not None)
