"""InspectPolicy: how the counts of a policy stand."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import ParseDict

from tollway.admin.v1.api_keys_pb2 import CreateApiKeyRequest
from tollway.admin.v1.policies_pb2 import CreatePolicyRequest, InspectPolicyRequest, Policy, UpdatePolicyRequest
from tollwayd.admin.policies import inspection
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Reservation
from tollwayd.core.metering.policies.demand import Demand
from tollwayd.core.metering.policies.facts import Facts

ACME = "tenants/acme"
NAME = f"{ACME}/policies/p"
DAILY = {"rateLimit": {"unit": "REQUESTS", "limit": "5", "window": "86400s", "algorithm": "FIXED_WINDOW"}}


@pytest.fixture
async def policy(admin, acme):
    """`await policy({…})` creates the policy `p`."""
    await admin(CreateApiKeyRequest(parent=acme, api_key_id="app", api_key={}))

    async def policy(fields: dict, policy_id: str = "p") -> None:
        message = ParseDict(fields, Policy())
        await admin(CreatePolicyRequest(parent=ACME, policy_id=policy_id, policy=message))

    return policy


async def take(admin, *users: str) -> None:
    """Has users call, each as often as it is named."""
    await admin.apply()
    for number, user in enumerate(users):
        call = Facts("app", "gpt", headers={"x-user": user})
        limits = admin.current.snapshot.tenants[ACME].policies.limits(call, Demand(1, 1, 1), admin.clock())
        await admin.meter.reserve(Reservation(ACME, f"c{number}", limits, NOTHING))


async def counts(admin, **fields) -> tuple[list[tuple[str, int]], bool]:
    await admin.apply()
    answer = await admin(InspectPolicyRequest(name=NAME, **fields))
    return [(count.bucket.partition("|")[2], count.taken) for count in answer.counts], answer.partial


async def test_the_fullest_counts_come_first(admin, policy):
    await policy({"subject": {"user": {"header": "x-user"}}, **DAILY})
    assert await counts(admin) == ([], False)
    await take(admin, "ann", "ben", "ben", "cem", "cem")
    ben, cem, ann = ("k=app|u=ben", 2), ("k=app|u=cem", 2), ("k=app|u=ann", 1)
    assert await counts(admin) == ([ben, cem, ann], False)
    assert await counts(admin, max_counts=1) == ([ben], True)
    assert await counts(admin) == ([ben, cem, ann], False)  # Looking takes nothing.


async def test_a_count_is_shown_with_its_limit_and_when_it_begins_anew(admin, policy):
    await policy(DAILY)
    await take(admin, "ann")
    (count,) = (await admin(InspectPolicyRequest(name=NAME))).counts
    assert (count.limit, count.taken, count.reset_delay.seconds) == (5, 1, 12 * 3600)


async def test_what_was_counted_by_another_window_is_not_shown(admin, policy):
    await policy(DAILY)
    await take(admin, "ann")
    assert await counts(admin) == ([("", 1)], False)
    changed = ParseDict({"name": NAME, "rateLimit": {**DAILY["rateLimit"], "window": "3600s"}}, Policy())
    await admin(UpdatePolicyRequest(policy=changed, update_mask={"paths": ["rate_limit"]}))
    assert await counts(admin) == ([], False)


async def test_other_policies_are_not_shown(admin, policy):
    await policy(DAILY)
    await policy({"subject": {"user": {"header": "x-user"}}, **DAILY}, "p-1")
    await take(admin, "ann", "ben")
    assert await counts(admin) == ([("", 2)], False)


async def test_access_has_no_counts(admin, policy):
    await policy({"access": {"maxOutputTokens": 5}})
    assert await counts(admin) == ([], False)


async def test_where_there_are_too_many_it_is_said(admin, policy, monkeypatch):
    monkeypatch.setattr(inspection, "MAX_LOOKED_AT", 2)
    monkeypatch.setattr(inspection, "AT_ONCE", 1)
    await policy({"subject": {"user": {"header": "x-user"}}, **DAILY})
    await take(admin, "ann", "ben", "cem")
    found, partial = await counts(admin)
    assert (len(found), partial) == (2, True)
    assert await admin.reason(InspectPolicyRequest(name=NAME, max_counts=-1)) == "FIELD_INVALID"
