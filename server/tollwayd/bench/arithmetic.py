"""From requests that were made to the figures that are told of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Request(NamedTuple):
    """One request, in nanoseconds of one clock. `ok` is whether its whole answer came and was the right one."""

    intended: int
    sent: int
    first: int
    done: int
    ok: bool


class Load(NamedTuple):
    """What became of requests: answers a second, latencies and times to the first byte in milliseconds, failures.

    A latency counts from when its request was to be sent. A generator that is held up by a slow server sends late, and
    counting from then would leave out what its users wait for.
    """

    rate: float
    p50: float
    p99: float
    first_p50: float
    first_p99: float
    failed: int

    @classmethod
    def of(cls, requests: Sequence[Request], seconds: float) -> Self:
        """The figures of requests that were made in so many seconds; those that failed have no latency."""
        good = [request for request in requests if request.ok]
        latencies = sorted(request.done - request.intended for request in good)
        firsts = sorted(request.first - request.intended for request in good)
        p50, p99, first_p50, first_p99 = (
            percentile(times, percent) / 1e6 for times in (latencies, firsts) for percent in (50, 99)
        )
        return cls(len(good) / seconds, p50, p99, first_p50, first_p99, len(requests) - len(good))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least value that so many percent of all are not above (nearest rank); NaN of none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Frontier:
    """The search for the highest rate that holds, by halving: `for rate in search: search.held(rate, holds)`."""

    def __init__(self, most: float, tries: int = 6) -> None:
        self.highest = 0.0
        self._fails = most
        self._tries = tries

    def __iter__(self) -> Iterator[float]:
        for _ in range(self._tries):
            yield (self.highest + self._fails) / 2

    def held(self, rate: float, holds: bool) -> None:  # noqa: FBT001  # As the search's user has it.
        """What became of a rate that was tried."""
        if holds:
            self.highest = rate
        else:
            self._fails = rate
