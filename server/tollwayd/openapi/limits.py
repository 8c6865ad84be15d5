"""protovalidate's rules as JSON Schema keywords, as far as these can say them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from buf.validate import validate_pb2
from tollwayd.openapi.descriptors import option

if TYPE_CHECKING:
    from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
    from google.protobuf.message import Message

    from tollwayd.openapi.wellknown import Schema

# Rules of one kind and the keywords that say the same.
_STRING: Final = {"min_len": "minLength", "max_len": "maxLength", "const": "const", "in": "enum"}
_NUMBER: Final = {
    "gt": "exclusiveMinimum",
    "gte": "minimum",
    "lt": "exclusiveMaximum",
    "lte": "maximum",
    "const": "const",
    "in": "enum",
}
_REPEATED: Final = {"min_items": "minItems", "max_items": "maxItems", "unique": "uniqueItems"}
_MAP: Final = {"min_pairs": "minProperties", "max_pairs": "maxProperties"}
_FORMATS: Final = {
    "email": "email",
    "hostname": "hostname",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
    "uri": "uri",
    "uri_ref": "uri-reference",
    "uuid": "uuid",
}
# The rules that ProtoJSON leaves in numbers; 64-bit integers are strings there, for which no keyword counts.
_NUMBERS: Final = {"float", "double", "int32", "sint32", "sfixed32", "uint32", "fixed32"}

_RE2_ONLY: Final = re.compile(r"\\[AzQECpP]|\(\?[a-zA-Z-]+[):]|\(\?P|\[\[:")
"""What RE2, protovalidate's syntax, has and ECMA-262, JSON Schema's, has not or reads otherwise."""


def is_required(field: FieldDescriptor) -> bool:
    """Whether protovalidate requires the field to be set, by name or since its zero value breaks a rule."""
    rules = _rules(field)
    return rules.required or (not field.has_presence and _refuses_zero(rules))


def _refuses_zero(rules: validate_pb2.FieldRules) -> bool:
    kind = rules.WhichOneof("type") or ""
    if rules.ignore != validate_pb2.IGNORE_UNSPECIFIED:
        return False
    if kind == "enum":
        return 0 in rules.enum.not_in
    if kind == "string":
        return bool(rules.string.min_len or rules.string.len or rules.string.WhichOneof("well_known"))
    if kind in _NUMBERS:
        return _is_above_zero(getattr(rules, kind))
    return bool(rules.repeated.min_items or rules.map.min_pairs)


def _is_above_zero(least: Any) -> bool:
    return bool((least.HasField("gt") and least.gt >= 0) or (least.HasField("gte") and least.gte > 0))


def limit(schema: Schema, field: FieldDescriptor) -> None:
    """Adds to a field's schema the keywords for its rules. Rules that are switched off for some values add none."""
    _limit(schema, _rules(field), field.enum_type)


def _rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    rules: validate_pb2.FieldRules = option(field, validate_pb2.field)
    return rules


def _limit(schema: Schema, rules: validate_pb2.FieldRules, enum: EnumDescriptor | None) -> None:
    kind = rules.WhichOneof("type")
    if kind is None or rules.ignore != validate_pb2.IGNORE_UNSPECIFIED:
        return
    if kind in _NUMBERS:
        _translate(schema, getattr(rules, kind), _NUMBER)
    elif kind == "string":
        _limit_string(schema, rules.string)
    elif kind == "enum" and enum is not None:
        _limit_enum(schema, rules.enum, enum)
    elif kind == "repeated":
        _translate(schema, rules.repeated, _REPEATED)
        _limit(schema["items"], rules.repeated.items, enum)
    elif kind == "map":
        _limit_map(schema, rules.map)


def _translate(schema: Schema, rules: Message, keywords: dict[str, str]) -> None:
    for descriptor, value in rules.ListFields():
        if keyword := keywords.get(descriptor.name):
            schema[keyword] = list(value) if descriptor.is_repeated else value


def _limit_string(schema: Schema, rules: validate_pb2.StringRules) -> None:
    _translate(schema, rules, _STRING)
    if rules.HasField("len"):
        schema["minLength"] = schema["maxLength"] = rules.len
    if rules.HasField("pattern") and not _RE2_ONLY.search(rules.pattern):
        schema["pattern"] = rules.pattern
    if text_format := _FORMATS.get(rules.WhichOneof("well_known") or ""):
        schema["format"] = text_format


def _limit_enum(schema: Schema, rules: validate_pb2.EnumRules, enum: EnumDescriptor) -> None:
    def names(numbers: list[int]) -> list[str]:
        return [enum.values_by_number[number].name for number in numbers if number in enum.values_by_number]

    if rules.HasField("const"):
        schema["enum"] = names([rules.const])
    if allowed := getattr(rules, "in"):
        schema["enum"] = names(allowed)
    if rules.not_in:
        schema["not"] = {"enum": names(list(rules.not_in))}


def _limit_map(schema: Schema, rules: validate_pb2.MapRules) -> None:
    _translate(schema, rules, _MAP)
    keys: Schema = {}
    _limit(keys, rules.keys, None)
    if keys:
        schema["propertyNames"] = keys
    _limit(schema["additionalProperties"], rules.values, None)
