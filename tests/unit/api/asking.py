"""What rules ask of methods, messages and fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from google.api import annotations_pb2, field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

from buf.validate import validate_pb2
from tests.unit.api.library import resource_of
from tollwayd.openapi.descriptors import option

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from google.protobuf.descriptor import Descriptor, MethodDescriptor

    from tests.unit.api.library import Api

STRING, BYTES, BOOL = FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_BOOL
INT32, INT64 = FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64
TIMESTAMP, FIELD_MASK = "google.protobuf.Timestamp", "google.protobuf.FieldMask"
EMPTY, HTTP_BODY = "google.protobuf.Empty", "google.api.HttpBody"

_STANDARD = re.compile("(Get|List|Create|Update|Delete|Batch(?:Get|Create|Update|Delete))([A-Z]\\w*)")
_VARIABLE = re.compile(r"\{([^}=]+)(?:=([^}]*))?\}")


class Binding(NamedTuple):
    """One way to call a method over HTTP."""

    verb: str
    template: str
    body: str

    @property
    def variables(self) -> dict[str, str]:
        """The fields that the path carries, and the pattern of each."""
        return {path: pattern or "*" for path, pattern in _VARIABLE.findall(self.template)}

    @property
    def shape(self) -> str:
        """The template without the names of variables: two of the same shape take the same paths."""
        return _VARIABLE.sub(lambda variable: variable[2] or "*", self.template)


def bindings(method: MethodDescriptor) -> list[Binding]:
    """How the method is called over HTTP."""
    first = option(method, annotations_pb2.http)
    rules = [rule for rule in (first, *first.additional_bindings) if rule.WhichOneof("pattern")]
    return [Binding(rule.WhichOneof("pattern"), getattr(rule, rule.WhichOneof("pattern")), rule.body) for rule in rules]


def is_raw(method: MethodDescriptor, _api: Api | None = None) -> bool:
    """Whether the method answers with bytes of somebody else's API, to which no rule of ours applies."""
    return method.output_type.full_name == HTTP_BODY


def standard(method: MethodDescriptor) -> tuple[str, str]:
    """The verb and the noun of a standard or batch method; empty ones of a custom method."""
    found = _STANDARD.fullmatch(method.name)
    return ("", "") if is_raw(method) or found is None else (found[1], found[2])


def verb(*verbs: str) -> Callable[[MethodDescriptor, Api], bool]:
    """Chooses the methods that have one of these verbs."""
    return lambda method, _api: standard(method)[0] in verbs


def is_custom(method: MethodDescriptor, _api: Api) -> bool:
    """Whether the method is neither standard nor somebody else's."""
    return not is_raw(method) and not standard(method)[0]


def target(method: MethodDescriptor, api: Api) -> Descriptor | None:
    """The resource that a standard method is about."""
    kind, noun = standard(method)
    many = kind == "List" or kind.startswith("Batch")
    for message in api.resources:
        plural = resource_of(message).plural
        name = plural[:1].upper() + plural[1:] if many else message.name
        if name == noun and message.file.package == method.containing_service.file.package:
            return message
    return None


def has_target(*verbs: str) -> Callable[[MethodDescriptor, Api], bool]:
    """Chooses the methods that have one of these verbs and a resource that they are about."""
    return lambda method, api: standard(method)[0] in verbs and target(method, api) is not None


def is_nested(message: Descriptor) -> bool:
    """Whether the resource has a parent."""
    return any(pattern.count("{") > 1 for pattern in resource_of(message).pattern)


def is_singleton(message: Descriptor) -> bool:
    """Whether each parent has exactly one of the resource (AIP-156)."""
    return any(not pattern.endswith("}") for pattern in resource_of(message).pattern)


def field_at(message: Descriptor, path: str) -> FieldDescriptor | None:
    """The field of a dotted path; None where there is none."""
    first, _, rest = path.partition(".")
    field = message.fields_by_name.get(first)
    if field is None or not rest:
        return field
    return field_at(field.message_type, rest) if field.message_type is not None and not field.is_repeated else None


def names(message: Descriptor) -> set[str]:
    """The names of the message's fields."""
    return {field.name for field in message.fields}


def is_string(field: FieldDescriptor | None) -> bool:
    """Whether the field is there and is one string."""
    return field is not None and field.type == STRING and not field.is_repeated


def is_message(field: FieldDescriptor | None, full_name: str) -> bool:
    """Whether the field is there and is of this message type."""
    return field is not None and field.message_type is not None and field.message_type.full_name == full_name


def behaviors(field: FieldDescriptor) -> Collection[int]:
    """The field's google.api.field_behavior (AIP-203)."""
    return option(field, field_behavior_pb2.field_behavior)


def limits(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """The field's rules for protovalidate."""
    return option(field, validate_pb2.field)


def parts(field: FieldDescriptor) -> list[tuple[FieldDescriptor, validate_pb2.FieldRules]]:
    """The single values that a field holds, with the rules of each: a map's keys and values, a list's items, itself."""
    rules = limits(field)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name
        return [(entry["key"], rules.map.keys), (entry["value"], rules.map.values)]
    return [(field, rules.repeated.items if field.is_repeated else rules)]


def taken(message: Descriptor) -> Iterator[FieldDescriptor]:
    """The fields that callers may send in a message, those of messages of the same package within it included."""
    seen, waiting = {message.full_name}, [message]
    while waiting:
        for field in waiting.pop().fields:
            if field_behavior_pb2.OUTPUT_ONLY in behaviors(field):
                continue
            yield field
            inner = field.message_type
            if inner is not None and inner.file.package == message.file.package and inner.full_name not in seen:
                seen.add(inner.full_name)
                waiting.append(inner)


def snake(name: str) -> str:
    """`ApiKey` and `apiKey` as `api_key`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`ApiKey` as `apiKey`."""
    return name[:1].lower() + name[1:]
