"""The metrics of all workers as those of one process."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tollwayd.workers.channel import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import CollectorRegistry

    from tollwayd.workers.channel import Value

    Labels = tuple[tuple[str, str], ...]

_OF_THE_MOMENT: Final = "gauge"


class _Sums:
    """Metrics, added up sample by sample."""

    def __init__(self) -> None:
        self._about: dict[str, tuple[str, str]] = {}
        self._samples: dict[str, dict[tuple[str, Labels], Value]] = defaultdict(dict)

    def add(self, families: Iterable[Family]) -> None:
        for family in families:
            self._about[family.name] = family.help, family.type
            samples = self._samples[family.name]
            for name, labels, value in family.samples:
                samples[name, labels] = samples.get((name, labels), 0) + value

    def families(self) -> Iterator[Family]:
        for name, about in self._about.items():
            samples = [(sample, labels, value) for (sample, labels), value in self._samples[name].items()]
            yield Family(name, *about, samples)


class MergedMetrics(Collector):
    """Sums that never go back: what a worker that is gone had told is kept, but for what was so at a moment alone."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gone = _Sums()
        self._restarts = 0
        self._last: dict[int, list[Family]] = {}
        registry.register(self)

    def begin(self, worker: int) -> None:
        """A worker, by its process id, serves from now on."""
        self._last[worker] = []

    def tell(self, worker: int, families: list[Family]) -> None:
        """The metrics of a worker, in place of those of before."""
        self._last[worker] = families

    def end(self, worker: int) -> None:
        """A worker is gone."""
        self._gone.add(family for family in self._last.pop(worker, ()) if family.type != _OF_THE_MOMENT)

    def restart(self) -> None:
        """Counts a worker that was started in place of one that had ended."""
        self._restarts += 1

    def collect(self) -> Iterator[Metric]:
        """prometheus-client: all metrics, at a scrape."""
        yield GaugeMetricFamily("tollway_workers", "Processes that serve.", len(self._last))
        yield CounterMetricFamily("tollway_worker_restarts", "Workers started in place of others.", self._restarts)
        sums = _Sums()
        sums.add(self._gone.families())
        for families in self._last.values():
            sums.add(families)
        yield from map(_metric, sums.families())


def _metric(family: Family) -> Metric:
    metric = Metric(family.name, family.help, family.type)
    for name, labels, value in family.samples:
        metric.add_sample(name, dict(labels), value)
    return metric
