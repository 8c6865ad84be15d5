"""The gateway's errors as OpenAI's SDKs expect them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.api.httpbody_pb2 import HttpBody

from tollwayd.core.errors import Reason
from tollwayd.dialects.json_body import encode
from tollwayd.dialects.openai_chat.provider_error import UPSTREAM_CODE

if TYPE_CHECKING:
    from tollwayd.core.errors import TollwayError

_NO_QUOTA = "insufficient_quota"

# The codes that programs written for OpenAI look for. The SDKs choose their exception class by the HTTP status.
_CODES = {
    Reason.REASON_CREDENTIAL_INVALID: "invalid_api_key",
    Reason.REASON_MODEL_NOT_FOUND: "model_not_found",
    Reason.REASON_UPSTREAM_MODEL_NOT_FOUND: "model_not_found",
    Reason.REASON_UPSTREAM_RATE_LIMITED: "rate_limit_exceeded",
    Reason.REASON_RATE_LIMIT_EXCEEDED: "rate_limit_exceeded",
    Reason.REASON_CONCURRENCY_EXCEEDED: "rate_limit_exceeded",
    Reason.REASON_BUDGET_EXCEEDED: _NO_QUOTA,
}


def error_body(error: TollwayError) -> HttpBody:
    """The error as an OpenAI error object."""
    return HttpBody(content_type="application/json", data=encode({"error": _members(error)}))


def error_event(error: TollwayError) -> bytes:
    """The error as the event that ends a stream; OpenAI's SDKs raise an APIError when they meet it."""
    return b"data: " + encode({"error": _members(error)}) + b"\n\n"


def _members(error: TollwayError) -> dict[str, Any]:
    return {
        "message": error.message,
        "type": _type(error),
        "param": error.violations[0].field if error.violations else error.metadata.get("field"),
        "code": _code(error),
    }


def _code(error: TollwayError) -> str:
    """The provider's own code, such as `context_length_exceeded`; else OpenAI's word for the reason, or its name."""
    return error.metadata.get(UPSTREAM_CODE) or _CODES.get(error.reason) or error.rule.name.lower()


def _type(error: TollwayError) -> str:
    if error.reason == Reason.REASON_BUDGET_EXCEEDED:
        return _NO_QUOTA  # OpenAI says it in both members.
    if error.rule.http_status == 429:
        return "rate_limit_error"
    return "server_error" if error.rule.http_status >= 500 else "invalid_request_error"
