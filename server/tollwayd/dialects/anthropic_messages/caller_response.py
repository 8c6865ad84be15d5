"""Answers and errors as callers of Anthropic's API get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.api.httpbody_pb2 import HttpBody

from tollway.proxy.v1.inference_pb2 import FinishReason
from tollwayd.dialects import json_body
from tollwayd.dialects.anthropic_messages.answer_blocks import whole_block
from tollwayd.dialects.anthropic_messages.stop_reason import stop_reason
from tollwayd.dialects.anthropic_messages.usage import usage_fields

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import GenerateResponse
    from tollwayd.core.errors import TollwayError

_ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def write_response(response: GenerateResponse) -> bytes:
    """A whole answer as Anthropic's Message object."""
    cut = response.finish_reason == FinishReason.FINISH_REASON_LENGTH
    refused = any(part.HasField("refusal") for part in response.parts)
    message = {
        "id": response.id,
        "type": "message",
        "role": "assistant",
        "model": response.model,
        "content": [whole_block(part, cut=cut) for part in response.parts],
        "stop_reason": stop_reason(response.finish_reason, response.stop_sequence, refused=refused),
        "stop_sequence": response.stop_sequence or None,
        "usage": usage_fields(response.usage),
    }
    return json_body.encode(message)


def error_body(error: TollwayError) -> HttpBody:
    """The error as Anthropic's JSON body. Its SDKs choose the exception's class by the HTTP status."""
    return HttpBody(content_type="application/json", data=_error_json(error))


def error_event(error: TollwayError) -> bytes:
    """The error as the event that breaks off a stream."""
    return frame("error", _error_json(error))


def frame(name: str, data: bytes) -> bytes:
    """One server-sent event; `data` is JSON on one line."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _error_json(error: TollwayError) -> bytes:
    status = error.rule.http_status
    kind = _ERROR_TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error")
    return json_body.encode({"type": "error", "error": {"type": kind, "message": error.message}})
