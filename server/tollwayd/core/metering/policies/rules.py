"""Rules, compiled: what a policy, or one rule of a tier, does to the calls that it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.limits.limit import Algorithm, Limit, StoreError
from tollwayd.core.metering.limits.reasons import named
from tollwayd.core.metering.money import MAX_AMOUNT
from tollwayd.core.metering.policies.access import Denial
from tollwayd.core.metering.policies.amounts import Admission, wanted
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.calendar import Calendar
    from tollwayd.core.metering.policies.access import Access
    from tollwayd.core.metering.policies.demand import Demand
    from tollwayd.core.metering.policies.facts import Facts
    from tollwayd.core.metering.policies.subject import Subject

MOST_READY: Final = 1_024
"""Counts, or sets of them, for which a rule keeps its limits ready: callers choose some of their names."""

_HUNDRED: Final = 100
_SAME_FOR_EACH_CALL: Final = frozenset({Unit.REQUESTS, Unit.CALLS})


@dataclass(frozen=True, slots=True)
class Unreadable:
    """In place of what a record said that cannot be read: its calls are refused, for it may have been a limit."""

    max_output: int = 0

    def refusal(self, _facts: Facts, _now_ms: int) -> Denial | None:
        """Always."""
        return Denial(Reason.REASON_LIMITS_UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class AccessRule:
    """`id` is the policy's id, or `tier/rule`."""

    id: str
    subject: Subject
    access: Access | Unreadable
    enforce: bool = True


@dataclass(frozen=True, slots=True)
class Increase:
    """More, until a moment (Unix milliseconds)."""

    amount: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class LimitRule:
    """A limit, of which every call that it is about takes. `id` as of an `AccessRule`; `kind` goes into the names of
    its counts, as what was counted of another unit or for another window says nothing here.

    `most` is the limit without `increases`; a `budget` has `percents`, its thresholds. With `downgrade_model` set,
    calls beyond the limit go to that model, and its own calls are counted and never refused by it.
    """

    id: str
    subject: Subject
    unit: Unit
    algorithm: Algorithm
    most: int
    kind: str
    admission: Admission = Admission.STRICT
    window_ms: int = 0
    burst: int = 0
    calendar: Calendar | None = None
    enforce: bool = True
    downgrade_model: str = ""
    increases: Sequence[Increase] = ()
    budget: bool = False
    percents: tuple[int, ...] = ()
    store_error: StoreError = StoreError.DENY
    leased: bool = False
    _met: dict[tuple[object, ...], Met] = field(default_factory=dict, init=False, compare=False, repr=False)

    def met(self, facts: Facts, provider: str = "") -> Met | None:
        """The rule as calls of these facts meet it that go to a provider; None where it is not about them. It is the
        same one for all calls that meet the same counts, however many users or addresses there are."""
        buckets = self.subject.buckets(facts)
        if not buckets:
            return None
        enforce = self.enforce and not (self.downgrade_model and facts.model == self.downgrade_model)
        alike = (*buckets, provider, enforce)
        if (met := self._met.get(alike)) is None:
            if len(self._met) >= MOST_READY:
                self._met.clear()
            names = [self._bucket(bucket, provider) for bucket in buckets]
            met = self._met[alike] = Met(self, names, provider, enforce=enforce)
        return met

    @property
    def measures(self) -> bool:
        """Whether calls differ in how much they take of it."""
        return self.unit not in _SAME_FOR_EACH_CALL

    @property
    def counts(self) -> str:
        """What the names of all its counts begin with, up to a bar or their end."""
        return f"{self.id}.{self.kind}"

    def look(self, bucket: str, now_ms: int) -> Limit:
        """The limit as who takes nothing of a count meets it, to see how that stands."""
        return replace(self.made(bucket, "", now_ms, enforce=False), amount=0, least=0)

    def _bucket(self, of_call: str, provider: str) -> str:
        own = f"{self.counts}{of_call}"
        return f"{own}|p={provider}" if provider else own

    def made(self, bucket: str, provider: str, now_ms: int, *, enforce: bool) -> Limit:
        """The limit for one of its counts, with the amount of a call that has one request and nothing else."""
        limit = self.most + sum(increase.amount for increase in self.increases if increase.until_ms > now_ms)
        return Limit(
            policy=self.id,
            bucket=bucket,
            unit=self.unit,
            algorithm=self.algorithm,
            limit=limit,
            amount=1,
            least=1,
            window_ms=self.window_ms,
            burst=self.burst,
            calendar=self.calendar,
            enforce=enforce,
            thresholds=_amounts(self.percents, limit),
            store_error=self.store_error,
            leased=self.leased,
            provider=provider,
            budget=self.budget,
        )


class Met:
    """A rule as calls meet it that are alike: its limits are ready, and a call only adds how much it wants."""

    __slots__ = ("_buckets", "_enforce", "_measures", "_needs_price", "_provider", "_ready", "_rule")

    def __init__(self, rule: LimitRule, buckets: Sequence[str], provider: str, *, enforce: bool) -> None:
        self._rule = rule
        self._buckets = buckets
        self._provider = provider
        self._enforce = enforce
        self._measures = rule.measures
        self._needs_price = enforce and rule.unit is Unit.COST
        self._ready: Sequence[Limit] = () if rule.increases else self._made(0)  # Increases end.

    def limits(self, demand: Demand, now_ms: int) -> Sequence[Limit]:
        """What a call takes of it. REASON_PRICE_UNKNOWN where it counts money and nobody knows how much that is."""
        ready = self._ready or self._made(now_ms)
        if not self._measures:
            return ready
        rule = self._rule
        if self._needs_price and demand.cost_strict is None:
            raise TollwayError(
                Reason.REASON_PRICE_UNKNOWN,
                f"No price is known for the model, and the {named('policy', rule.id)} limits what calls cost.",
                metadata={"policy": rule.id},
            )
        amount, least = wanted(rule.unit, rule.admission, demand)
        return [replace(each, amount=amount, least=least) for each in ready]

    def _made(self, now_ms: int) -> Sequence[Limit]:
        return [self._rule.made(each, self._provider, now_ms, enforce=self._enforce) for each in self._buckets]


@lru_cache(maxsize=4096)
def _amounts(percents: tuple[int, ...], limit: int) -> Sequence[int]:
    """What percentages of a limit are, rounded up; without those that are nothing, or more than can be counted."""
    amounts = (-(-limit * percent // _HUNDRED) for percent in percents)
    return tuple(dict.fromkeys(amount for amount in amounts if 0 < amount <= MAX_AMOUNT))
