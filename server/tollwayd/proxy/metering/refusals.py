"""What a caller is told whose call its limits do not let through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import QuotaViolation, Reason, TollwayError
from tollwayd.core.metering.limit import Algorithm
from tollwayd.core.metering.money import CURRENCY
from tollwayd.core.metering.reasons import reason_of
from tollwayd.core.metering.unit import Unit
from tollwayd.proxy.metering.headers import capacity, decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.limit import Limit, Refusal

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


def refused(refusal: Refusal, indexes: Sequence[int]) -> TollwayError:
    """The error for the limits of these indexes."""
    limits = sorted((refusal.standings[index].limit for index in indexes), key=_rank, reverse=True)
    reason = reason_of(limits[0])
    return TollwayError(
        reason,
        _message(limits[0]),
        metadata={"policy": limits[0].policy},
        quota_violations=[QuotaViolation(limit.bucket, _message(limit)) for limit in limits],
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


def _message(limit: Limit) -> str:
    much = f"{decimal(limit.limit)} {CURRENCY}" if limit.unit is Unit.COST else f"{limit.limit} {_WORDS[limit.unit]}"
    window = f" in {limit.window_ms / 1000:g} s" if limit.window_ms else ""
    if limit.least > capacity(limit):
        return f"The call asks for more than the limit {limit.policy} can ever give: {much}{window}."
    kind = "budget" if reason_of(limit) == Reason.REASON_BUDGET_EXCEEDED else "limit"
    return f"The {kind} {limit.policy} is used up: {much}{window}."
