"""Counters and histograms: what Prometheus reads is what prometheus-client's own would say."""

from __future__ import annotations

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from tollwayd.telemetry.tally import Count, Spread

BOUNDS = (0.1, 1, 10)
VALUES = (0.05, 0.1, 0.11, 1, 9.5, 10.5, 3)


class Collected(Collector):
    def __init__(self, *metrics) -> None:
        self.metrics = metrics

    def collect(self):
        return [metric.collect() for metric in self.metrics]


def text_of(*metrics) -> list[str]:
    registry = CollectorRegistry()
    registry.register(Collected(*metrics))
    return lines(registry)


def lines(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@pytest.fixture
def registry():
    return CollectorRegistry()


def test_a_count_is_prometheus_clients_counter(registry):
    ours = Count("calls", "Calls.", ("method", "outcome"))
    theirs = prometheus_client.Counter("calls", "Calls.", ("method", "outcome"), registry=registry)
    for labels, count in ((("a", "OK"), 1), (("a", "OK"), 2), (('b"\n\\', "NO"), 7)):
        ours.add(labels, count)
        theirs.labels(*labels).inc(count)
    assert text_of(ours) == lines(registry)


def test_a_spread_is_prometheus_clients_histogram(registry):
    ours = Spread("seconds", "Seconds.", "method", BOUNDS)
    theirs = prometheus_client.Histogram("seconds", "Seconds.", ("method",), buckets=BOUNDS, registry=registry)
    for value in VALUES:
        ours.add("a", value)
        theirs.labels("a").observe(value)
    ours.add("b", 0.5)
    theirs.labels("b").observe(0.5)
    assert text_of(ours) == lines(registry)


def test_nothing_counted_is_a_metric_without_samples(registry):
    prometheus_client.Counter("calls", "Calls.", ("method",), registry=registry)
    assert text_of(Count("calls", "Calls.", ("method",))) == lines(registry)
