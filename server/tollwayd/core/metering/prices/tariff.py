"""Prices by classes of tokens, and what a call costs by them. Integers throughout, rounded once a call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.core.metering.prices.parts import NO_RATES, highest_parts
from tollwayd.core.metering.prices.terms import STANDARD, CacheWrites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tollwayd.core.metering.charge import Counts
    from tollwayd.core.metering.prices.parts import PartRates, Parts

MAX_COST: Final = 2**53 - 1
"""The dearest a call can be, nine million dollars: scripts in the store count exactly up to here. Only tokens that no
call uses cost more."""

PER: Final = 1_000_000
"""The tokens that a rate is for."""

_DEAREST: Final = "dearest"


class Rates(NamedTuple):
    """Nano-units for 1,000,000 tokens of each class of `Counts`, in its order, and nano-units for the call itself."""

    input: int
    cache_read: int
    cache_write: int
    cache_write_hour: int
    output: int
    reasoning: int
    request: int = 0

    def writing(self, writes: CacheWrites) -> Rates:
        """With the classes of cache writes that cannot come up as cheap as those around them."""
        if writes is CacheWrites.NONE:
            return self._replace(cache_write=self.input, cache_write_hour=self.input)
        return self._replace(cache_write_hour=self.cache_write) if writes is CacheWrites.SHORT else self

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
    """One price. It is a `Price`, the same at all times. `tiers` are those above the first, by `above`, ascending.

    `variants` are the prices on other terms than the standard's, whole ones, by the terms' name. `writes_when_asked`
    says that the provider's prompt cache is written only by requests that ask for it. `parts` are the prices that some
    tokens have in place of their class's, whatever the tier, and that searches have.
    """

    version: str
    rates: Rates
    tiers: Sequence[Tier] = ()
    max_output_tokens: int | None = None
    variants: Mapping[str, Tariff] = field(default_factory=dict, hash=False)
    writes_when_asked: bool = False
    parts: PartRates = NO_RATES
    _kept: dict[object, Tariff] = field(default_factory=dict, init=False, repr=False, compare=False)
    _bounds: Sequence[_Bound] = field(init=False, compare=False, repr=False)
    minds_media: bool = field(init=False, compare=False, repr=False)
    """Whether sounds or pictures in a request make a difference to what it can cost at most, on any terms."""
    is_fixed: bool = field(init=False, compare=False, repr=False)
    """Whether no terms of a request change what it can cost at most."""

    def __post_init__(self) -> None:
        bounds = [_Bound(above, *rates.dearest) for above, rates in (Tier(-1, self.rates), *self.tiers)]
        object.__setattr__(self, "_bounds", bounds)  # Itself it is frozen.
        minds = any(each.parts.of_media for each in (self, *self.variants.values()))
        object.__setattr__(self, "minds_media", minds)
        is_fixed = not self.variants and not self.writes_when_asked and self.parts is NO_RATES
        object.__setattr__(self, "is_fixed", is_fixed)

    def cost(self, counts: Counts, at: float = 0, parts: Parts | None = None) -> int:
        """As `Price.cost`, with what the provider counted apart."""
        fresh, read, written, written_hour, output, reasoning = counts
        rates = self.rates_for(fresh + read + written + written_hour) if self.tiers else self.rates
        per_input, per_read, per_written, per_written_hour, per_output, per_reasoning, request = rates
        whole = (
            fresh * per_input
            + read * per_read
            + written * per_written
            + written_hour * per_written_hour
            + output * per_output
            + reasoning * per_reasoning
        )
        if parts is not None:
            whole += self.parts.beyond(rates, parts)
        cost = request - -whole // PER
        return MAX_COST if cost > MAX_COST else cost  # noqa: FURB136  # A call of `min` takes as long as all the rest.

    def most(self, input_tokens: int, output_tokens: int, at: float = 0) -> int:
        """As `Price.most`: the dearest class, and the dearest tier that so much input can reach."""
        bounds = self._bounds
        if len(bounds) == 1:  # As of most prices.
            _, per_input, per_output, request = bounds[0]
            cost = request - -(input_tokens * per_input + output_tokens * per_output) // PER
            return MAX_COST if cost > MAX_COST else cost  # noqa: FURB136  # As in `cost`.
        most = 0
        for above, per_input, per_output, request in bounds:
            if input_tokens > above:
                most = max(most, request - -(input_tokens * per_input + output_tokens * per_output) // PER)
        return min(most, MAX_COST)

    def at(self, at: float) -> Tariff:
        """As `Price.at`."""
        return self

    def on(self, terms: str) -> Tariff:
        """The price on terms of this name: that of the dearest in each class where it has none of the name, and itself
        where it is the same on all."""
        if terms == STANDARD or not self.variants:
            return self
        return self.variants.get(terms) or self._dearest()

    def bound(self, possible: tuple[str, ...] | None, writes: CacheWrites, *, media: bool = True) -> Tariff:
        """A price which no call can exceed that is served on one of these terms, None for any, has as much cached, and
        has sounds or pictures or not. Searches are not in it. There are as few as what requests leave open."""
        if self.is_fixed:
            return self
        key = possible, writes, media
        if (found := self._kept.get(key)) is None:
            found = self._kept[key] = self._bound(possible, writes, media=media)
        return found

    def _bound(self, possible: tuple[str, ...] | None, writes: CacheWrites, *, media: bool) -> Tariff:
        found = self._dearest() if possible is None else highest([self.on(name) for name in possible])
        found = found.each(partial(found.parts.within, media=media))
        return found.each(lambda rates: rates.writing(writes)) if self.writes_when_asked else found

    def _dearest(self) -> Tariff:
        if (found := self._kept.get(_DEAREST)) is None:
            found = replace(highest([self, *self.variants.values()]), version=f"{self.version}+{_DEAREST}")
            self._kept[_DEAREST] = found
        return found

    def each(self, change: Callable[[Rates], Rates]) -> Tariff:
        """The same price with all of its rates changed, and without variants and parts."""
        tiers = tuple(Tier(above, change(rates)) for above, rates in self.tiers)
        return Tariff(self.version, change(self.rates), tiers, self.max_output_tokens)

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates of a call with so much input, of all classes."""
        rates = self.rates
        for tier in self.tiers:
            if input_tokens <= tier.above:
                break
            rates = tier.rates
        return rates


def dearest(tariffs: Iterable[Tariff], version: str) -> Tariff | None:
    """A price that is below none of these in any class; None for no prices."""
    every = [
        each.parts.within(rates, media=True)
        for tariff in tariffs
        for each in (tariff, *tariff.variants.values())
        for rates in (each.rates, *(tier.rates for tier in each.tiers))
    ]
    return Tariff(version, _highest(every)) if every else None


def highest(tariffs: Sequence[Tariff]) -> Tariff:
    """A price that is in each class, whatever the input, that of the dearest of these; none of its variants is one of
    theirs."""
    first = tariffs[0]
    steps = sorted({tier.above for tariff in tariffs for tier in tariff.tiers})
    tiers = tuple(Tier(above, _highest(tariff.rates_for(above + 1) for tariff in tariffs)) for above in steps)
    every = _highest(tariff.rates for tariff in tariffs)
    parts = highest_parts([(tariff.rates, tariff.parts) for tariff in tariffs])
    return Tariff(first.version, every, tiers, first.max_output_tokens, parts=parts)


def _highest(rates: Iterable[Rates]) -> Rates:
    return Rates(*map(max, zip(*rates, strict=True)))
