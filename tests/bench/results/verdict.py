"""Whether a ratio has fallen below what was recorded, on a machine that is never quiet.

What is compared is processor time and the median latency of one connection, and always with a reference that had its
turn within the same second: a busy neighbour takes time from both. A few rounds are enough for what is well. Only what
looks bad is measured again, and is called bad only if that cannot be chance: were its true median still at the bar,
each round would be below it as if by the toss of a coin, and so many below as there were would be seen less often than
once in a hundred times (a one-sided sign test over all rounds, which asks nothing of how the noise is distributed).
"""

from __future__ import annotations

import statistics
from math import comb
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHANCE = 0.01
"""How seldom a ratio that is still at its bar may be called bad."""

ALLOWED = 0.75
"""The part of a recorded ratio of processor time that has to be left."""

ALLOWED_LATENCY = 0.5
"""The same of a latency: it waits for each process that it passes, so that noise is added up."""


class Check(NamedTuple):
    """A cost of a subject, held against a reference's: how many times as little it costs."""

    cell: str
    subject: str
    figure: str
    reference: str
    reference_figure: str = ""
    allowed: float = ALLOWED

    def ratio(self, figures: Mapping[str, Mapping[str, float]]) -> float:
        """What figures by subject say: 1 where it costs as much as the reference, 0.5 where it costs twice as much."""
        return figures[self.reference][self.reference_figure or self.figure] / figures[self.subject][self.figure]

    def is_in(self, figures: Mapping[str, Mapping[str, float]]) -> bool:
        """Whether figures by subject say it: rounds that are taken again are about some checks alone."""
        of_reference = self.reference_figure or self.figure
        return self.figure in figures.get(self.subject, {}) and of_reference in figures.get(self.reference, {})

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.cell}: {self.subject}, {self.figure} beside {self.reference}"


def looks_well(ratios: Sequence[float], bar: float) -> bool:
    """Whether there is nothing to be measured again."""
    return statistics.median(ratios) >= bar


def is_bad(ratios: Sequence[float], bar: float) -> bool:
    """Whether so many rounds below the bar cannot be chance."""
    below = sum(ratio < bar for ratio in ratios)
    return not looks_well(ratios, bar) and chance_of(below, len(ratios)) <= CHANCE


def chance_of(least: int, tosses: int) -> float:
    """How likely at least so many heads are."""
    return sum(comb(tosses, heads) for heads in range(least, tosses + 1)) / 2**tosses
