"""Prices by classes of tokens, and what a call costs by them. Integers throughout, rounded once a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tollwayd.core.metering.charge import Counts

MAX_COST: Final = 2**53 - 1
"""The dearest a call can be, nine million dollars: scripts in the store count exactly up to here. Only tokens that no
call uses cost more."""

PER: Final = 1_000_000
"""The tokens that a rate is for."""


class Rates(NamedTuple):
    """Nano-units for 1,000,000 tokens of each class of `Counts`, in its order, and nano-units for the call itself."""

    input: int
    cache_read: int
    cache_write: int
    cache_write_hour: int
    output: int
    reasoning: int
    request: int = 0

    @property
    def dearest(self) -> tuple[int, int, int]:
        """The rates of the dearest class of input, of the dearest class of output, and of the call itself."""
        return max(self[:4]), max(self.output, self.reasoning), self.request


FREE: Final = Rates(0, 0, 0, 0, 0, 0)
"""No money for anything."""


class Tier(NamedTuple):
    """Rates for all tokens of a call whose input, of every class, is more than `above`."""

    above: int
    rates: Rates


class _Bound(NamedTuple):
    """The dearest rates of input and of output, and that of the call itself, where the input is more than `above`."""

    above: int
    input: int
    output: int
    request: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """One price. It is a `Price`, the same at all times. `tiers` are those above the first, by `above`, ascending."""

    version: str
    rates: Rates
    tiers: Sequence[Tier] = ()
    max_output_tokens: int | None = None
    _bounds: Sequence[_Bound] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        bounds = [_Bound(above, *rates.dearest) for above, rates in (Tier(-1, self.rates), *self.tiers)]
        object.__setattr__(self, "_bounds", bounds)  # Itself it is frozen.

    def cost(self, counts: Counts, at: float = 0) -> int:
        """As `Price.cost`."""
        fresh, read, written, written_hour, output, reasoning = counts
        rates = self._rates(fresh + read + written + written_hour) if self.tiers else self.rates
        per_input, per_read, per_written, per_written_hour, per_output, per_reasoning, request = rates
        whole = (
            fresh * per_input
            + read * per_read
            + written * per_written
            + written_hour * per_written_hour
            + output * per_output
            + reasoning * per_reasoning
        )
        cost = request - -whole // PER
        return min(cost, MAX_COST)

    def most(self, input_tokens: int, output_tokens: int, at: float = 0) -> int:
        """As `Price.most`: the dearest class, and the dearest tier that so much input can reach."""
        most = 0
        for above, per_input, per_output, request in self._bounds:
            if input_tokens > above:
                most = max(most, request - -(input_tokens * per_input + output_tokens * per_output) // PER)
        return min(most, MAX_COST)

    def at(self, at: float) -> Tariff:
        """As `Price.at`."""
        return self

    def _rates(self, input_tokens: int) -> Rates:
        rates = self.rates
        for tier in self.tiers:
            if input_tokens <= tier.above:
                break
            rates = tier.rates
        return rates


def dearest(tariffs: Iterable[Tariff], version: str) -> Tariff | None:
    """A price that is below none of these in any class; None for no prices."""
    every = [rates for tariff in tariffs for rates in (tariff.rates, *(tier.rates for tier in tariff.tiers))]
    return Tariff(version, Rates(*map(max, zip(*every, strict=True)))) if every else None
