"""What google.api.field_behavior (AIP-203) says of a resource's fields, held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from google.api import field_behavior_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tollwayd.core.errors import FieldViolation, Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.descriptor import FieldDescriptor

__all__ = ["check_resource", "fields_of", "is_writable", "writable_copy"]

MessageT = TypeVar("MessageT", bound=Message)

MAX_VIOLATIONS = 20
"""How many violations an answer names; nobody reads more at once."""

_GIVEN_BY_GATEWAY = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER}


def fields_of(message: Message) -> Sequence[FieldDescriptor]:
    """The fields of a message's type, set or not."""
    return cast("Sequence[FieldDescriptor]", message.DESCRIPTOR.fields)


def is_writable(field: FieldDescriptor) -> bool:
    """Whether callers give this field its value; AIP-203 has what they send for the others ignored."""
    return _GIVEN_BY_GATEWAY.isdisjoint(_behaviors(field))


def writable_copy(resource: MessageT) -> MessageT:
    """The resource with what callers may set, and nothing else: no output of the gateway, no field that this version
    does not know, and no etag, which is of the stored version and not of its content."""
    copy = type(resource)()
    copy.CopyFrom(resource)
    copy.DiscardUnknownFields()
    for field in fields_of(copy):
        if field.name == "etag" or not is_writable(field):
            copy.ClearField(field.name)
    return copy


def check_resource(resource: Message, field: str) -> None:
    """REASON_FIELD_INVALID where a required field lacks a value, or a time is none that can be written as JSON.

    It is for the resource as it will be stored: a change may name a few fields, and the rest comes from before.
    `field` is the resource's own JSON name in the request.
    """
    violations = [violation for violation, _ in zip(_violations(resource, field), range(MAX_VIOLATIONS), strict=False)]
    if violations:
        first = violations[0]
        raise TollwayError(
            Reason.REASON_FIELD_INVALID,
            f"{first.field}: {first.description}",
            metadata={"field": first.field},
            violations=violations,
        )


def _violations(message: Message, path: str) -> Iterator[FieldViolation]:
    populated = message.ListFields()
    names = {field.name for field, _ in populated}
    for field in fields_of(message):
        if field.name not in names and field_behavior_pb2.REQUIRED in _behaviors(field):
            yield FieldViolation(f"{path}.{field.json_name}", "is required")
    for field, value in populated:
        # Our maps hold strings, of which there is nothing to say.
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for place, child in _children(value, f"{path}.{field.json_name}"):
                yield from (
                    _times(child, place) if isinstance(child, Timestamp | Duration) else _violations(child, place)
                )


def _children(value: Any, path: str) -> Iterator[tuple[str, Message]]:
    if isinstance(value, Message):
        yield path, value
        return
    for position, child in enumerate(value):
        yield f"{path}[{position}]", child


def _times(time: Timestamp | Duration, path: str) -> Iterator[FieldViolation]:
    # The binary form can hold times that no clock shows. Stored once, one would break every answer with it in.
    try:
        time.ToJsonString()
    except ValueError:
        yield FieldViolation(path, "is out of the range that a time can have")


def _behaviors(field: FieldDescriptor) -> Any:
    return field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
