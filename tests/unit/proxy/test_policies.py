"""Policies and tiers compiled from their records; one that cannot be is refused to its calls, not forgotten."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import ParseDict

from tests.stepped import whole
from tests.unit.proxy.test_compiler import DAMAGED, PRICES, RING, TENANT, tenant
from tollway.admin.v1.policies_pb2 import Policy
from tollway.admin.v1.tiers_pb2 import Tier
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.policies.demand import Demand
from tollwayd.core.metering.policies.facts import Facts
from tollwayd.core.ports import Change, Resource
from tollwayd.dialects import DIALECTS
from tollwayd.proxy.compiler import Compiler

RPM = {"rateLimit": {"unit": "REQUESTS", "limit": "600", "window": "60s"}}
DEMAND = Demand(1, 1, 1)


def policy(fields: dict) -> bytes:
    return ParseDict(fields, Policy()).SerializeToString()


def tier(*rules: dict) -> bytes:
    return ParseDict({"rules": rules}, Tier()).SerializeToString()


def compiled(**records: bytes):
    """The Snapshot of a tenant with records by `kind__id`."""
    named = {f"{TENANT}/{name.replace('__', '/')}": record for name, record in records.items()}
    resources = [Resource(name, 1, record) for name, record in {TENANT: tenant(), **named}.items()]
    return whole(Compiler(DIALECTS, RING, PRICES).compile(1, resources))


def buckets(snapshot, **facts) -> list[tuple[str, str]]:
    found = snapshot.tenants[TENANT].policies.limits(Facts("app", "gpt", **facts), DEMAND, 0)
    return [(limit.policy, limit.bucket.partition("|")[2]) for limit in found]


def refusal(snapshot, key: str = "app", **facts):
    try:
        snapshot.tenants[TENANT].policies.access(Facts(key, "gpt", **facts), 0)
    except TollwayError as error:
        return error.rule.name
    return None


def test_policies_and_the_rules_of_tiers_hold_for_their_calls():
    snapshot = compiled(
        policies__b=policy({"subject": {"apiKey": "*"}, **RPM}),
        policies__a=policy({"subject": {"apiKey": "other"}, **RPM}),
        tiers__gold=tier({"id": "rpm", **RPM}, {"id": "parallel", "concurrency": {"limit": 2}}),
        tiers__iron=tier({"id": "rpm", **RPM}),
        tiers__free=tier(),
    )
    gold = [("gold/rpm", "k=app"), ("gold/parallel", "k=app")]
    assert buckets(snapshot) == [("b", "k=app")]
    assert buckets(snapshot, tier="gold") == [("b", "k=app"), *gold]
    assert [refusal(snapshot, tier=each) for each in ("gold", "free", "gone")] == [None, None, "LIMITS_UNAVAILABLE"]
    assert snapshot.problems == {}


def test_changes_are_compiled():
    compiler = Compiler(DIALECTS, RING, PRICES)
    whole(compiler.compile(1, [Resource(TENANT, 1, tenant())]))
    name = f"{TENANT}/policies/p"
    assert buckets(whole(compiler.apply([Change(2, name, policy(RPM))]))) == [("p", "")]
    assert buckets(whole(compiler.apply([Change(3, name, policy({"subject": {"apiKey": "x"}, **RPM}))]))) == []
    assert buckets(whole(compiler.apply([Change(4, name, policy(RPM))]))) == [("p", "")]
    assert buckets(whole(compiler.apply([Change(5, name, None)]))) == []


@pytest.mark.parametrize(
    "broken",
    [
        DAMAGED,
        policy({}),
        policy({"budget": {"unit": "COST", "window": "CALENDAR_DAY", "timeZone": "Mars/Olympus"}}),
        policy({"subject": {"ip": "nonsense"}, **RPM}),
        policy({"rateLimit": {"unit": "REQUESTS", "limit": "1", "window": "1s", "algorithm": 99}}),
        policy({"onStoreError": 99, **RPM}),
    ],
)
def test_a_broken_policy_refuses_the_calls_that_it_may_be_about(broken):
    snapshot = compiled(policies__p=broken, policies__q=policy(RPM))
    assert refusal(snapshot) == "LIMITS_UNAVAILABLE"
    assert [*snapshot.problems] == [f"{TENANT}/policies/p"]
    assert buckets(snapshot) == [("q", "")]


def test_a_broken_policy_about_one_key_refuses_no_other():
    snapshot = compiled(policies__p=policy({"subject": {"apiKey": "app"}, "onStoreError": 99, **RPM}))
    assert (refusal(snapshot), refusal(snapshot, "other")) == ("LIMITS_UNAVAILABLE", None)


@pytest.mark.parametrize("broken", [DAMAGED, tier({"id": "rpm"}), tier({"id": "rpm", "onStoreError": 99, **RPM})])
def test_a_broken_tier_refuses_its_keys_alone(broken):
    snapshot = compiled(tiers__gold=broken, tiers__iron=tier())
    assert [refusal(snapshot, tier=each) for each in ("gold", "iron", "")] == ["LIMITS_UNAVAILABLE", None, None]
    assert [*snapshot.problems] == [f"{TENANT}/tiers/gold"]
