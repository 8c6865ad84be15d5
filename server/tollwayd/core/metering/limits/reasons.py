"""Why a limit refuses, and what it is called, as errors have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason
from tollwayd.core.metering.limits.limit import Algorithm

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Limit


def reason_of(limit: Limit) -> Reason:
    """The reason for a call that this limit refuses."""
    if limit.algorithm is Algorithm.CONCURRENCY:
        return Reason.REASON_CONCURRENCY_EXCEEDED
    return Reason.REASON_BUDGET_EXCEEDED if limit.budget else Reason.REASON_RATE_LIMIT_EXCEEDED


def named(kind: str, policy: str) -> str:
    """How errors name a policy, `budget monthly`; one that is tried before it is stored has no id."""
    return f"{kind} {policy}".rstrip()
