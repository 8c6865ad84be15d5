"""The answer to what is no HTTP request, or is not waited for. Its connection closes: what follows is nobody's."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from tollwayd.core.call import new_call_id
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.errors import error_answer
from tollwayd.translator.answers.reply import answer_headers

if TYPE_CHECKING:
    from tollwayd.translator.answers.errors import ErrorAnswer


def refusal(reason: Reason) -> bytes:
    """The whole answer to a connection that is closed for this reason, one of those in `_ANSWERS`."""
    answer = _ANSWERS[reason]
    return (
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\nconnection: close\r\n"
        f"content-length: {len(answer.body)}\r\n{answer_headers(new_call_id(), answer.content_type, {})}\r\n"
    ).encode() + answer.body


def _answer(reason: Reason) -> ErrorAnswer:
    return error_answer(TollwayError(reason))


_ANSWERS: Final = {
    reason: _answer(reason)
    for reason in (
        Reason.REASON_CONNECTIONS_EXHAUSTED,
        Reason.REASON_HEADERS_TOO_LARGE,
        Reason.REASON_REQUEST_MALFORMED,
        Reason.REASON_TARGET_TOO_LONG,
    )
}
