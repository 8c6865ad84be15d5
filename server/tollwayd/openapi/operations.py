"""One google.api.http rule of one RPC as an OpenAPI operation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from google.api import annotations_pb2

from tollwayd.openapi.descriptors import option
from tollwayd.openapi.parameters import path_parameters, query_parameters
from tollwayd.openapi.wellknown import HTTP_BODY, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.api.http_pb2 import HttpRule
    from google.protobuf.descriptor import Descriptor, MethodDescriptor

    from tollwayd.openapi.paths import Path
    from tollwayd.openapi.schemas import Schemas

Content = dict[str, dict[str, Schema]]

_VERBS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
"""The HTTP methods that an OpenAPI path item has."""

_FIRST_SENTENCE: Final = re.compile(r"(.+?)\.(?=\s|$)", re.DOTALL)


def rules(method: MethodDescriptor) -> Iterator[HttpRule]:
    """The HTTP rules of an RPC that OpenAPI can say; a request stream needs a WebSocket, which it cannot."""
    if not method.client_streaming:
        first = option(method, annotations_pb2.http)
        yield from (rule for rule in (first, *first.additional_bindings) if verb(rule) in _VERBS)


def verb(rule: HttpRule) -> str:
    """The HTTP method in lower case, as a path item has it; empty where the rule names none."""
    kind = rule.WhichOneof("pattern") or ""
    return rule.custom.kind.lower() if kind == "custom" else kind


def template(rule: HttpRule) -> str:
    """The path template."""
    kind = rule.WhichOneof("pattern")
    path: str = rule.custom.path if kind == "custom" else getattr(rule, kind)
    return path


def operation(method: MethodDescriptor, rule: HttpRule, path: Path, schemas: Schemas) -> dict[str, Any]:
    """The operation, without an operationId."""
    service = method.containing_service
    comment = schemas.descriptors.comment(method.full_name)
    made: dict[str, Any] = {"tags": [service.name]}
    if first_sentence := _FIRST_SENTENCE.match(comment):
        made |= {"summary": first_sentence[1], "description": comment}
    if parameters := _parameters(method.input_type, rule, path, schemas):
        made["parameters"] = parameters
    if rule.body:
        made["requestBody"] = _request_body(method.input_type, rule, path, schemas)
    made["responses"] = _responses(method, rule, schemas)
    if method.GetOptions().deprecated:
        made["deprecated"] = True
    return made


def _parameters(request: Descriptor, rule: HttpRule, path: Path, schemas: Schemas) -> list[dict[str, Any]]:
    parameters = list(path_parameters(path, request, schemas))
    if rule.body != "*":
        parameters += query_parameters(request, {*path.fields, rule.body}, schemas)
    return parameters


def _request_body(request: Descriptor, rule: HttpRule, path: Path, schemas: Schemas) -> dict[str, Any]:
    body: dict[str, Any] = {"required": True, "content": _request_content(request, rule, path, schemas)}
    comment = schemas.descriptors.comment(f"{request.full_name}.{rule.body}")
    return {"description": comment} | body if comment else body


def _request_content(request: Descriptor, rule: HttpRule, path: Path, schemas: Schemas) -> Content:
    if _is_raw(request, rule.body):
        return {"*/*": {}}
    if rule.body == "*":
        body, prefix = request, ""
    else:
        field = request.fields_by_name[rule.body]
        if field.message_type is None or field.is_repeated:
            return {"application/json": {"schema": schemas.value(field)}}
        body, prefix = field.message_type, f"{rule.body}."
    in_path = {name.removeprefix(prefix) for name in path.fields if name.startswith(prefix)}
    # What a PATCH leaves out stays as it is, so nothing is required (AIP-134).
    return {"application/json": {"schema": schemas.body(body, without=in_path, partial=verb(rule) == "patch")}}


def _responses(method: MethodDescriptor, rule: HttpRule, schemas: Schemas) -> dict[str, Any]:
    answer = method.output_type
    if _is_raw(answer, rule.response_body):
        events: Content = {"text/event-stream": {"schema": {"type": "string"}}} if method.server_streaming else {}
        return _answers({"*/*": {}} | events, "RawError")
    part = answer.fields_by_name.get(rule.response_body)
    schema = schemas.message(answer) if part is None else schemas.value(part)
    return _answers(_stream(schema) if method.server_streaming else {"application/json": {"schema": schema}}, "Error")


def _is_raw(message: Descriptor, selector: str) -> bool:
    """Whether the body, a message or the field of it that a rule selects, is HTTP's own and not JSON."""
    field = message.fields_by_name.get(selector)
    body = message if field is None else field.message_type
    return body is not None and body.full_name == HTTP_BODY


def _answers(content: Content, error: str) -> dict[str, Any]:
    return {
        "200": {"description": "OK", "content": content},
        "default": {"$ref": f"#/components/responses/{error}"},
    }


def _stream(schema: Schema) -> Content:
    line = {
        "oneOf": [
            {"type": "object", "properties": {"result": schema}, "required": ["result"]},
            {
                "type": "object",
                "properties": {"error": {"$ref": "#/components/schemas/google.rpc.Status"}},
                "required": ["error"],
            },
        ],
        "description": "One line of the stream; an error is the last.",
    }
    return {
        "application/x-ndjson": {"schema": line},
        "text/event-stream": {
            "schema": {
                "type": "string",
                "description": "Each event's data is one message; an event named `error` is the last.",
            }
        },
    }
