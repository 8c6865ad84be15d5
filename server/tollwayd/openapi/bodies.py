"""Request and response bodies as OpenAPI content: JSON, streams of it, and raw bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tollwayd.openapi import examples
from tollwayd.openapi.wellknown import HTTP_BODY, Schema

if TYPE_CHECKING:
    from google.api.http_pb2 import HttpRule
    from google.protobuf.descriptor import Descriptor, MethodDescriptor

    from tollwayd.openapi.paths import Path
    from tollwayd.openapi.schemas import Schemas

Content = dict[str, dict[str, Any]]
"""Media types, and what a body of each is."""

ALT: Final[dict[str, Any]] = {
    "name": "alt",
    "in": "query",
    "description": "The form: `sse`, as by `Accept: text/event-stream`, or `array`; lines with `json`, or without it.",
    "schema": {"type": "string", "enum": ["json", "sse", "array"]},
}
"""The parameter of a JSON stream."""

_JSON: Final = "application/json"
_ANY: Final = "*/*"
_EVENTS: Final = "text/event-stream"
_LINES: Final = "application/x-ndjson"
_MEDIA_TYPES: Final = {"json": _JSON, "html": "text/html", "text": "text/plain", "xml": "application/xml"}
"""By the language of a fenced block."""

_ERROR: Final[Schema] = {
    "type": "object",
    "description": "The stream broke off; nothing follows.",
    "properties": {"error": {"$ref": "#/components/schemas/google.rpc.Status"}},
    "required": ["error"],
}


def request_content(
    method: MethodDescriptor, rule: HttpRule, path: Path, schemas: Schemas, *, partial: bool
) -> Content:
    """What a request body is. `partial` says that a field that is left out stays as it is, so none is required."""
    request = method.input_type
    if is_raw(request, rule.body):
        return _raw(method, "request", schemas)
    if rule.body == "*":
        body, prefix = request, ""
    else:
        field = request.fields_by_name[rule.body]
        if field.message_type is None or field.is_repeated:
            return _json(schemas.value(field), examples.of_block(method.full_name, "request", schemas.descriptors))
        body, prefix = field.message_type, f"{rule.body}."
    in_path = {name.removeprefix(prefix) for name in path.fields if name.startswith(prefix)}
    schema = schemas.body(body, without=in_path, partial=partial)
    example = examples.of_block(method.full_name, "request", schemas.descriptors)
    return _json(schema, examples.of_body(body, schemas.descriptors, in_path) if example is None else example)


def response_content(method: MethodDescriptor, rule: HttpRule, schemas: Schemas) -> Content:
    """What a successful response is."""
    answer = method.output_type
    if is_raw(answer, rule.response_body):
        events: Content = {_EVENTS: {}} if method.server_streaming else {}
        return _raw(method, "response", schemas) | events
    part = answer.fields_by_name.get(rule.response_body)
    schema = schemas.message(answer) if part is None else schemas.value(part)
    example = examples.of_block(method.full_name, "response", schemas.descriptors)
    return _stream(schema, example) if is_json_stream(method, rule) else _json(schema, example)


def is_json_stream(method: MethodDescriptor, rule: HttpRule) -> bool:
    """Whether the answer is a stream of JSON messages, of which the caller may choose the form."""
    return method.server_streaming and not is_raw(method.output_type, rule.response_body)


def is_raw(message: Descriptor, selector: str) -> bool:
    """Whether the body, a message or the field of it that a rule selects, is HTTP's own and not JSON."""
    field = message.fields_by_name.get(selector)
    body = message if field is None else field.message_type
    return body is not None and body.full_name == HTTP_BODY


def _json(schema: Schema, example: Any) -> Content:
    return {_JSON: _media(schema, example)}


def _media(schema: Schema, example: Any) -> dict[str, Any]:
    return {"schema": schema} | ({} if example is None else {"example": example})


def _raw(method: MethodDescriptor, role: str, schemas: Schemas) -> Content:
    """Of any type, or of that which the method's comment shows."""
    block = schemas.descriptors.said(method.full_name).blocks.get(role)
    if block is None:
        return {_ANY: {}}
    example = examples.of_block(method.full_name, role, schemas.descriptors)
    schema: Schema = {"type": "object"} if isinstance(example, dict) else {}
    return {_MEDIA_TYPES.get(block.language, _ANY): _media(schema, example)}


def _stream(schema: Schema, example: Any) -> Content:
    result = {"type": "object", "properties": {"result": schema}, "required": ["result"]}
    line = {"oneOf": [result, _ERROR], "description": "One line of the stream; an error is the last."}
    array = {
        "type": "array",
        "items": {"anyOf": [schema, _ERROR]},
        "description": "With `alt=array`: the messages as they come; an error is the last.",
    }
    events = {"description": "Each event's data is one message; an event named `error` is the last."}
    return {
        _LINES: _media(line, None if example is None else {"result": example}),
        _EVENTS: {"schema": events},
        _JSON: _media(array, None if example is None else [example]),
    }
