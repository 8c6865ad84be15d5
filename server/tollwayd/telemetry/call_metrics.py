"""Prometheus metrics of calls."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tollwayd.core.plugin import Stage
from tollwayd.telemetry.outcome import outcome

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call, Exchange

CHILDREN = 4096
"""How many label sets of a metric are kept at hand."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

_CLASSES: Final = {
    "input": "input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
}


class CallMetrics:
    """A chain link that counts. Labels are names out of the configuration, never what a caller made up."""

    name: Final = "call-metrics"
    stage: Final = Stage.OBSERVE

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "tollway_calls", "Calls, by how they ended.", ("method", "door", "outcome"), registry=registry
        )
        self._in_flight = Gauge("tollway_calls_in_flight", "Calls under way.", registry=registry)
        self._seconds = Histogram(
            "tollway_call_seconds",
            "From a call's arrival to its end.",
            ("method",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._first_byte = Histogram(
            "tollway_first_byte_seconds",
            "From a call's arrival to the provider's first byte.",
            ("provider",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "tollway_tokens",
            "Tokens used, in classes that do not overlap.",
            ("tenant", "provider", "upstream_model", "class", "estimated"),
            registry=registry,
        )
        self._failed_attempts = Counter(
            "tollway_failed_attempts", "Targets that were tried in vain.", ("provider",), registry=registry
        )
        # Looking a child up by its labels takes prometheus-client about 1.5 µs, and every call needs half a dozen.
        self._call = lru_cache(CHILDREN)(self._calls.labels)
        self._call_seconds = lru_cache(CHILDREN)(self._seconds.labels)
        self._provider_seconds = lru_cache(CHILDREN)(self._first_byte.labels)
        self._token_class = lru_cache(CHILDREN)(self._tokens.labels)

    def on_request(self, _: Call, __: Message) -> None:
        """Counts the call as under way."""
        self._in_flight.inc()

    def on_end(self, call: Call, error: BaseException | None) -> None:
        """Counts the call, its time and its tokens."""
        self._in_flight.dec()
        self._call(call.method, call.door, outcome(call, error)).inc()
        self._call_seconds(call.method).observe(time.monotonic() - call.started)
        if call.exchange is not None and call.exchange.provider:
            self._count(call, call.exchange)

    def _count(self, call: Call, exchange: Exchange) -> None:
        if exchange.first_byte_at is not None:
            self._provider_seconds(exchange.provider).observe(exchange.first_byte_at - call.started)
        for attempt in exchange.attempts:
            self._failed_attempts.labels(attempt.partition(":")[0]).inc()
        if exchange.usage is not None:
            self._count_tokens(call, exchange, exchange.usage)

    def _count_tokens(self, call: Call, exchange: Exchange, usage: Usage) -> None:
        tenant = call.principal.tenant if call.principal else ""
        estimated = str(usage.estimated).lower()
        for name, field in _CLASSES.items():
            if count := getattr(usage, field):
                labels = (tenant, exchange.provider, exchange.upstream_model, name, estimated)
                self._token_class(*labels).inc(count)
