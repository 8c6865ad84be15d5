"""What went wrong in a call to another gRPC server: its own google.rpc.Status, or that it cannot be had."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.message import DecodeError

from tollwayd.core.errors import Reason, StatusError, TollwayError
from tollwayd.rpc.status import retry_after

if TYPE_CHECKING:
    from tollwayd.core.call import Call

_DETAILS: Final = "grpc-status-details-bin"

_BROKEN_OFF: Final = "Stream removed ("
_UNREACHED: Final = re.compile("failed to connect|errors resolving|DNS resolution")
"""How gRPC's library begins its own texts; they go on with addresses."""

UNREACHABLE: Final = "The server behind this translator cannot be reached. Try again shortly."
INTERRUPTED: Final = "The connection to the server behind this translator broke off."
UNREADABLE: Final = "The answer of the server behind this translator is not a message of the type that its protos say."
TOO_LARGE: Final = "An answer of the server behind this translator is larger than what is taken here."

_log = logging.getLogger(__name__)


def failure(error: grpc.aio.AioRpcError, call: Call, status_class: Any, *, connected: bool) -> TollwayError:
    """The error for a failed call.

    `status_class` is google.rpc.Status of the pool in which the types of its details are to be looked up. `connected`
    tells whether there still is a connection to the server: gRPC has one class for what the server said and for what
    its library says of a server that said nothing, which names addresses and is no caller's business.
    """
    text = error.details() or ""
    code = error.code()
    trailers = dict(error.trailing_metadata() or ())
    if code is grpc.StatusCode.DEADLINE_EXCEEDED and (left := call.remaining()) is not None and left <= 0:
        return TollwayError(Reason.REASON_DEADLINE_EXCEEDED)
    if text.startswith(_BROKEN_OFF):
        return _logged(_broken_off(code), call, text)
    if code is grpc.StatusCode.UNAVAILABLE and not trailers and (not connected or _UNREACHED.match(text)):
        return _logged(TollwayError(Reason.REASON_UPSTREAM_UNREACHABLE, UNREACHABLE), call, text)
    status = _status(code.value[0], text, trailers.get(_DETAILS, b""), status_class)
    return StatusError(status, retry_after=retry_after(status))


def _broken_off(code: grpc.StatusCode) -> TollwayError:
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return TollwayError(Reason.REASON_UPSTREAM_INVALID, TOO_LARGE)
    return TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED, INTERRUPTED)


def _logged(error: TollwayError, call: Call, text: str) -> TollwayError:
    """The error, once the operator can read what its caller must not."""
    _log.warning("call %s: %s: %s", call.id, error.rule.name, text)
    return error


def _status(code: int, text: str, details: Any, status_class: Any) -> Any:
    try:
        status = status_class.FromString(details)
    except DecodeError:
        status = status_class()
    # Both are there to say the same. What every client goes by is the plain one.
    return status if status.code == code else status_class(code=code, message=text)
