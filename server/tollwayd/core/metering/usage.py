"""Usage summed up, as the store keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tollwayd.core.metering.charge import Dimensions

HOUR_MS = 3_600_000
"""Usage is kept by hours of UTC."""


class Sums(NamedTuple):
    """What is summed up of calls: how many, how many of them failed, tokens by class, cost in nano-units, and how
    many had no known price."""

    calls: int = 0
    failed: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_hour: int = 0
    output: int = 0
    reasoning: int = 0
    cost: int = 0
    unpriced: int = 0


class UsagePart(NamedTuple):
    """The usage of one hour, counted from the Unix epoch, with one value of every dimension."""

    hour: int
    dimensions: Dimensions
    sums: Sums
