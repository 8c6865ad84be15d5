"""A provider's errors, from OpenAI's error object and its relatives to the REASON_UPSTREAM_ reasons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tollwayd.core.errors import FieldViolation, Reason, TollwayError
from tollwayd.dialects.json_body import public_text
from tollwayd.dialects.openai_chat.answer_shapes import METERED_ANSWER
from tollwayd.dialects.retry_after import retry_after
from tollwayd.dialects.unquoted import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.core.sse import ServerSentEvent

UPSTREAM_CODE = "upstreamCode"
"""The metadata key of the provider's own code for a request that it rejected or a limit that it set."""

_ANY = msgspec.json.Decoder()
_PUBLIC_CODE = re.compile(r"[a-z][a-z0-9_.-]{0,63}")

_BY_STATUS = {
    401: Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    402: Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,  # The gateway's account is empty: nothing that the caller did.
    403: Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED,
    404: Reason.REASON_UPSTREAM_MODEL_NOT_FOUND,
    408: Reason.REASON_UPSTREAM_TIMEOUT,
    429: Reason.REASON_UPSTREAM_RATE_LIMITED,
    503: Reason.REASON_UPSTREAM_OVERLOADED,
    504: Reason.REASON_UPSTREAM_TIMEOUT,
    529: Reason.REASON_UPSTREAM_OVERLOADED,
}
# Codes and types of errors within a stream, whose HTTP status was 200.
_BY_WORD = {
    "context_length_exceeded": Reason.REASON_UPSTREAM_REJECTED,
    "insufficient_quota": Reason.REASON_UPSTREAM_RATE_LIMITED,
    "invalid_request_error": Reason.REASON_UPSTREAM_REJECTED,
    "overloaded_error": Reason.REASON_UPSTREAM_OVERLOADED,
    "rate_limit_error": Reason.REASON_UPSTREAM_RATE_LIMITED,
    "rate_limit_exceeded": Reason.REASON_UPSTREAM_RATE_LIMITED,
    "server_is_overloaded": Reason.REASON_UPSTREAM_OVERLOADED,
    "service_unavailable_error": Reason.REASON_UPSTREAM_OVERLOADED,
}
_WAITING = frozenset({Reason.REASON_UPSTREAM_RATE_LIMITED, Reason.REASON_UPSTREAM_OVERLOADED})
_CODED = frozenset({Reason.REASON_UPSTREAM_RATE_LIMITED, Reason.REASON_UPSTREAM_REJECTED})


class _Said(NamedTuple):
    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> TollwayError:
    """An error answer, by its status. Only of a rejected request do the provider's words reach the caller; elsewhere
    they speak of the operator's account."""
    said = _said(_decoded(body))
    if said.code == "model_not_found":  # OpenAI says so with 403 too, Mistral's relatives with 400.
        return TollwayError(Reason.REASON_UPSTREAM_MODEL_NOT_FOUND)
    return _error(_by_status(status), said, retry_after(headers))


def stream_error(error: object) -> TollwayError:
    """The `error` member of an event within a stream, or of an answer under status 200."""
    said = _said(error)
    return _error(_by_words(said), said, None)


def read_error_event(event: ServerSentEvent, credential: str = "") -> TollwayError | None:
    """The error in an event; None where it holds none."""
    if b'"error"' not in event.data:
        return None
    try:
        error = METERED_ANSWER.decode(unquoted(credential, event.data)).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return stream_error(error) if error else None


def _error(reason: Reason, said: _Said, wait: float | None) -> TollwayError:
    code = said.code or said.type
    coded = reason in _CODED and _PUBLIC_CODE.fullmatch(code)
    rejected = reason == Reason.REASON_UPSTREAM_REJECTED and said.message
    return TollwayError(
        reason,
        f"The provider rejected the request: {said.message}" if rejected else "",
        metadata={UPSTREAM_CODE: code} if coded else None,
        violations=[FieldViolation(said.param, said.message)] if rejected and said.param else (),
        retry_after=wait if reason in _WAITING else None,
    )


def _by_status(status: int) -> Reason:
    otherwise = Reason.REASON_UPSTREAM_REJECTED if 400 <= status < 500 else Reason.REASON_UPSTREAM_FAILED
    return _BY_STATUS.get(status, otherwise)


def _by_words(said: _Said) -> Reason:
    """OpenRouter, vLLM and others give the HTTP status that they would have answered with as the code."""
    if said.code.isdecimal() and len(said.code) == 3:
        return _by_status(int(said.code))
    return _BY_WORD.get(said.code) or _BY_WORD.get(said.type) or Reason.REASON_UPSTREAM_FAILED


def _decoded(body: bytes) -> object:
    """The error in a body: the `error` member, or the body where it has none; Google puts it in a list of one."""
    try:
        answer = _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # Some proxy's HTML.
    if isinstance(answer, list) and answer:
        answer = answer[0]
    return (answer.get("error") or answer) if isinstance(answer, dict) else answer


def _said(error: object) -> _Said:
    if isinstance(error, str):
        return _Said(public_text(error))
    if not isinstance(error, dict):
        return _Said()
    return _Said(
        public_text(_text(error, "message") or _text(error, "detail")),
        _text(error, "code"),
        _text(error, "type"),
        public_text(_text(error, "param")),
    )


def _text(error: dict[str, Any], member: str) -> str:
    value = error.get(member)
    return str(value) if isinstance(value, str | int) else ""
