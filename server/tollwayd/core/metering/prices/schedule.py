"""Prices that hold for a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.charge import Counts
    from tollwayd.core.metering.prices.tariff import Tariff

    Entry = tuple["Period", Tariff]

_DAY: Final = 86_400


class Period(NamedTuple):
    """A time: from `start` until before `end` (Unix seconds), and of each day from the second `daily[0]` until before
    `daily[1]` (UTC), which is on the next day where it is not the greater."""

    start: float = -inf
    end: float = inf
    daily: tuple[int, int] | None = None

    def covers(self, at: float) -> bool:
        """Whether a moment (Unix seconds) lies in it."""
        if not self.start <= at < self.end:
            return False
        if self.daily is None:
            return True
        start, end = self.daily
        second = at % _DAY
        return start <= second < end if start <= end else second >= start or second < end


ALWAYS: Final = Period()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A `Price` made of several, one at least: that of the first period which covers a moment is in force then."""

    entries: tuple[Entry, ...]

    @property
    def version(self) -> str:
        """Those of all its prices. That of the price in force is what `at` gives."""
        return ", ".join(dict.fromkeys(tariff.version for _, tariff in self.entries))

    @property
    def max_output_tokens(self) -> int | None:
        """The most of any, None where one of them does not say."""
        caps = [tariff.max_output_tokens for _, tariff in self.entries]
        known = [cap for cap in caps if cap is not None]
        return max(known) if len(known) == len(caps) else None

    def cost(self, counts: Counts, at: float) -> int:
        """As `Price.cost`; while no price is in force, that of the first one."""
        return self._in_force(at).cost(counts)

    def most(self, input_tokens: int, output_tokens: int, at: float) -> int:
        """As `Price.most`; while no price is in force, that of the first one."""
        return self._in_force(at).most(input_tokens, output_tokens)

    def at(self, at: float) -> Tariff | None:
        """As `Price.at`."""
        for period, tariff in self.entries:
            if period.covers(at):
                return tariff
        return None

    def _in_force(self, at: float) -> Tariff:
        return self.at(at) or self.entries[0][1]


def priced(entries: Sequence[Entry]) -> Tariff | Schedule | None:
    """The price that these make, the first of those whose period covers a moment counting; None for none of them."""
    for position, (period, tariff) in enumerate(entries):
        if period == ALWAYS:
            return Schedule(tuple(entries[: position + 1])) if position else tariff
    return Schedule(tuple(entries)) if entries else None


def entries_of(price: Tariff | Schedule | None) -> Sequence[Entry]:
    """What `priced` makes that price of."""
    if price is None:
        return ()
    return price.entries if isinstance(price, Schedule) else ((ALWAYS, price),)
