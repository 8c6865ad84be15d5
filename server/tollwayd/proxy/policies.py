"""A tenant's policies and tiers, from their records.

One that cannot be compiled (a newer version wrote it, say) must not be forgotten like another record: calls that it may
be about would run without a limit. They are refused instead, REASON_LIMITS_UNAVAILABLE, until it is mended or deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from tollway.admin.v1.policies_pb2 import Policy, Subject
from tollway.admin.v1.tiers_pb2 import Tier
from tollwayd.core.metering.policies.compiling import compile_policy, unreadable
from tollwayd.core.metering.policies.policy_set import NO_POLICIES, PolicySet
from tollwayd.core.metering.policies.subject import EACH
from tollwayd.core.resource_names import id_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tollwayd.core.metering.policies.compiling import Rule
    from tollwayd.proxy.problems import Problems

    Report = Callable[[str, str], None]

_UNUSABLE: Final = (ValueError, KeyError, DecodeError)
"""What a record's own fault is raised as."""


class PolicyPieces:
    """The policies and tiers of a tenant, taken one by one."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._rules: dict[str, list[Rule]] = {}
        self._compiled: PolicySet | None = NO_POLICIES

    def take(self, name: str, record: bytes | None) -> None:
        """Compiles a policy or a tier, None to forget it. One that is unusable is a problem."""
        self._problems.forget(name)
        self._compiled = None
        if record is None:
            self._rules.pop(name, None)
        elif kind_of(name) == "policies":
            self._rules[name] = [_policy(name, record, self._problems.tell)]
        else:
            self._rules[name] = [*_tier(name, record, self._problems.tell)]

    def compiled(self) -> PolicySet:
        """All of them."""
        if self._compiled is None:
            names = sorted(self._rules)
            rules = [rule for name in names for rule in self._rules[name]]
            tiers = [id_of(name) for name in names if kind_of(name) == "tiers"]
            self._compiled = PolicySet(rules, tiers) if names else NO_POLICIES
        return self._compiled


def _policy(name: str, record: bytes, report: Report) -> Rule:
    subject = None
    try:
        message = Policy.FromString(record)
        subject = message.subject
        return compile_policy(id_of(name), subject, message)
    except _UNUSABLE as error:
        _tell(report, name, error)
        return unreadable(id_of(name), subject)


def _tier(name: str, record: bytes, report: Report) -> Iterator[Rule]:
    # Each key is counted apart.
    subject = Subject(tier=id_of(name), api_key=EACH)
    try:
        message = Tier.FromString(record)
    except DecodeError as error:
        _tell(report, name, error)
        yield unreadable(id_of(name), subject)
        return
    for rule in message.rules:
        rule_id = f"{id_of(name)}/{rule.id}"
        try:
            yield compile_policy(rule_id, subject, rule)
        except _UNUSABLE as error:
            _tell(report, name, error)
            yield unreadable(rule_id, subject)


def _tell(report: Report, name: str, error: Exception) -> None:
    report(name, f"cannot be used, so the calls that it may be about are refused: {error}")
