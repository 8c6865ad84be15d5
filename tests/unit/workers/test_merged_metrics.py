"""Metrics of several processes are those of one: sums, which do not go back when a process ends."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from tollwayd.workers.channel import Family
from tollwayd.workers.merged_metrics import MergedMetrics


def calls(**by_tenant: int) -> Family:
    samples = [("calls_total", (("tenant", name),), count) for name, count in by_tenant.items()]
    return Family("calls", "Calls.", "counter", samples)


def running(count: int) -> Family:
    return Family("running", "Under way.", "gauge", [("running", (), count)])


def seconds(fast: int, slow: int) -> Family:
    counts = [("0.1", fast), ("+Inf", fast + slow)]
    samples = [("seconds_bucket", (("le", bound),), count) for bound, count in counts]
    return Family("seconds", "Time.", "histogram", [*samples, ("seconds_count", (), fast + slow)])


class Scraped:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = MergedMetrics(self.registry)
        for worker in (1, 2):
            self.metrics.begin(worker)

    def __call__(self) -> dict[str, float]:
        lines = generate_latest(self.registry).decode().splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}


def test_samples_of_the_same_labels_are_added():
    scraped = Scraped()
    scraped.metrics.tell(1, [calls(acme=3), running(2), seconds(5, 1)])
    scraped.metrics.tell(2, [calls(acme=4, other=1), running(1), seconds(2, 7)])
    assert scraped() == {
        "tollway_workers": 2,
        "tollway_worker_restarts_total": 0,
        'calls_total{tenant="acme"}': 7,
        'calls_total{tenant="other"}': 1,
        "running": 3,
        'seconds_bucket{le="0.1"}': 7,
        'seconds_bucket{le="+Inf"}': 15,
        "seconds_count": 15,
    }


def test_what_a_worker_tells_later_is_in_place_of_what_it_told_before():
    scraped = Scraped()
    scraped.metrics.tell(1, [calls(acme=3)])
    scraped.metrics.tell(1, [calls(acme=5)])
    assert scraped()['calls_total{tenant="acme"}'] == 5


def test_what_was_counted_stays_when_its_worker_ends_and_what_was_so_at_the_moment_does_not():
    scraped = Scraped()
    scraped.metrics.tell(1, [calls(acme=3), running(2), seconds(5, 1)])
    scraped.metrics.end(1)
    scraped.metrics.end(1)
    scraped.metrics.begin(3)
    scraped.metrics.restart()
    scraped.metrics.tell(3, [calls(acme=1), running(1), seconds(1, 0)])
    got = scraped()
    assert (got['calls_total{tenant="acme"}'], got["running"], got["seconds_count"]) == (4, 1, 7)
    assert (got["tollway_workers"], got["tollway_worker_restarts_total"]) == (2, 1)
