"""Examples, as the comments of the protos give them (docs/openapi.md says how), and those that follow from others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from google.api import resource_pb2
from google.api.field_behavior_pb2 import IDENTIFIER, OUTPUT_ONLY

from tollwayd.openapi.descriptors import behaviors, option
from tollwayd.openapi.wellknown import ENUMS, IN_A_PARAMETER, SCALARS

if TYPE_CHECKING:
    from collections.abc import Collection

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from tollwayd.openapi.descriptors import Descriptors

_JSON: Final = "json"
_SEGMENTS_OF_A_CHILD: Final = 2
"""What a child's name adds to its parent's (AIP-122): a collection and an id."""


def of_field(field: FieldDescriptor, descriptors: Descriptors) -> Any:
    """The example of a field's value; None where there is none. ValueError where it is not the JSON that it must be.

    A reference to a resource (AIP-124) without an example of its own has that of the resource's name.
    """
    text = descriptors.said(field.full_name).example
    if not text:
        return _of_reference(field, descriptors)
    return text if _is_text(field) else _loads(text, field.full_name)


def of_message(message: Descriptor, descriptors: Descriptors) -> Any:
    """The example of a message, None where there is none. ValueError as `of_field`."""
    return of_block(message.full_name, "", descriptors)


def of_body(message: Descriptor, descriptors: Descriptors, without: Collection[str]) -> Any:
    """A message's example as a request has it: without what the path carries, the server sets, or changes by itself."""
    example = of_message(message, descriptors)
    if example is None:
        return None
    left_out = {field.json_name for field in message.fields if field.name in without or _is_the_servers(field)}
    return {name: value for name, value in example.items() if name not in left_out}


def of_block(full_name: str, role: str, descriptors: Descriptors) -> Any:
    """What the fenced block of a role in an element's comment holds: JSON, or the text of another language."""
    block = descriptors.said(full_name).blocks.get(role)
    if block is None:
        return None
    return _loads(block.text, full_name) if block.language == _JSON else block.text


def of_part(value: Any, template: str, name: str) -> str | None:
    """The part of a field's example that the path's parameter `name` is: `1` of `shelves/1`, `shelves/{shelf}`."""
    if not isinstance(value, str):
        return None
    pattern = re.sub(r"\\\{([\w.]+?)\\\}", lambda part: f"(?P<{_group(part[1])}>.+)", re.escape(template))
    found = re.fullmatch(pattern, value)
    return found[_group(name)] if found else None


def _group(name: str) -> str:
    return name.replace(".", "_")


def _of_reference(field: FieldDescriptor, descriptors: Descriptors) -> Any:
    reference = option(field, resource_pb2.resource_reference)
    name = _name_of(reference.type, descriptors)
    if name is None and (name := _name_of(reference.child_type, descriptors)):
        name = "/".join(name.split("/")[:-_SEGMENTS_OF_A_CHILD])
    return [name] if name and field.is_repeated else name or None


def _name_of(resource_type: str, descriptors: Descriptors) -> str | None:
    message = descriptors.resource(resource_type)
    field = message.fields_by_name.get("name") if message else None
    return descriptors.said(field.full_name).example or None if field else None


def _is_text(field: FieldDescriptor) -> bool:
    """Whether the value in JSON is a string, which an example gives without quotes."""
    if field.is_repeated:
        return False
    if field.enum_type is not None:
        return field.enum_type.full_name not in ENUMS
    schema = IN_A_PARAMETER.get(field.message_type.full_name, {}) if field.message_type else SCALARS[field.type]
    return schema.get("type") == "string"


def _is_the_servers(field: FieldDescriptor) -> bool:
    return field.name == "etag" or not {OUTPUT_ONLY, IDENTIFIER}.isdisjoint(behaviors(field))


def _loads(text: str, full_name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{full_name}: its example is not JSON: {error}") from error
