"""Tiers: rules that hold for the keys of a tier, which lasts as long as any key is of it."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import ParseDict

from tollway.admin.v1.api_keys_pb2 import CreateApiKeyRequest, DeleteApiKeyRequest, UpdateApiKeyRequest
from tollway.admin.v1.policies_pb2 import CreatePolicyRequest, DeletePolicyRequest, Policy, RateLimit
from tollway.admin.v1.tiers_pb2 import (
    CreateTierRequest,
    DeleteTierRequest,
    GetTierRequest,
    ListTiersRequest,
    Tier,
    UpdateTierRequest,
)

pytestmark = pytest.mark.usefixtures("acme")

GOLD = "tenants/acme/tiers/gold"
RPM = {"id": "rpm", "rateLimit": {"unit": "REQUESTS", "limit": "600", "window": "60s"}}
PARALLEL = {"id": "parallel", "mode": "OBSERVE", "concurrency": {"limit": 2}}


def creating(*rules: dict, tier_id: str = "gold") -> CreateTierRequest:
    tier = ParseDict({"rules": rules, "displayName": tier_id.title()}, Tier())
    return CreateTierRequest(parent="tenants/acme", tier_id=tier_id, tier=tier)


def updating(*rules: dict) -> UpdateTierRequest:
    return UpdateTierRequest(tier=ParseDict({"name": GOLD, "rules": rules}, Tier()), update_mask={"paths": ["rules"]})


def of_tier(tier: str) -> CreateApiKeyRequest:
    return CreateApiKeyRequest(parent="tenants/acme", api_key_id="app", api_key={"tier": tier})


async def test_a_tier_from_its_creation_to_its_end(admin):
    created = await admin(creating(RPM, PARALLEL))
    assert [rule.id for rule in created.rules] == ["rpm", "parallel"]
    assert [rule.mode for rule in created.rules] == [Policy.ENFORCE, Policy.OBSERVE]
    assert created.rules[0].rate_limit.algorithm == RateLimit.SLIDING_WINDOW
    assert created == await admin(GetTierRequest(name=GOLD))
    await admin(creating(tier_id="free"))
    listed = await admin(ListTiersRequest(parent="tenants/acme", filter='display_name = "Gold"'))
    assert [*listed.tiers] == [created]
    assert [rule.id for rule in (await admin(updating(PARALLEL))).rules] == ["parallel"]
    assert await admin.reason(DeleteTierRequest(name=GOLD, etag=created.etag)) == "ETAG_MISMATCH"
    await admin(DeleteTierRequest(name=GOLD))
    assert await admin.reason(DeleteTierRequest(name=GOLD)) == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([{**RPM, "id": ""}], "tier.rules[0].id"),
        ([{**RPM, "id": "A"}], "tier.rules[0].id"),
        ([RPM, {**PARALLEL, "id": "rpm"}], "tier.rules[1].id"),
        ([{"id": "rpm"}], "tier.rules[0].rule"),
        ([RPM, {"id": "x", "rateLimit": {"limit": "1", "window": "1s"}}], "tier.rules[1].rateLimit.unit"),
        ([{"id": "x", "access": {}}], "tier.rules[0].access"),
        ([{"id": "x", "rateLimit": {**RPM["rateLimit"], "burst": "1"}}], "tier.rules[0].rateLimit.burst"),
    ],
)
async def test_a_tier_whose_rules_mean_nothing_is_refused(admin, rules, field):
    refusal = await admin.refusal(creating(*rules))

    assert (refusal.rule.name, [violation.field for violation in refusal.violations]) == ("FIELD_INVALID", [field])


async def test_a_rule_downgrades_to_a_model_that_there_is(admin):
    exceeded = {"onExceeded": {"action": "DOWNGRADE", "downgradeModel": "none"}}
    refusal = await admin.refusal(creating({"id": "x", "rateLimit": {**RPM["rateLimit"], **exceeded}}))

    assert refusal.rule.name == "REFERENCE_NOT_FOUND"
    assert refusal.metadata["field"] == "tier.rules[0].rateLimit.onExceeded.downgradeModel"


async def test_a_rule_allows_models_that_there_are(admin):
    refusal = await admin.refusal(creating({"id": "x", "access": {"allowedModels": ["none"]}}))

    assert refusal.rule.name == "REFERENCE_NOT_FOUND"
    assert refusal.metadata["field"] == "tier.rules[0].access.allowedModels[0]"


async def test_a_key_is_of_a_tier_that_there_is(admin, store):
    refusal = await admin.refusal(of_tier("gold"))
    assert (refusal.rule.name, refusal.metadata) == ("REFERENCE_NOT_FOUND", {"field": "apiKey.tier", "name": GOLD})
    await admin(creating())
    key = await admin(of_tier("gold"))
    assert await admin.reason(UpdateApiKeyRequest(api_key={"name": key.name, "tier": "iron"})) == "REFERENCE_NOT_FOUND"
    await store.delete("tiers", GOLD)
    changed = await admin(UpdateApiKeyRequest(api_key={"name": key.name, "tier": "gold", "display_name": "Still"}))
    assert changed.display_name == "Still"


async def test_a_tier_in_use_is_kept_and_its_users_are_named(admin):
    await admin(creating())
    key = await admin(of_tier("gold"))
    policy = {"subject": {"tier": "gold"}, "concurrency": {"limit": 1}}
    policy = await admin(CreatePolicyRequest(parent="tenants/acme", policy_id="p", policy=policy))

    refusal = await admin.refusal(DeleteTierRequest(name=GOLD))
    assert (refusal.rule.name, refusal.metadata) == ("RESOURCE_IN_USE", {"name": GOLD, "apiKeys": key.name})
    await admin(DeleteApiKeyRequest(name=key.name))
    refusal = await admin.refusal(DeleteTierRequest(name=GOLD))
    assert (refusal.rule.name, refusal.metadata) == ("RESOURCE_IN_USE", {"name": GOLD, "policies": policy.name})
    await admin(DeletePolicyRequest(name=policy.name))
    await admin(DeleteTierRequest(name=GOLD))
