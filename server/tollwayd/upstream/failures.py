"""The ways in which an exchange with a provider fails, each with a text that holds nothing of the exchange itself."""

from __future__ import annotations

from tollwayd.core.errors import Reason, TollwayError

_TIMED_OUT = {
    "connect": "The provider did not take a connection in time (connect timeout).",
    "first_byte": "The provider did not begin its answer in time (first_byte timeout).",
    "idle": "The provider stopped in the middle of its answer (idle timeout).",
    "total": "The provider did not end its answer in time (total timeout).",
}


class UnansweredError(TollwayError):
    """The provider closed the connection as soon as the request went out on it, and without a word."""

    def __init__(self) -> None:
        super().__init__(Reason.REASON_UPSTREAM_UNREACHABLE, "The provider closed the connection without an answer.")


def timed_out(limit: str) -> TollwayError:
    """The error for a time limit that has passed; `limit` is a field of `Timeouts`."""
    return TollwayError(Reason.REASON_UPSTREAM_TIMEOUT, _TIMED_OUT[limit], metadata={"timeout": limit})


def unreachable(message: str = "") -> TollwayError:
    """The error for a provider that no connection could be made to, or that closed it without a word."""
    return TollwayError(Reason.REASON_UPSTREAM_UNREACHABLE, message)


def unreadable(message: str = "") -> TollwayError:
    """The error for an answer that breaks HTTP or a limit of this client."""
    return TollwayError(Reason.REASON_UPSTREAM_INVALID, message)


def interrupted() -> TollwayError:
    """The error for an answer that broke off."""
    return TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
