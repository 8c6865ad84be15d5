"""What policies and the rules of tiers say where they say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.admin.v1.policies_pb2 import Exceeded, Policy, RateLimit
from tollwayd.core.metering.policies.compiling import DEFAULT_THRESHOLDS

if TYPE_CHECKING:
    from tollway.admin.v1.policies_pb2 import Budget
    from tollway.admin.v1.tiers_pb2 import TierRule

__all__ = ["complete"]


def complete(message: Policy | TierRule) -> None:
    """Writes what holds into each field that is not set, so that readers see it. Access needs no store, so what happens
    without one is nothing there; a soft budget refuses no calls, so nothing is said of what happens to those."""
    message.mode = message.mode or Policy.ENFORCE
    match message.WhichOneof("rule"):
        case "rate_limit":
            message.on_store_error = message.on_store_error or Policy.LOCAL
            _complete_rate_limit(message.rate_limit)
        case "concurrency":
            message.on_store_error = message.on_store_error or Policy.LOCAL
        case "budget":
            message.on_store_error = message.on_store_error or Policy.DENY
            _complete_budget(message.budget)


def _complete_rate_limit(message: RateLimit) -> None:
    message.algorithm = message.algorithm or RateLimit.SLIDING_WINDOW
    message.admission = message.admission or Policy.CLAMP
    message.on_exceeded.action = message.on_exceeded.action or Exceeded.REJECT


def _complete_budget(message: Budget) -> None:
    message.admission = message.admission or Policy.CLAMP
    if not message.thresholds:
        message.thresholds.extend(DEFAULT_THRESHOLDS)
    if not message.soft:
        message.on_exceeded.action = message.on_exceeded.action or Exceeded.REJECT
    elif message.on_exceeded.action == Exceeded.REJECT:
        message.ClearField("on_exceeded")
