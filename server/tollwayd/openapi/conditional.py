"""Conditional requests (RFC 9110, section 13): what the REST door makes of a message's `etag` (AIP-154)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from google.api.http_pb2 import HttpRule
    from google.protobuf.descriptor import Descriptor, MethodDescriptor

READS: Final = frozenset({"get", "head"})
"""The HTTP methods that change nothing."""

_FIELD: Final = "etag"
_TAG: Final = {"type": "string", "examples": ['"a1b2c3"']}
_ONE: Final = r'(?:W/)?"[!#-~]*"'
_TAGS: Final = {"type": "string", "pattern": rf"^(?:\*|{_ONE}(?:, *{_ONE})*)$"}

HEADER: Final[dict[str, Any]] = {
    "description": "The answer's `etag`, for `If-None-Match` and `If-Match`.",
    "schema": _TAG,
}
"""The header `ETag` of an answer."""

IF_NONE_MATCH: Final[dict[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an answer at hand; where that is still good, the new answer is a 304 without a body.",
    "schema": {"type": "string"},
}
"""The parameter of a read."""

IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` that must still be the present one; otherwise nothing is done, and the answer is a 412.",
    "schema": _TAGS,
}
"""The parameter of a write."""

NOT_MODIFIED: Final[dict[str, Any]] = {
    "description": "Not Modified: what `If-None-Match` names is still good.",
    "headers": {"ETag": HEADER},
}
"""The response to a read of what has not changed."""


def shows_etag(method: MethodDescriptor, rule: HttpRule) -> bool:
    """Whether the answer has an ETag."""
    return not method.server_streaming and _has_etag(_part(method.output_type, rule.response_body))


def is_conditional_read(method: MethodDescriptor, rule: HttpRule, verb: str) -> bool:
    """Whether the answer need not come where the caller has it already."""
    return verb == "get" and shows_etag(method, rule)


def is_conditional_write(method: MethodDescriptor, rule: HttpRule, verb: str) -> bool:
    """Whether the request can say which etag a resource must still have."""
    if verb in READS or method.client_streaming:
        return False
    request = method.input_type
    return _has_etag(request) or (verb in {"patch", "put"} and _has_etag(_part(request, rule.body)))


def _part(message: Descriptor, selector: str) -> Descriptor | None:
    field = message.fields_by_name.get(selector)
    return message if field is None else None if field.is_repeated else field.message_type


def _has_etag(message: Descriptor | None) -> bool:
    field = message.fields_by_name.get(_FIELD) if message else None
    return field is not None and field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated
