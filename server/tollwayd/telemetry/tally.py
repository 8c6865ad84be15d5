"""Counters and histograms that cost a dictionary entry on the hot path, and are put into Prometheus's form at scrape.

prometheus-client's own take a lock for every sample, about a microsecond each; all of a process's calls end in one
thread, so these need none. Only that thread may count and collect.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client.metrics_core import Metric

Labels = tuple[str, ...]


class Count:
    """A counter by labels. `counts` holds what was counted, for those who count one by one: `counts[labels] += 1`."""

    def __init__(self, name: str, help_: str, labels: Sequence[str]) -> None:
        self._about = (name, help_)
        self._names = labels
        self.counts: Final[defaultdict[Labels, int]] = defaultdict(int)

    def add(self, labels: Labels, count: int = 1) -> None:
        """Counts `count` more; `labels` are the values, in the order of the names."""
        self.counts[labels] += count

    def collect(self) -> Metric:
        """The counter as Prometheus knows it."""
        family = CounterMetricFamily(*self._about, labels=self._names)
        for labels, count in self.counts.items():
            family.add_metric(labels, count)
        return family


class Spread:
    """A histogram by one label."""

    def __init__(self, name: str, help_: str, label: str, bounds: Sequence[float]) -> None:
        self._about = (name, help_)
        self._label = label
        self._bounds = bounds
        self._names = [*map(floatToGoString, bounds), "+Inf"]
        self._spreads: dict[str, tuple[list[int], list[float]]] = {}

    def add(self, label: str, value: float) -> None:
        """Counts a value."""
        try:
            counts, total = self._spreads[label]
        except KeyError:
            counts, total = self._spreads[label] = ([0] * len(self._names), [0.0])
        counts[bisect_left(self._bounds, value)] += 1
        total[0] += value

    def collect(self) -> Metric:
        """The histogram as Prometheus knows it."""
        family = HistogramMetricFamily(*self._about, labels=[self._label])
        for label, (counts, total) in self._spreads.items():
            family.add_metric([label], list(zip(self._names, _running(counts), strict=True)), total[0])
        return family


def _running(counts: Iterable[int]) -> Iterator[int]:
    in_all = 0
    for count in counts:
        in_all += count
        yield in_all
