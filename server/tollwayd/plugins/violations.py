"""What callers are told of the rules that their request breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.api import annotations_pb2

from tollwayd.core.errors import FieldViolation, Reason, TollwayError, listed
from tollwayd.plugins.patterns import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from protovalidate import Violation

_REQUIRED: Final = "is required"

_QUOTABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
"""Keys of maps are said only where they look like names: nothing else that a caller sent is ever sent back."""

_OF_ABSENT_TEXT: Final = ("string.pattern", "string.min_len")
"""Rules that a text which is not given breaks: proto3 does not tell it from an empty one."""


def refusal(method: str, request: Descriptor, violations: Sequence[Violation]) -> TollwayError:
    """REASON_FIELD_INVALID for these violations of one request, of which there is at least one.

    `method` is the full gRPC name of the method that it is for, as `Call.method`.
    """
    found = [_found(method, request, each) for each in violations]
    first = found[0]
    return TollwayError(
        Reason.REASON_FIELD_INVALID,
        f"{first.field}: {first.description}",
        metadata={"field": first.field},
        violations=found,
    )


def _found(method: str, request: Descriptor, violation: Violation) -> FieldViolation:
    """Where: `model.targets[1].provider`, in JSON names. What: in protovalidate's words, where they say enough."""
    parts: list[str] = []
    place = None
    inside: Descriptor | None = request
    for element in violation.proto.field.elements if violation.proto.field else ():
        field = inside.fields_by_name.get(element.field_name) if inside else None
        place = _Place(inside, field, element)
        parts.append((field.json_name if field else element.field_name) + _subscript(element))
        inside = field.message_type if field else None
    description = violation.proto.message if place is None else _description(violation, place)
    if description == _REQUIRED and len(parts) == 1 and place and place.field and _in_query(method, place.field):
        description = f"{_REQUIRED}; over REST it is the query parameter {parts[0]}"
    return FieldViolation(".".join(parts), description)


class _Place(NamedTuple):
    """The last element of a violation's path, with its field, None for a oneof, and the message that has it."""

    message: Descriptor | None
    field: FieldDescriptor | None
    element: Any


def _description(violation: Violation, place: _Place) -> str:
    rule = violation.proto.rule_id
    if place.message and (oneof := place.message.oneofs_by_name.get(place.element.field_name)):
        # JSON has no name for it.
        return f"exactly one field is required of {listed([each.json_name for each in oneof.fields])}"
    if place.field and place.field.enum_type and rule.startswith("enum."):
        # By number 0 it is not set; an unknown name, where these are passed over, leaves it so.
        return f"has to be one of {listed([each.name for each in place.field.enum_type.values if each.number])}"
    if rule == "required" or (
        rule in _OF_ABSENT_TEXT and not violation.field_value and place.element.subscript is None
    ):
        return _REQUIRED
    if rule == "string.pattern" and (words := WORDS.get(violation.rule_value)):
        return f"{'its key ' if violation.proto.for_key else ''}has to be {words}"
    return violation.proto.message


def _subscript(element: Any) -> str:
    if element.subscript is None:
        return ""
    value = element.subscript.value
    return f"[{value}]" if not isinstance(value, str) or _QUOTABLE.fullmatch(value) else ""


def _in_query(method: str, field: FieldDescriptor) -> bool:
    """Whether REST takes this field of the method's request as a query parameter (google/api/http.proto)."""
    assert field.containing_type is not None
    try:
        called = field.containing_type.file.pool.FindMethodByName(method.strip("/").replace("/", "."))
    except KeyError:
        return False
    rule = called.GetOptions().Extensions[annotations_pb2.http]
    kind = rule.WhichOneof("pattern")
    if kind is None or rule.body in {"*", field.name}:
        return False
    path = rule.custom.path if kind == "custom" else getattr(rule, kind)
    return re.search(rf"\{{{field.name}[=}}.]", path) is None
