"""All policies of a tenant, compiled for its calls: what they may do, and which limits they have to be admitted by.

Policies are found by what they are about. A call that none is about costs a few dictionary look-ups.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.policies.access import FREE, AccessVerdict, Cap
from tollwayd.core.metering.policies.amounts import Admission, output_left
from tollwayd.core.metering.policies.count_name import MAX_PART
from tollwayd.core.metering.policies.rules import AccessRule, LimitRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tollwayd.core.metering.limits.limit import Limit, Refusal, Standing
    from tollwayd.core.metering.policies.demand import Demand
    from tollwayd.core.metering.policies.facts import Facts
    from tollwayd.core.metering.policies.rules import Met
    from tollwayd.core.metering.policies.subject import Subject


MOST_MET: Final = 1_024
"""Kinds of calls of which it is kept which limits they meet: of most policies these are the same for many kinds."""


class _About(Protocol):
    @property
    def subject(self) -> Subject: ...


RuleT = TypeVar("RuleT", bound=_About)


class _Index(Generic[RuleT]):
    """Rules by their anchors."""

    __slots__ = ("_anchored", "_unanchored")

    def __init__(self, rules: Iterable[RuleT]) -> None:
        self._unanchored: list[RuleT] = []
        self._anchored: dict[str, dict[str, list[RuleT]]] = defaultdict(lambda: defaultdict(list))
        for rule in rules:
            if (anchor := rule.subject.anchor) is None:
                self._unanchored.append(rule)
            else:
                self._anchored[anchor.kind][anchor.value].append(rule)

    def __bool__(self) -> bool:
        return bool(self._unanchored or self._anchored)

    def about(self, facts: Facts) -> Sequence[RuleT]:
        """Those that may be about a call, none left out that is."""
        if not self._anchored:
            return self._unanchored
        found = [*self._unanchored]
        for kind, by_value in self._anchored.items():
            met = getattr(facts, kind)
            for value in (met,) if isinstance(met, str) else sorted(met):  # A set's order differs between workers.
                found += by_value.get(value, ())
        return found


class PolicySet:
    """`tiers` are the ids of the tenant's tiers: a call whose key is of another one is refused, as its limits are not
    known. `about_providers` tells whether any limit is about a provider, `measures` whether any is of tokens or money:
    else nothing of what a call may use has to be known."""

    __slots__ = (
        "_about_access",
        "_access",
        "_by_ip",
        "_calls",
        "_headers",
        "_limits",
        "_met",
        "_providers",
        "_rules",
        "_tiers",
        "about_providers",
        "measures",
    )

    def __init__(self, rules: Iterable[AccessRule | LimitRule] = (), tiers: Iterable[str] = ()) -> None:
        self._rules = rules = list(rules)
        self._limits = {rule.id: rule for rule in rules if isinstance(rule, LimitRule)}
        self._access = _Index([rule for rule in rules if isinstance(rule, AccessRule)])
        self._calls = _Index([rule for rule in self._limits.values() if not rule.subject.provider])
        self._providers = _Index([rule for rule in self._limits.values() if rule.subject.provider])
        self.about_providers: Final = bool(self._providers)
        self.measures: Final = any(rule.measures for rule in self._limits.values())
        self._about_access = bool(self._access)
        subjects = [rule.subject for rule in self._limits.values()]
        self._by_ip = any(subject.by_ip for subject in subjects)
        self._headers = tuple({subject.header for subject in subjects if subject.header})
        self._met: dict[tuple[object, ...], Sequence[Met]] = {}
        self._tiers = frozenset(tiers)

    def access(self, facts: Facts, now_ms: int) -> AccessVerdict:
        """Whether a call may be made at all. REASON_POLICY_DENIED, REASON_MODEL_NOT_ALLOWED, REASON_LIMITS_UNAVAILABLE,
        with the `policy` in the metadata."""
        if facts.tier and facts.tier not in self._tiers:
            raise TollwayError(Reason.REASON_LIMITS_UNAVAILABLE, metadata={"tier": facts.tier})
        if not self._about_access:
            return FREE
        observed: list[str] = []
        caps: list[Cap] = []
        for rule in self.access_rules(facts):
            if denial := rule.access.refusal(facts, now_ms):
                if rule.enforce:
                    raise denial.error(rule.id)
                observed.append(rule.id)
            if rule.access.max_output:
                caps.append(Cap(rule.id, rule.access.max_output, rule.enforce))
        return AccessVerdict(observed, caps) if observed or caps else FREE

    def access_rules(self, facts: Facts) -> list[AccessRule]:
        """The rules on access that are about a call, whatever they say of it."""
        return [rule for rule in self._access.about(facts) if rule.subject.matches(facts)]

    def limits(self, facts: Facts, demand: Demand, now_ms: int, provider: str = "") -> list[Limit]:
        """What a call has to be admitted by, whichever provider it goes to; or, where one is given by its id, what it
        has to be besides to go to that. REASON_PRICE_UNKNOWN."""
        limits: list[Limit] = []
        for met in self._met_by(facts, provider):
            limits += met.limits(demand, now_ms)
        return limits

    def provider_limits(self, facts: Facts, provider: str, demand: Demand, now_ms: int) -> list[Limit]:
        """Those on a provider."""
        return self.limits(facts, demand, now_ms, provider) if self.about_providers else []

    def _met_by(self, facts: Facts, provider: str) -> Sequence[Met]:
        """The limits on calls, or on a provider, that a call of these facts meets. Calls are alike in all that any
        subject asks for; callers choose some of it, so not all of it is kept."""
        alike: tuple[object, ...] = facts.api_key, facts.groups, facts.tier, facts.model, facts.method, provider
        if self._by_ip:
            alike += (facts.ip,)
        values = [facts.headers.get(name, "") for name in self._headers] if self._headers else ()
        if values:
            alike += (*values,)
        if (found := self._met.get(alike)) is None:
            found = [met for rule in self._rules_on(facts, provider) if (met := rule.met(facts, provider))]
            if len(self._met) >= MOST_MET:
                self._met.clear()
            if all(len(value) <= MAX_PART for value in values):
                self._met[alike] = found
        return found

    def _rules_on(self, facts: Facts, provider: str) -> Sequence[LimitRule]:
        if not provider:
            return self._calls.about(facts)
        return [rule for rule in self._providers.about(facts) if rule.subject.provider in (provider, "*")]

    def max_output(self, standings: Iterable[Standing], demand: Demand) -> int | None:
        """What the max_tokens of an admitted call have to be lowered to, as a limit that clamps granted less than was
        wanted; None where nothing has to be."""
        least: int | None = None
        for standing in standings:
            limit, granted = standing.limit, standing.granted
            if granted < limit.amount and self.clamps(limit):
                left = output_left(limit.unit, granted, demand)
                least = left if least is None else min(least, left)
        return least

    def limit_rule(self, rule_id: str) -> LimitRule | None:
        """The rule of an id, if that is a limit."""
        return self._limits.get(rule_id)

    def trying(self, rule: AccessRule | LimitRule) -> PolicySet:
        """The set with one more rule, in place of the one of its id if there is one."""
        return PolicySet([*(each for each in self._rules if each.id != rule.id), rule], self._tiers)

    def downgrade(self, refusal: Refusal) -> str | None:
        """The model that a refused call goes to instead; None where one of the limits that refused it wants it refused.

        The model's calls are not refused by those limits, but may be by others, which can name a model of their own:
        a call must not be sent to one that it was at before.
        """
        models = [self._limits[refusal.standings[index].limit.policy].downgrade_model for index in refusal.refused]
        return models[0] if models and all(models) else None

    def clamps(self, limit: Limit) -> bool:
        """Whether a call that this limit gives less than it wants has its max_tokens lowered."""
        return limit.enforce and self._limits[limit.policy].admission is Admission.CLAMP


NO_POLICIES: Final = PolicySet()
"""Of a tenant that has none."""
