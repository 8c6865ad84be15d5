"""What the targets of one call failed with, of which its caller is told one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from tollwayd.core.call import Exchange

FINAL = frozenset({Reason.REASON_UPSTREAM_REJECTED, Reason.REASON_FIELD_INVALID})
"""Reasons that the request itself gave: another target would refuse it as well."""

_PASSING = frozenset({Reason.REASON_UPSTREAM_RATE_LIMITED, Reason.REASON_UPSTREAM_OVERLOADED})
_UNASKED = 0


class Failures:
    """The failed attempts of one call, each noted on its exchange.

    Of two errors the later is told, unless the earlier says more: that the same call may do later, best of all when.
    That a target could not even be asked says least. `final` says that no other target could do better.
    """

    __slots__ = ("_error", "_exchange", "_rank", "final")

    def __init__(self, exchange: Exchange) -> None:
        self.final = False
        self._exchange = exchange
        self._error: TollwayError | None = None
        self._rank = _UNASKED

    def unasked(self, error: TollwayError) -> None:
        """The request cannot be put in the current target's words."""
        self._note(error, _UNASKED)
        self.final = error.reason in FINAL

    def asked(self, error: TollwayError) -> None:
        """The current target failed. An error that the request itself gave is told, whatever others there are."""
        self._note(error, _rank(error))
        if error.reason in FINAL:
            self.final, self._error = True, error

    def told(self) -> TollwayError:
        """What the caller is told where no target has answered."""
        return self._error or TollwayError(Reason.REASON_MODEL_UNUSABLE)

    def _note(self, error: TollwayError, rank: int) -> None:
        self._exchange.attempts.append(f"{self._exchange.provider}: {error.rule.name}")
        if rank >= self._rank:
            self._error, self._rank = error, rank


def _rank(error: TollwayError) -> int:
    if error.retry_after is not None:
        return 3
    return 2 if error.reason in _PASSING else 1
