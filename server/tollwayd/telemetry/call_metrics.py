"""Prometheus metrics of calls."""

from __future__ import annotations

from collections import defaultdict
from time import monotonic
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

_CLASSES: Final = ("input", "cache_read", "cache_write", "cache_write_hour", "output", "reasoning")


class _Used:
    """What calls to one model of a provider have used: their cost, and tokens by class, told and estimated."""

    __slots__ = ("cost", "estimated", "told")

    def __init__(self) -> None:
        self.cost = 0
        self.told = [0] * len(_CLASSES)
        self.estimated = [0] * len(_CLASSES)


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
        self._observed = Count(
            "tollway_policy_observed", "Calls that a policy let pass though they broke it.", ("tenant", "policy")
        )
        self._failed_attempts = Count("tollway_failed_attempts", "Targets that were tried in vain.", ("provider",))
        # By tenant, provider and its model: one look-up a call in place of one for each class of tokens.
        self._used: defaultdict[tuple[str, str, str], _Used] = defaultdict(_Used)
        self._in_flight = 0
        registry.register(self)

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return self._in_flight

    def collect(self) -> Iterator[Metric]:
        """prometheus-client: all metrics, at a scrape."""
        yield GaugeMetricFamily("tollway_calls_in_flight", "Calls under way.", self._in_flight)
        counted = (self._calls, self._seconds, self._first_byte, *self._usage(), self._observed, self._failed_attempts)
        yield from (metric.collect() for metric in counted)

    def _usage(self) -> tuple[Count, Count]:
        labels = ("tenant", "provider", "upstream_model")
        tokens = Count(
            "tollway_tokens", "Tokens used, in classes that do not overlap.", (*labels, "class", "estimated")
        )
        cost = Count("tollway_cost_nanos", "What calls cost, in billionths of a dollar.", labels)
        for model, used in self._used.items():
            if used.cost:
                cost.add(model, used.cost)
            for counts, estimated in ((used.told, "false"), (used.estimated, "true")):
                for class_, count in zip(_CLASSES, counts, strict=True):
                    if count:
                        tokens.add((*model, class_, estimated), count)
        return tokens, cost

    def on_call(self, _: Call) -> None:
        """Counts the call as under way."""
        self._in_flight += 1

    def on_end(self, call: Call, error: BaseException | None) -> None:
        """Counts the call, its time and its tokens."""
        self._in_flight -= 1
        self._calls.counts[call.method, call.door, outcome(call, error)] += 1
        self._seconds.add(call.method, monotonic() - call.started)
        exchange = call.exchange
        if exchange is not None and (provider := exchange.provider):
            if exchange.first_byte_at is not None:
                self._first_byte.add(provider, exchange.first_byte_at - call.started)
            tenant = call.principal.tenant if call.principal else ""
            if exchange.attempts or exchange.exceeded:
                self._count_trouble(tenant, exchange)
            used = self._used[tenant, provider, exchange.upstream_model]
            used.cost += exchange.charged or 0
            if exchange.usage is not None:
                _add_tokens(used, exchange.usage)

    def _count_trouble(self, tenant: str, exchange: Exchange) -> None:
        for attempt in exchange.attempts:
            self._failed_attempts.add((attempt.partition(":")[0],))
        for policy in exchange.exceeded:
            self._observed.add((tenant, policy))


def _add_tokens(used: _Used, usage: Usage) -> None:
    counts = used.estimated if usage.estimated else used.told
    counts[0] += usage.input_tokens
    counts[1] += usage.cache_read_tokens
    counts[2] += usage.cache_write_tokens
    counts[3] += usage.cache_write_1h_tokens
    counts[4] += usage.output_tokens
    counts[5] += usage.reasoning_tokens
