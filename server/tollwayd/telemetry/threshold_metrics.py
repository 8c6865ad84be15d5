"""Thresholds of budgets that were reached: a log line and a count for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from prometheus_client.registry import Collector

from tollwayd.telemetry.tally import Count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from tollwayd.core.metering.limits.reached import Reached


class ThresholdMetrics(Collector):
    """Tells of each threshold once among all replicas: the one whose booking reached it does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reached = Count(
            "tollway_policy_thresholds",
            "Thresholds of budgets that were reached, in percent of the limit.",
            ("tenant", "policy", "percent"),
        )
        self._log = structlog.get_logger("tollway.policy")
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """prometheus-client: the counter, at a scrape."""
        yield self._reached.collect()

    def tell(self, reached: Reached) -> None:
        """Logs and counts one."""
        self._reached.add((reached.tenant, reached.policy, str(reached.percent)))
        self._log.warning(
            "threshold reached",
            tenant=reached.tenant,
            policy=reached.policy,
            bucket=reached.bucket,
            unit=reached.unit.name,
            percent=reached.percent,
            limit=reached.limit,
            settled=reached.settled,
        )
