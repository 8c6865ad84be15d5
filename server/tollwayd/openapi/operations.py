"""One google.api.http rule of one RPC as an OpenAPI operation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from google.api import annotations_pb2

from tollwayd.openapi import conditional
from tollwayd.openapi.bodies import ALT, is_json_stream, is_raw, request_content, response_content
from tollwayd.openapi.descriptors import option
from tollwayd.openapi.errors import CALL_ID
from tollwayd.openapi.parameters import path_parameters, query_parameters
from tollwayd.openapi.schemas import is_required

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.api.http_pb2 import HttpRule
    from google.protobuf.descriptor import Descriptor, MethodDescriptor

    from tollwayd.openapi.errors import Errors
    from tollwayd.openapi.paths import Path
    from tollwayd.openapi.schemas import Schemas

_VERBS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
"""The HTTP methods that an OpenAPI path item has."""

_FIRST_SENTENCE: Final = re.compile(r"(.+?)\.(?=\s|$)", re.DOTALL)


def rules(method: MethodDescriptor) -> Iterator[HttpRule]:
    """The HTTP rules of an RPC that OpenAPI can say; a stream of requests it cannot."""
    if not method.client_streaming:
        yield from (rule for rule in all_rules(method) if verb(rule) in _VERBS)


def all_rules(method: MethodDescriptor) -> Iterator[HttpRule]:
    """The HTTP rules of an RPC."""
    first = option(method, annotations_pb2.http)
    yield from (rule for rule in (first, *first.additional_bindings) if rule.WhichOneof("pattern"))


def verb(rule: HttpRule) -> str:
    """The HTTP method in lower case, as a path item has it."""
    kind = rule.WhichOneof("pattern") or ""
    return rule.custom.kind.lower() if kind == "custom" else kind


def template(rule: HttpRule) -> str:
    """The path template."""
    kind = rule.WhichOneof("pattern")
    path: str = rule.custom.path if kind == "custom" else getattr(rule, kind)
    return path


def operation(method: MethodDescriptor, rule: HttpRule, path: Path, schemas: Schemas, errors: Errors) -> dict[str, Any]:
    """The operation, without an operationId."""
    comment = schemas.descriptors.comment(method.full_name)
    made: dict[str, Any] = {"tags": [method.containing_service.name]}
    if first_sentence := _FIRST_SENTENCE.match(comment):
        made |= {"summary": first_sentence[1].replace("`", ""), "description": comment}
    if parameters := list(_parameters(method, rule, path, schemas)):
        made["parameters"] = parameters
    if rule.body:
        made["requestBody"] = _request_body(method, rule, path, schemas)
    made["responses"] = _responses(method, rule, schemas, errors)
    if method.GetOptions().deprecated:
        made["deprecated"] = True
    return made


def _parameters(method: MethodDescriptor, rule: HttpRule, path: Path, schemas: Schemas) -> Iterator[dict[str, Any]]:
    request = method.input_type
    yield from path_parameters(path, request, schemas)
    if rule.body != "*":
        yield from query_parameters(request, {*path.fields, rule.body}, schemas)
    if is_json_stream(method, rule) and ALT["name"] not in request.fields_by_name:
        yield ALT
    if conditional.is_conditional_read(method, rule, verb(rule)):
        yield conditional.IF_NONE_MATCH
    if conditional.is_conditional_write(method, rule, verb(rule)):
        yield conditional.IF_MATCH


def _request_body(method: MethodDescriptor, rule: HttpRule, path: Path, schemas: Schemas) -> dict[str, Any]:
    # What a PATCH leaves out stays as it is (AIP-134).
    partial = verb(rule) == "patch"
    body: dict[str, Any] = {}
    if comment := schemas.descriptors.comment(f"{method.input_type.full_name}.{rule.body}"):
        body["description"] = comment
    if not partial and _needs_body(method.input_type, rule, path):
        body["required"] = True
    return body | {"content": request_content(method, rule, path, schemas, partial=partial)}


def _needs_body(request: Descriptor, rule: HttpRule, path: Path) -> bool:
    """Whether a field that only the body carries must be set. Without one, no body is as good as an empty message."""
    fields = request.fields if rule.body == "*" else [request.fields_by_name[rule.body]]
    return any(is_required(field) for field in fields if field.name not in path.fields)


def _responses(method: MethodDescriptor, rule: HttpRule, schemas: Schemas, errors: Errors) -> dict[str, Any]:
    reads = conditional.is_conditional_read(method, rule, verb(rule))
    headers = CALL_ID | ({"ETag": conditional.HEADER} if conditional.shows_etag(method, rule) else {})
    content = response_content(method, rule, schemas)
    responses: dict[str, Any] = {"200": {"description": "OK", "headers": headers, "content": content}}
    if reads:
        responses["304"] = conditional.NOT_MODIFIED
    return responses | errors.responses(
        verb(rule),
        raw=is_raw(method.output_type, rule.response_body),
        has_body=bool(rule.body),
        conditional=conditional.is_conditional_write(method, rule, verb(rule)),
    )
