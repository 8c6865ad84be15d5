"""What a request carries outside its body: the parameters of the path and of the query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from google.api.field_behavior_pb2 import OUTPUT_ONLY

from tollwayd.openapi import examples
from tollwayd.openapi.descriptors import behaviors
from tollwayd.openapi.paths import camel
from tollwayd.openapi.schemas import is_required, map_entry
from tollwayd.openapi.wellknown import IN_A_PARAMETER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from tollwayd.openapi.paths import Path, PathParameter
    from tollwayd.openapi.schemas import Schemas
    from tollwayd.openapi.wellknown import Schema

MAX_DEPTH: Final = 2
"""How deep query parameters reach into messages (`filter.shelf` is 2): messages may hold themselves."""

Parameter = dict[str, Any]

_SEGMENTS: Final = re.compile(r"(?:\[[^\]]*\]|[^/\[])+")
"""The segments of a pattern between its slashes, of which those in brackets are none."""


def path_parameters(path: Path, request: Descriptor, schemas: Schemas) -> Iterator[Parameter]:
    """The parameters of a path, in their order."""
    for part in path.parameters:
        field = _find(request, part.field)
        parameter: Parameter = {"name": part.name, "in": "path", "required": True}
        if description := _description(part, schemas.descriptors.comment(field.full_name) if field else ""):
            parameter["description"] = description
        if field and (example := examples.of_field(field, schemas.descriptors)) is not None:
            shown = example if part.is_whole else examples.of_part(example, part.template, part.name)
            parameter |= {} if shown is None else {"example": shown}
        yield parameter | {"schema": _schema(part, field, schemas)}


def query_parameters(request: Descriptor, bound: Collection[str], schemas: Schemas) -> Iterator[Parameter]:
    """A parameter for every field that neither the path nor the body carries. `bound` holds the paths of those."""
    return _leaves(request, (), bound, schemas)


def _leaves(
    message: Descriptor, parents: tuple[FieldDescriptor, ...], bound: Collection[str], schemas: Schemas
) -> Iterator[Parameter]:
    for field in message.fields:
        fields = (*parents, field)
        if ".".join(part.name for part in fields) in bound or OUTPUT_ONLY in behaviors(field):
            continue
        if _fits_a_parameter(field):
            yield _query_parameter(fields, schemas)
        elif field.message_type and not field.is_repeated and len(fields) < MAX_DEPTH:
            yield from _leaves(field.message_type, fields, bound, schemas)


def _fits_a_parameter(field: FieldDescriptor) -> bool:
    if entry := map_entry(field):
        return _fits_a_parameter(entry.fields_by_name["value"])
    return field.message_type is None or field.message_type.full_name in IN_A_PARAMETER


def _query_parameter(fields: tuple[FieldDescriptor, ...], schemas: Schemas) -> Parameter:
    field = fields[-1]
    parameter: Parameter = {"name": ".".join(part.json_name for part in fields), "in": "query"}
    if all(map(is_required, fields)):
        parameter["required"] = True
    if comment := schemas.descriptors.comment(field.full_name):
        parameter["description"] = comment
    if (example := examples.of_field(field, schemas.descriptors)) is not None:
        parameter["example"] = example
    if field.GetOptions().deprecated:
        parameter["deprecated"] = True
    if map_entry(field):
        # `labels[color]=red`
        parameter |= {"style": "deepObject", "explode": True}
    return parameter | {"schema": schemas.value(field)}


def _schema(part: PathParameter, field: FieldDescriptor | None, schemas: Schemas) -> Schema:
    if field is None:
        return {"type": "string", "minLength": 1}
    schema = schemas.value(field)
    if part.is_whole:
        return schema
    pattern = _of_segment(schema.get("pattern", ""), part)
    return {"type": "string", "minLength": 1} | ({"pattern": pattern} if pattern else {})


def _of_segment(pattern: str, part: PathParameter) -> str:
    """What the pattern of a resource name says of one of its segments: `^shelves/[0-9]+$` of the shelf: `^[0-9]+$`."""
    segments = _SEGMENTS.findall(pattern.removeprefix("^").removesuffix("$"))
    template = part.template.split("/")
    if len(segments) != len(template) or part.spans_segments:
        return ""
    return f"^{segments[template.index(f'{{{part.name}}}')]}$"


def _find(request: Descriptor, field_path: str) -> FieldDescriptor | None:
    message: Descriptor | None = request
    field: FieldDescriptor | None = None
    for name in field_path.split("."):
        field = message.fields_by_name.get(name) if message else None
        message = field.message_type if field else None
    return field


def _description(part: PathParameter, comment: str) -> str:
    if part.field and not part.is_whole:
        comment = f"A part of `{camel(part.field)}`, which is `{part.template}`."
    return f"{comment} It may hold slashes.".lstrip() if part.spans_segments else comment
