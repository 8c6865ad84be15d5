"""What Anthropic says when it refuses or fails, as a reason of the gateway's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.json_body import public_text
from tollwayd.dialects.retry_after import retry_after
from tollwayd.dialects.unquoted import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.core.sse import ServerSentEvent

# 402 is an account of the operator's that is out of credit: as with a refused key, nothing that the caller did.
_BY_STATUS = {
    401: Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    402: Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    403: Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    404: Reason.REASON_UPSTREAM_MODEL_NOT_FOUND,
    408: Reason.REASON_UPSTREAM_TIMEOUT,
    429: Reason.REASON_UPSTREAM_RATE_LIMITED,
    503: Reason.REASON_UPSTREAM_OVERLOADED,
    504: Reason.REASON_UPSTREAM_TIMEOUT,
    529: Reason.REASON_UPSTREAM_OVERLOADED,
}
_BY_TYPE = {
    "authentication_error": Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    "billing_error": Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    "permission_error": Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    "invalid_request_error": Reason.REASON_UPSTREAM_REJECTED,
    "request_too_large": Reason.REASON_UPSTREAM_REJECTED,
    "not_found_error": Reason.REASON_UPSTREAM_MODEL_NOT_FOUND,
    "overloaded_error": Reason.REASON_UPSTREAM_OVERLOADED,
    "rate_limit_error": Reason.REASON_UPSTREAM_RATE_LIMITED,
    "timeout_error": Reason.REASON_UPSTREAM_TIMEOUT,
}
_WAITING = frozenset({Reason.REASON_UPSTREAM_RATE_LIMITED, Reason.REASON_UPSTREAM_OVERLOADED})


class _ErrorBody(msgspec.Struct):
    error: Any = None


class _ErrorEvent(_ErrorBody):
    type: str = ""


_ERROR_EVENT = msgspec.json.Decoder(_ErrorEvent)
_ERROR_BODY = msgspec.json.Decoder(_ErrorBody)


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> TollwayError:
    """An error answer as a reason: by its status, which proxies on the way keep, and else by the type in its body."""
    kind, message = _said(_error_in(body))
    reason = _BY_STATUS.get(status) or _BY_TYPE.get(kind) or _by_class(status)
    return _error(reason, message, retry_after(headers))


def stream_error(error: object) -> TollwayError:
    """The `error` member of an event that broke off a stream, as a reason."""
    kind, message = _said(error)
    return _error(_BY_TYPE.get(kind, Reason.REASON_UPSTREAM_FAILED), message, None)


def read_error_event(event: ServerSentEvent, credential: str = "") -> TollwayError | None:
    """The error in an event of the type `error`; None for any other."""
    if b'"error"' not in event.data:
        return None
    try:
        said = _ERROR_EVENT.decode(unquoted(credential, event.data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return stream_error(said.error) if said.type == "error" else None


def _error(reason: Reason, message: str, wait: float | None) -> TollwayError:
    """Only of a rejected request do the provider's words concern the caller; elsewhere they speak of the operator's
    account and models."""
    text = ""
    if reason == Reason.REASON_UPSTREAM_REJECTED and message:
        text = f"The provider rejected the request: {message}"
    return TollwayError(reason, text, retry_after=wait if reason in _WAITING else None)


def _by_class(status: int) -> Reason:
    return Reason.REASON_UPSTREAM_REJECTED if 400 <= status < 500 else Reason.REASON_UPSTREAM_FAILED


def _error_in(body: bytes) -> object:
    try:
        return _ERROR_BODY.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _said(error: object) -> tuple[str, str]:
    """The error's type and its message in public form; empty where the body is not Anthropic's."""
    if not isinstance(error, dict):
        return "", ""
    kind, message = error.get("type"), error.get("message")
    return (
        kind if isinstance(kind, str) else "",
        public_text(message) if isinstance(message, str) else "",
    )
