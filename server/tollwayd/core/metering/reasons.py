"""Why a limit refuses, as errors have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason
from tollwayd.core.metering.limit import Algorithm

if TYPE_CHECKING:
    from tollwayd.core.metering.limit import Limit


def reason_of(limit: Limit) -> Reason:
    """The reason for a call that this limit refuses. Budgets, and they alone, have thresholds or a calendar."""
    if limit.algorithm is Algorithm.CONCURRENCY:
        return Reason.REASON_CONCURRENCY_EXCEEDED
    if limit.thresholds or limit.algorithm is Algorithm.CALENDAR:
        return Reason.REASON_BUDGET_EXCEEDED
    return Reason.REASON_RATE_LIMIT_EXCEEDED
