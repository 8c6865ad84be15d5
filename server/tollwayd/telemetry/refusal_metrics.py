"""Prometheus metrics of requests that are refused before they are calls: no link of a chain hears of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from tollwayd.core.errors import RULES
from tollwayd.telemetry.tally import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from tollwayd.core.errors import Reason


class RefusalMetrics(Collector):
    """Counts refusals by listener and reason."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Count(
            "tollway_refused_requests", "Requests refused before they were calls, by why.", ("listener", "reason")
        )
        registry.register(self)

    def at(self, listener: str) -> Callable[[Reason], None]:
        """What counts the refusals of one listener, such as `admin_http`."""
        return partial(self._add, listener)

    def collect(self) -> Iterator[Metric]:
        """prometheus-client: the counter, at a scrape."""
        yield self._refused.collect()

    def _add(self, listener: str, reason: Reason) -> None:
        self._refused.add((listener, RULES[reason].name))
