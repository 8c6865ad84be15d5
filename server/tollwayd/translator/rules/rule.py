"""google.api.http annotations: the bindings of a method, checked against its messages at start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.api import annotations_pb2

from tollwayd.translator.fields.fields import is_map
from tollwayd.translator.fields.scalars import is_text
from tollwayd.translator.rules.template import PathTemplate, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.api.http_pb2 import HttpRule
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from tollwayd.rpc.registry import Method

WHOLE_MESSAGE = "*"
"""A rule's `body` that takes every field which the path does not."""

ANY_METHOD = "*"
"""The custom kind that leaves the HTTP method open."""

_HTTP_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2.

FieldPath = tuple["FieldDescriptor", ...]
"""A field inside nested messages: from the outermost message's field to the innermost's."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One HTTP method and path of one RPC.

    `http_method` may be "*". `variables` are the template's, as fields, in its order. `body` is empty, "*" or a
    field's name; `response_body` is empty or a field's name.
    """

    method: Method
    http_method: str
    template: PathTemplate
    variables: tuple[FieldPath, ...]
    body: str
    response_body: str


def bindings(method: Method) -> Iterator[Binding]:
    """The bindings of the method's rule; none where it has no rule. ValueError names the method and what is wrong."""
    options = method.descriptor.GetOptions()
    if not options.HasExtension(annotations_pb2.http):
        return
    try:
        yield from _bindings(method, options.Extensions[annotations_pb2.http])
    except ValueError as error:
        raise ValueError(f"{method.name}: {error}") from None


def _bindings(method: Method, rule: HttpRule) -> Iterator[Binding]:
    yield _binding(method, rule)
    for additional in rule.additional_bindings:
        if additional.additional_bindings:
            raise ValueError("additional_bindings must not have additional_bindings of their own")
        yield _binding(method, additional)


def _binding(method: Method, rule: HttpRule) -> Binding:
    http_method, path = _pattern(rule)
    template = parse(path)
    if rule.body and http_method == "GET":
        raise ValueError("a GET has no body (RFC 9110, section 9.3.1)")
    takes, gives = method.descriptor.input_type, method.descriptor.output_type
    if rule.body != WHOLE_MESSAGE:
        _check_top_level(takes, "body", rule.body)
    _check_top_level(gives, "response_body", rule.response_body)
    fields = tuple(_variable(takes, variable.field) for variable in template.variables)
    return Binding(method, http_method, template, fields, rule.body, rule.response_body)


def _pattern(rule: HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind is None:
        raise ValueError("its rule has no pattern: get, put, post, delete, patch or custom")
    if kind != "custom":
        return kind.upper(), getattr(rule, kind)
    if not _HTTP_METHOD.fullmatch(rule.custom.kind):
        raise ValueError(f"{rule.custom.kind!r} is not an HTTP method")
    return rule.custom.kind, rule.custom.path


def _check_top_level(message: Descriptor, option: str, name: str) -> None:
    if name and name not in message.fields_by_name:
        raise ValueError(f"{option} {name!r} is not a top-level field of {message.full_name}")


def _variable(message: Descriptor, path: str) -> FieldPath:
    """The field of a path variable, which must be one that a path can hold (google/api/http.proto)."""
    found: list[FieldDescriptor] = []
    inside: Descriptor | None = message
    for name in path.split("."):
        field = inside and inside.fields_by_name.get(name)
        if not field:
            raise ValueError(f"path variable {path!r} is not a field of {message.full_name}")
        if field.is_repeated or is_map(field):
            raise ValueError(f"path variable {path!r} is repeated or a map")
        found.append(field)
        inside = field.message_type
    if not is_text(found[-1]):
        raise ValueError(f"path variable {path!r} is a message, not a value")
    return tuple(found)
