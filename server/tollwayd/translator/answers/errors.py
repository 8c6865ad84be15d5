"""Errors as HTTP answers: the service's own body where it has one, google.rpc.Status as JSON elsewhere (AIP-193)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import orjson
from google.protobuf.message import DecodeError

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.status import to_status
from tollwayd.translator.fields.fields import descriptor
from tollwayd.translator.protojson.print import printer
from tollwayd.translator.protojson.scalars import bytes_to_json

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any as AnyMessage

    from tollwayd.rpc.registry import Method

JSON = "application/json"

ALLOW = "allow"
"""The key in a REASON_METHOD_NOT_ALLOWED error's metadata under which the path's HTTP methods stand."""

ACCEPT_POST = "accept-post"
"""The same in a REASON_MEDIA_TYPE_UNSUPPORTED error's for the content types that the path takes."""


class ErrorAnswer(NamedTuple):
    """An error over HTTP; `headers` are whole lines."""

    status: int
    content_type: str
    body: bytes
    headers: str


def error_answer(error: TollwayError, method: Method | None = None) -> ErrorAnswer:
    """What a caller is told; `method` is the one that the request was for, None where it was for none."""
    status = error.rule.http_status
    headers = error_headers(error, status)
    if method is None or method.error_body is None:
        return ErrorAnswer(status, JSON, status_json(error), headers)
    body = method.error_body(error)
    return ErrorAnswer(status, body.content_type, body.data, headers)


def status_json(error: TollwayError) -> bytes:
    """The error as google.rpc.Status in JSON."""
    status = to_status(error)
    details = [orjson.Fragment(detail_json(detail)) for detail in status.details]
    return orjson.dumps({"code": status.code, "message": status.message, "details": details})


def detail_json(detail: AnyMessage) -> bytes:
    """One of an error's details in JSON, as google.protobuf.Any has it."""
    try:
        return orjson.dumps(printer(descriptor(detail), print_unset=False)(detail))
    except (ValueError, DecodeError, RecursionError, orjson.JSONEncodeError):
        # What another server has packed need not be what it says. An error must not be lost over one of its details.
        return orjson.dumps({"@type": detail.type_url, "value": bytes_to_json(detail.value)})


def error_headers(error: TollwayError, status: int) -> str:
    """The header lines that HTTP has for what the error says."""
    headers = ""
    if status == 401:
        headers += "www-authenticate: Bearer\r\n"  # RFC 9110, section 15.5.2: a 401 has to name a scheme.
    if error.retry_after is not None:
        headers += f"retry-after: {max(0, math.ceil(error.retry_after))}\r\n"
    if error.reason == Reason.REASON_UPGRADE_REQUIRED:  # RFC 9110, section 15.5.22, and RFC 6455, section 4.4.
        headers += "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    if error.reason == Reason.REASON_METHOD_NOT_ALLOWED:
        headers += f"allow: {error.metadata.get(ALLOW, '')}\r\n"  # RFC 9110, section 15.5.6: a 405 has to have one.
    if types := error.metadata.get(ACCEPT_POST):
        headers += f"accept-post: {types}\r\n"  # W3C Linked Data Platform, section 7.1.
    return headers
