"""How a WebSocket closes after an error (RFC 6455, section 7.4, and IANA's registry of close codes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import WSCloseCode

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_REASON: Final[Mapping[Reason, WSCloseCode]] = {
    Reason.REASON_SHUTTING_DOWN: WSCloseCode.GOING_AWAY,
    Reason.REASON_REQUEST_MALFORMED: WSCloseCode.PROTOCOL_ERROR,
    Reason.REASON_MEDIA_TYPE_UNSUPPORTED: WSCloseCode.UNSUPPORTED_DATA,
    Reason.REASON_JSON_INVALID: WSCloseCode.INVALID_TEXT,
    Reason.REASON_BODY_TOO_LARGE: WSCloseCode.MESSAGE_TOO_BIG,
}
_UNAVAILABLE = 503
_SERVER_ERRORS = 500


def close_code(error: TollwayError) -> WSCloseCode:
    """The close code for an error: of its own, or else for whether the client, the server or the time is at fault."""
    status = error.rule.http_status
    if (code := _BY_REASON.get(error.reason)) is not None:
        return code
    if status == _UNAVAILABLE:
        return WSCloseCode.TRY_AGAIN_LATER
    return WSCloseCode.INTERNAL_ERROR if status >= _SERVER_ERRORS else WSCloseCode.POLICY_VIOLATION


def violation(code: int) -> TollwayError:
    """The error for frames that aiohttp's reader refuses with this close code."""
    if code == WSCloseCode.MESSAGE_TOO_BIG:
        return TollwayError(Reason.REASON_BODY_TOO_LARGE, "A message is larger than this server takes.")
    return TollwayError(Reason.REASON_REQUEST_MALFORMED, "The frames break the WebSocket protocol.")
