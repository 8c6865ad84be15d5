"""Policies and tiers at a running gateway, over REST in the shapes that scripts rely on, and over gRPC."""

from __future__ import annotations

import grpc
import pytest

from tests.running.gateway import ADMIN_KEY
from tollway.admin.v1 import policies_pb2, policies_pb2_grpc, tiers_pb2, tiers_pb2_grpc

ROOT = (("authorization", f"Bearer {ADMIN_KEY}"),)
RPM = {
    "subject": {"apiKey": "app"},
    "rateLimit": {"unit": "REQUESTS", "limit": "600", "window": "60s", "algorithm": "SLIDING_WINDOW"},
}
MONTHLY = {
    "subject": {},
    "budget": {
        "unit": "COST",
        "limit": {"currencyCode": "USD", "units": "10"},
        "window": "CALENDAR_MONTH",
        "timeZone": "UTC",
    },
}
PARALLEL = {"concurrency": {"limit": 8}}


@pytest.fixture
def admin(gateway):
    return gateway.admin()


@pytest.fixture
def acme(admin):
    """A tenant with the API key `app` and the model `gpt`, which nobody calls."""
    tenant = admin.tenant(openai="https://api.openai.com")
    tenant.model("gpt", {"provider": "openai", "model": "gpt-4o"})
    admin("POST", f"/v1/{tenant.name}/apiKeys?api_key_id=app", {})
    yield tenant.name
    admin("DELETE", f"/v1/{tenant.name}?force=true")


def given(shown, fields):
    """Of what is shown the part that these fields name."""
    return {name: given(shown[name], each) if isinstance(each, dict) else shown[name] for name, each in fields.items()}


def test_policies_in_the_shapes_that_scripts_rely_on(admin, acme):
    for policy_id, policy in {"rpm": RPM, "monthly": MONTHLY, "parallel": PARALLEL}.items():
        made = admin("POST", f"/v1/{acme}/policies?policy_id={policy_id}", policy)
        assert made["name"] == f"{acme}/policies/{policy_id}"
        assert given(made, policy) == policy
        assert admin("GET", f"/v1/{made['name']}") == made
    listed = admin("GET", f"/v1/{acme}/policies")["policies"]
    assert [policy["name"].rpartition("/")[2] for policy in listed] == ["monthly", "parallel", "rpm"]
    changed = admin("PATCH", f"/v1/{acme}/policies/rpm", {"rateLimit": {"limit": "700"}})
    assert given(changed, RPM) == {**RPM, "rateLimit": {**RPM["rateLimit"], "limit": "700"}}
    admin("DELETE", f"/v1/{acme}/policies/rpm")
    admin("GET", f"/v1/{acme}/policies/rpm", status=404)


def test_a_wrong_policy_is_told_what_to_write(admin, acme):
    wrong = {"budget": {**MONTHLY["budget"], "timeZone": "Mars/Olympus"}}
    refused = admin("POST", f"/v1/{acme}/policies?policy_id=p", wrong, status=400)
    assert refused["message"].startswith("policy.budget.timeZone: is no time zone of the IANA database; write one")


def test_what_would_become_of_a_call(admin, acme):
    admin("POST", f"/v1/{acme}/policies?policy_id=rpm", RPM)
    admin("POST", f"/v1/{acme}/policies?policy_id=monthly", MONTHLY)
    call = {"apiKey": "app", "model": "gpt", "inputTokens": 1000, "maxOutputTokens": 100}
    told = admin("POST", f"/v1/{acme}/policies:dryRun", call)
    assert (told["admitted"], told["maxOutputTokens"], told["provider"]) == (True, 100, "openai")
    assert {verdict["policy"]: verdict["outcome"] for verdict in told["verdicts"]} == {
        "rpm": "ADMITTED",
        "monthly": "ADMITTED",
    }
    denied = admin("POST", f"/v1/{acme}/policies:dryRun", {**call, "policy": {"access": {"maxOutputTokens": 50}}})
    assert (denied.get("admitted", False), denied["reason"]) == (False, "MAX_TOKENS_EXCEEDED")


def test_a_tier_holds_for_its_keys(admin, acme):
    rules = [{"id": "rpm", "rateLimit": RPM["rateLimit"]}, {"id": "parallel", **PARALLEL}]
    tier = admin("POST", f"/v1/{acme}/tiers?tier_id=gold", {"rules": rules})
    admin("PATCH", f"/v1/{acme}/apiKeys/app", {"tier": "gold"})
    told = admin("POST", f"/v1/{acme}/policies:dryRun", {"apiKey": "app", "model": "gpt"})
    assert [verdict["policy"] for verdict in told["verdicts"]] == ["gold/rpm", "gold/parallel"]
    refused = admin("DELETE", f"/v1/{tier['name']}", status=400)
    assert f"{acme}/apiKeys/app" in refused["message"]
    admin("PATCH", f"/v1/{acme}/apiKeys/app", {"tier": ""})
    admin("DELETE", f"/v1/{tier['name']}")


async def test_policies_and_tiers_over_grpc(gateway, acme):
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        policies = policies_pb2_grpc.PolicyServiceStub(channel)
        policy = {"subject": {"api_key": "app"}, "concurrency": {"limit": 8}}
        request = policies_pb2.CreatePolicyRequest(parent=acme, policy_id="parallel", policy=policy)
        made = await policies.CreatePolicy(request, metadata=ROOT)
        listed = await policies.ListPolicies(policies_pb2.ListPoliciesRequest(parent=acme), metadata=ROOT)
        assert [*listed.policies] == [made]
        call = policies_pb2.DryRunRequest(parent=acme, api_key="app", model="gpt")
        told = await policies.DryRun(call, metadata=ROOT)
        assert [(verdict.policy, verdict.limit) for verdict in told.verdicts] == [("parallel", 8)]
        tiers = tiers_pb2_grpc.TierServiceStub(channel)
        rules = [{"id": "parallel", "concurrency": {"limit": 8}}]
        request = tiers_pb2.CreateTierRequest(parent=acme, tier_id="gold", tier={"rules": rules})
        assert (await tiers.CreateTier(request, metadata=ROOT)).name == f"{acme}/tiers/gold"
        request.tier.rules.add(id="parallel")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await tiers.CreateTier(request, metadata=ROOT)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
