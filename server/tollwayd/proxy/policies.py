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
    from collections.abc import Callable, Iterator, Mapping

    from tollwayd.core.metering.policies.compiling import Rule

    Report = Callable[[str, str], None]

_UNUSABLE: Final = (ValueError, KeyError, DecodeError)
"""What a record's own fault is raised as."""


def compile_policies(records: Mapping[str, bytes], report: Report) -> PolicySet:
    """From all records of a tenant by their names. `report` is told the name and the fault of each that is unusable."""
    rules: list[Rule] = []
    tiers: list[str] = []
    for name in sorted(records):
        if kind_of(name) == "policies":
            rules.append(_policy(name, records[name], report))
        elif kind_of(name) == "tiers":
            tiers.append(id_of(name))
            rules.extend(_tier(name, records[name], report))
    return PolicySet(rules, tiers) if rules or tiers else NO_POLICIES


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
