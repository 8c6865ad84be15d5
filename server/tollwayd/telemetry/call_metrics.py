"""Prometheus metrics of calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tollwayd.core.plugin import Stage
from tollwayd.telemetry.outcome import outcome
from tollwayd.telemetry.tally import Count, Spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call, Exchange

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

_CLASSES: Final = {
    "input_tokens": "input",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
    "cache_write_1h_tokens": "cache_write_hour",
    "output_tokens": "output",
    "reasoning_tokens": "reasoning",
}


class CallMetrics(Collector):
    """A chain link that counts. Labels are names out of the configuration, never what a caller made up."""

    name: Final = "call-metrics"
    stage: Final = Stage.OBSERVE

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Count("tollway_calls", "Calls, by how they ended.", ("method", "door", "outcome"))
        self._seconds = Spread("tollway_call_seconds", "From a call's arrival to its end.", "method", _SECONDS)
        self._first_byte = Spread(
            "tollway_first_byte_seconds", "From a call's arrival to the provider's first byte.", "provider", _SECONDS
        )
        self._tokens = Count(
            "tollway_tokens",
            "Tokens used, in classes that do not overlap.",
            ("tenant", "provider", "upstream_model", "class", "estimated"),
        )
        self._cost = Count(
            "tollway_cost_nanos",
            "What calls cost, in billionths of a dollar.",
            ("tenant", "provider", "upstream_model"),
        )
        self._observed = Count(
            "tollway_policy_observed", "Calls that a policy let pass though they broke it.", ("tenant", "policy")
        )
        self._failed_attempts = Count("tollway_failed_attempts", "Targets that were tried in vain.", ("provider",))
        self._in_flight = 0
        registry.register(self)

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return self._in_flight

    def collect(self) -> Iterator[Metric]:
        """prometheus-client: all metrics, at a scrape."""
        yield GaugeMetricFamily("tollway_calls_in_flight", "Calls under way.", self._in_flight)
        yield from (
            metric.collect()
            for metric in (
                self._calls,
                self._seconds,
                self._first_byte,
                self._tokens,
                self._cost,
                self._observed,
                self._failed_attempts,
            )
        )

    def on_call(self, _: Call) -> None:
        """Counts the call as under way."""
        self._in_flight += 1

    def on_end(self, call: Call, error: BaseException | None) -> None:
        """Counts the call, its time and its tokens."""
        self._in_flight -= 1
        self._calls.add((call.method, call.door, outcome(call, error)))
        self._seconds.add(call.method, time.monotonic() - call.started)
        if call.exchange is not None and call.exchange.provider:
            self._count(call, call.exchange)

    def _count(self, call: Call, exchange: Exchange) -> None:
        if exchange.first_byte_at is not None:
            self._first_byte.add(exchange.provider, exchange.first_byte_at - call.started)
        for attempt in exchange.attempts:
            self._failed_attempts.add((attempt.partition(":")[0],))
        tenant = call.principal.tenant if call.principal else ""
        for policy in exchange.exceeded:
            self._observed.add((tenant, policy))
        if exchange.charged:
            self._cost.add((tenant, exchange.provider, exchange.upstream_model), exchange.charged)
        if exchange.usage is not None:
            self._count_tokens(tenant, exchange, exchange.usage)

    def _count_tokens(self, tenant: str, exchange: Exchange, usage: Usage) -> None:
        estimated = "true" if usage.estimated else "false"
        for field, count in usage.ListFields():
            if (class_ := _CLASSES.get(field.name)) is not None:
                self._tokens.add((tenant, exchange.provider, exchange.upstream_model, class_, estimated), count)
