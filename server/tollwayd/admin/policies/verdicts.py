"""What policies say of a call, in the words of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.duration_pb2 import Duration

from tollway.admin.v1.policies_pb2 import PolicyVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.limits.limit import Standing
    from tollwayd.core.metering.policies.facts import Facts
    from tollwayd.core.metering.policies.policy_set import PolicySet
    from tollwayd.core.metering.policies.rules import AccessRule

__all__ = ["access_verdicts", "duration", "limit_verdicts"]

_NS_A_MS: Final = 1_000_000


def access_verdicts(rules: Sequence[AccessRule], facts: Facts, asked: int | None, now_ms: int) -> list[PolicyVerdict]:
    """Of the rules on access that are about a call; `asked` is the number of output tokens that it asks for."""
    return [PolicyVerdict(policy=rule.id, outcome=_access(rule, facts, asked, now_ms)) for rule in rules]


def _access(rule: AccessRule, facts: Facts, asked: int | None, now_ms: int) -> PolicyVerdict.Outcome:
    cap = rule.access.max_output
    if rule.access.refusal(facts, now_ms) or (cap and asked is not None and asked > cap):
        return PolicyVerdict.REFUSED if rule.enforce else PolicyVerdict.OBSERVED
    return PolicyVerdict.ADMITTED


def limit_verdicts(standings: Sequence[Standing], policies: PolicySet) -> list[PolicyVerdict]:
    """Of limits, as they stand."""
    return [
        PolicyVerdict(
            policy=standing.limit.policy,
            outcome=_outcome(standing, policies),
            unit=int(standing.limit.unit),  # type: ignore[arg-type]  # their numbers are the same
            limit=standing.limit.limit,
            taken=standing.taken - standing.granted,  # Of a dry answer, as if the call had it.
            wanted=standing.limit.amount,
            granted=standing.granted,
            reset_delay=duration(standing.reset_ms),
            bucket=standing.limit.bucket,
        )
        for standing in standings
    ]


def _outcome(standing: Standing, policies: PolicySet) -> PolicyVerdict.Outcome:
    limit = standing.limit
    if standing.exceeded:
        return PolicyVerdict.REFUSED if limit.enforce else PolicyVerdict.OBSERVED
    if 0 < standing.granted < limit.amount and policies.clamps(limit):
        return PolicyVerdict.CLAMPED
    return PolicyVerdict.ADMITTED


def duration(milliseconds: int) -> Duration:
    """As the API writes it."""
    made = Duration()
    made.FromNanoseconds(milliseconds * _NS_A_MS)
    return made
