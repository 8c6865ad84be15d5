"""Messages and enums as JSON Schemas, after the ProtoJSON mapping."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

from google.api.field_behavior_pb2 import INPUT_ONLY, OUTPUT_ONLY, REQUIRED

from buf.validate import validate_pb2
from tollwayd.openapi import examples, limits
from tollwayd.openapi.descriptors import behaviors, option
from tollwayd.openapi.wellknown import ENUMS, MESSAGES, SCALARS, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor

    from tollwayd.openapi.descriptors import Descriptors

_NULL: Final = {"type": "null"}


class Schemas:
    """Gives schemas for the types of `descriptors`, and collects in `components` those that others refer to.

    Types of `package` are named without it, all others in full.
    """

    def __init__(self, descriptors: Descriptors, package: str) -> None:
        self.components: dict[str, Schema] = {}
        self.descriptors = descriptors
        self._prefix = f"{package}."

    def message(self, descriptor: Descriptor) -> Schema:
        """The schema of a message, or where it is among the components."""
        if descriptor.full_name in MESSAGES:
            return deepcopy(MESSAGES[descriptor.full_name])
        return self._reference(descriptor.full_name, lambda: self._object(descriptor))

    def body(self, descriptor: Descriptor, *, without: Collection[str] = (), partial: bool = False) -> Schema:
        """The schema of a request body: without the fields that the path carries, and `partial` with none required."""
        if descriptor.full_name in MESSAGES or not (without or partial):
            return self.message(descriptor)
        schema = self._object(descriptor, without)
        if partial:
            schema.pop("required", None)
        return schema

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field, with what its options and its comment say of it."""
        schema = self.value(field)
        if _is_nullable(field):
            schema = _or_null(schema)
        if comment := self.descriptors.comment(field.full_name):
            schema["description"] = comment
        if (example := examples.of_field(field, self.descriptors)) is not None:
            schema["examples"] = [example]
        if OUTPUT_ONLY in behaviors(field):
            schema["readOnly"] = True
        if INPUT_ONLY in behaviors(field):
            schema["writeOnly"] = True
        return schema | _deprecation(field)

    def value(self, field: FieldDescriptor) -> Schema:
        """The schema of a field's value alone, a map, an array or one value, within its limits."""
        if entry := map_entry(field):
            schema: Schema = {"type": "object", "additionalProperties": self._single(entry.fields_by_name["value"])}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._single(field)}
        else:
            schema = self._single(field)
        limits.limit(schema, field)
        if is_required(field) and not field.has_presence:
            _require(schema)
        return schema

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return dict(SCALARS[field.type])

    def _enum(self, descriptor: EnumDescriptor) -> Schema:
        if descriptor.full_name in ENUMS:
            return dict(ENUMS[descriptor.full_name])
        return self._reference(descriptor.full_name, lambda: self._enumeration(descriptor))

    def _reference(self, full_name: str, make: Callable[[], Schema]) -> Schema:
        name = full_name.removeprefix(self._prefix)
        if name not in self.components:
            # Known before it is made: a message may hold itself.
            self.components[name] = {}
            self.components[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, descriptor: Descriptor, without: Collection[str] = ()) -> Schema:
        fields = [field for field in descriptor.fields if field.name not in without]
        schema: Schema = {"type": "object"}
        if description := "\n\n".join(self._description(descriptor)):
            schema["description"] = description
        schema["properties"] = {field.json_name: self.field(field) for field in fields}
        if required := [field.json_name for field in fields if is_required(field)]:
            schema["required"] = required
        schema |= _alternatives(descriptor)
        if not without and (example := examples.of_message(descriptor, self.descriptors)) is not None:
            schema["examples"] = [example]
        return schema | _deprecation(descriptor)

    def _description(self, descriptor: Descriptor) -> Iterator[str]:
        if comment := self.descriptors.comment(descriptor.full_name):
            yield comment
        for oneof in descriptor.oneofs:
            # The compiler makes a oneof of its own for every `optional` field.
            if len(oneof.fields) > 1:
                count = "Exactly one" if _oneof_required(oneof) else "At most one"
                yield f"{count} of {', '.join(f'`{field.json_name}`' for field in oneof.fields)} is set."

    def _enumeration(self, descriptor: EnumDescriptor) -> Schema:
        comment = self.descriptors.comment
        lines = [(value.name, comment(f"{descriptor.full_name}.{value.name}")) for value in descriptor.values]
        values = "\n".join(f"- `{name}`: {text}" for name, text in lines if text)
        schema: Schema = {"type": "string", "enum": [name for name, _ in lines]}
        if description := "\n\n".join(filter(None, [comment(descriptor.full_name), values])):
            schema["description"] = description
        return schema | _deprecation(descriptor)


def is_required(field: FieldDescriptor) -> bool:
    """Whether a caller must set the field."""
    return REQUIRED in behaviors(field) or limits.is_required(field)


def map_entry(field: FieldDescriptor) -> Descriptor | None:
    """What a map's entries are, as messages with a `key` and a `value`; None where the field is no map."""
    message = field.message_type
    return message if message is not None and message.GetOptions().map_entry else None


def _require(schema: Schema) -> None:
    """Where proto3 does not tell an empty value from none, a required one is not empty (AIP-203)."""
    least = {"string": "minLength", "array": "minItems", "object": "minProperties"}.get(schema.get("type", ""))
    if least and "format" not in schema:
        schema.setdefault(least, 1)


def _is_nullable(field: FieldDescriptor) -> bool:
    # ProtoJSON may write an unset message as null (Go's EmitUnpopulated), and reads null as unset.
    single = field.message_type is not None and not field.is_repeated
    return single and field.containing_oneof is None and not is_required(field)


def _or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"anyOf": [schema, _NULL]}
    if "type" in schema:
        return schema | {"type": [schema["type"], "null"]}
    return schema


def _alternatives(descriptor: Descriptor) -> Schema:
    """The limits of a message that is nothing but a choice, one oneof: JSON has a single field then."""
    choices = [oneof for oneof in descriptor.oneofs if len(oneof.fields) == len(descriptor.fields) > 1]
    if not choices:
        return {}
    return {"maxProperties": 1} | ({"minProperties": 1} if _oneof_required(choices[0]) else {})


def _oneof_required(oneof: OneofDescriptor) -> bool:
    required: bool = option(oneof, validate_pb2.oneof).required
    return required


def _deprecation(descriptor: Descriptor | EnumDescriptor | FieldDescriptor) -> Schema:
    return {"deprecated": True} if descriptor.GetOptions().deprecated else {}
