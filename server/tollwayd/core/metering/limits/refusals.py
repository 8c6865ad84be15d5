"""What a caller is told whose call its limits do not let through, or who asks what it would be told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import QuotaViolation, Reason, TollwayError
from tollwayd.core.metering.limits.judgement import most
from tollwayd.core.metering.limits.limit import Algorithm
from tollwayd.core.metering.limits.reasons import named, reason_of
from tollwayd.core.metering.money import CURRENCY, decimal
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.limits.limit import Limit, Refusal

PLACE_SECONDS: Final = 1.0
"""After what time to look for a place again, where nobody can tell when a call ends."""

_WORDS: Final = {
    Unit.REQUESTS: "requests",
    Unit.INPUT_TOKENS: "input tokens",
    Unit.OUTPUT_TOKENS: "output tokens",
    Unit.TOTAL_TOKENS: "tokens",
    Unit.CALLS: "calls at the same time",
}
_RANKS: Final = (
    Reason.REASON_CONCURRENCY_EXCEEDED,
    Reason.REASON_RATE_LIMIT_EXCEEDED,
    Reason.REASON_BUDGET_EXCEEDED,
)
"""Of several reasons the one is told that keeps the caller waiting longest."""


_LESS: Final = {
    Unit.INPUT_TOKENS: "a shorter input",
    Unit.OUTPUT_TOKENS: "a lower max_tokens",
    Unit.TOTAL_TOKENS: "a lower max_tokens or a shorter input",
    Unit.COST: "a lower max_tokens or a shorter input",
}


def refused(refusal: Refusal, indexes: Sequence[int]) -> TollwayError:
    """The error for the limits of these indexes."""
    limits = sorted((refusal.standings[index].limit for index in indexes), key=_rank, reverse=True)
    reason = reason_of(limits[0])
    return TollwayError(
        reason,
        _message(limits[0], refusal.now_ms),
        metadata={"policy": limits[0].policy},
        quota_violations=[QuotaViolation(limit.bucket, _message(limit, refusal.now_ms)) for limit in limits],
        retry_after=_retry_after(refusal, limits),
    )


def refused_by_provider(refusal: Refusal) -> TollwayError:
    """The error for limits of a provider, which are the operator's affair: callers are not told which ones."""
    limits = sorted((refusal.standings[index].limit for index in refusal.refused), key=_rank, reverse=True)
    return TollwayError(
        reason_of(limits[0]),
        "A limit of the model's provider is reached.",
        retry_after=_retry_after(refusal, limits),
    )


def retries_in_vain(error: TollwayError) -> bool:
    """Whether an SDK that tries again within the minute, as they do, only adds to the load."""
    return error.reason == Reason.REASON_BUDGET_EXCEEDED or error.retry_after is None


def _retry_after(refusal: Refusal, limits: Sequence[Limit]) -> float | None:
    if refusal.retry_after_ms is not None:
        return refusal.retry_after_ms / 1000
    waits = all(limit.algorithm is Algorithm.CONCURRENCY for limit in limits)
    return PLACE_SECONDS if waits else None


def _rank(limit: Limit) -> int:
    return _RANKS.index(reason_of(limit))


def _message(limit: Limit, now_ms: int) -> str:
    name = named("budget" if limit.budget else "limit", limit.policy)
    if limit.least > most(limit):
        return f"The call asks for {_wanted(limit)}, more than the {name} can ever give: {_ever(limit)}.{_less(limit)}"
    until = f" until {_instant(limit.calendar.around(now_ms)[1])}" if limit.calendar else ""
    return f"The {name} is used up: {_much(limit, limit.limit)}{_window(limit)}{until}."


def _wanted(limit: Limit) -> str:
    return f"{'' if limit.least == limit.amount else 'at least '}{_much(limit, limit.least)}"


def _ever(limit: Limit) -> str:
    at_once = " at once" if limit.algorithm is Algorithm.BUCKET else _window(limit)
    return f"{_much(limit, most(limit))}{at_once}"


def _window(limit: Limit) -> str:
    return f" in {limit.window_ms / 1000:g} s" if limit.window_ms else ""


def _much(limit: Limit, amount: int) -> str:
    return f"{decimal(amount)} {CURRENCY}" if limit.unit is Unit.COST else f"{amount} {_WORDS[limit.unit]}"


def _less(limit: Limit) -> str:
    """What a caller can do about asking for too much. Where less would do than what it wants, that is its input."""
    if limit.unit not in _LESS:
        return ""
    return f" Ask with {_LESS[limit.unit] if limit.least == limit.amount else _LESS[Unit.INPUT_TOKENS]}."


def _instant(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
