"""Policies: what they say fits together, and is about something that there is."""

from __future__ import annotations

import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict, ParseDict

from tollway.admin.v1.api_keys_pb2 import CreateApiKeyRequest, DeleteApiKeyRequest
from tollway.admin.v1.models_pb2 import CreateModelRequest, DeleteModelRequest
from tollway.admin.v1.policies_pb2 import (
    CreatePolicyRequest,
    DeletePolicyRequest,
    Exceeded,
    GetPolicyRequest,
    ListPoliciesRequest,
    Policy,
    UpdatePolicyRequest,
)
from tollway.admin.v1.providers_pb2 import CreateProviderRequest
from tollway.admin.v1.tiers_pb2 import CreateTierRequest

NAME = "tenants/acme/policies/p"
RPM = {"rateLimit": {"unit": "REQUESTS", "limit": "600", "window": "60s", "algorithm": "SLIDING_WINDOW"}}
USD = {"currencyCode": "USD", "units": "10"}
MONTHLY = {"unit": "COST", "limit": USD, "window": "CALENDAR_MONTH", "timeZone": "UTC"}
PER_MINUTE = {"unit": "TOTAL_TOKENS", "limit": "1000", "window": "60s"}
CHAT = "tollway.proxy.v1.OpenAIService/CreateChatCompletion"


def creating(policy: dict, policy_id: str = "p") -> CreatePolicyRequest:
    return CreatePolicyRequest(parent="tenants/acme", policy_id=policy_id, policy=ParseDict(policy, Policy()))


def updating(policy: dict, *paths: str) -> UpdatePolicyRequest:
    return UpdatePolicyRequest(policy=ParseDict({"name": NAME, **policy}, Policy()), update_mask={"paths": paths})


@pytest_asyncio.fixture(autouse=True)
async def tenant(admin, acme):
    """A tenant with the API key `app`, the provider `openai`, the tier `gold` and the models `gpt` and `small`."""
    await admin(CreateApiKeyRequest(parent=acme, api_key_id="app", api_key={}))
    provider = {"dialect": "openai.chat", "base_url": "http://127.0.0.1:8000"}
    await admin(CreateProviderRequest(parent=acme, provider_id="openai", provider=provider))
    await admin(CreateTierRequest(parent=acme, tier_id="gold", tier={}))
    for model in ("gpt", "small"):
        target = {"provider": "openai", "model": model}
        await admin(
            CreateModelRequest(parent=acme, model_id=f"m-{model}", model={"public_name": model, "targets": [target]})
        )


def within(shown: dict, given: dict) -> bool:
    """Whether all that was given is shown, among what else holds."""
    return all(
        within(shown.get(field, {}), value) if isinstance(value, dict) else shown.get(field) == value
        for field, value in given.items()
    )


@pytest.mark.parametrize(
    "policy",
    [
        {"subject": {"apiKey": "app"}, **RPM},
        {"subject": {}, "budget": MONTHLY},
        {"concurrency": {"limit": 8}},
        {"subject": {"apiKey": "*", "keyGroup": "*", "model": "*", "provider": "*", "ip": "*", "tier": "*"}, **RPM},
        {"subject": {"user": {"header": "x-tollway-user"}, "tier": "gold", "ip": "2001:db8::/32"}, **RPM},
        {"subject": {"user": {"header": "x-user", "value": "ann"}, "methods": [CHAT]}, **RPM},
        {"subject": {"provider": "openai", "model": "gpt", "keyGroup": "batch"}, "mode": "OBSERVE", **RPM},
        {"rateLimit": {**PER_MINUTE, "algorithm": "TOKEN_BUCKET", "burst": "50", "window": "86400s", "leased": True}},
        {"rateLimit": {**PER_MINUTE, "window": "1.001s", "admission": "STRICT"}, "onStoreError": "DENY"},
        {"rateLimit": {**PER_MINUTE, "onExceeded": {"action": "DOWNGRADE", "downgradeModel": "small"}}},
        {"rateLimit": {"unit": "COST", "costLimit": {"currencyCode": "USD", "nanos": 1}, "window": "1s"}},
        {"budget": {**MONTHLY, "limit": {"currencyCode": "USD", "units": "9000000"}, "timeZone": "America/Havana"}},
        {"budget": {"unit": "REQUESTS", "maxUnits": "5", "window": "ROLLING", "rollingWindow": "60s", "soft": True}},
        {"budget": {**MONTHLY, "increases": [{"amount": USD, "expireTime": "2099-01-01T00:00:00Z", "reason": "fair"}]}},
        {"access": {"allowedModels": ["gpt"], "allowedMethods": [CHAT], "maxOutputTokens": 100}},
        {"access": {"allowedTimes": [{"days": [1, 5], "start": "08:00", "end": "18:30", "timeZone": "Asia/Tokyo"}]}},
    ],
)
async def test_a_policy_is_kept_as_it_was_given(admin, policy):
    created = await admin(creating(policy))

    shown = MessageToDict(created)
    assert within(shown, policy)
    assert (created.name, created.etag != "", created.HasField("create_time")) == (NAME, True, True)
    assert await admin(GetPolicyRequest(name=NAME)) == created


def rate(**fields):
    return {"rateLimit": {**PER_MINUTE, **fields}}


def budget(**fields):
    return {"budget": {**MONTHLY, **fields}}


def tokens(**fields):
    return {"budget": {"unit": "INPUT_TOKENS", "maxUnits": "5", "window": "CALENDAR_DAY", **fields}}


def usd(units: int = 0, nanos: int = 0, currency: str = "USD"):
    return {"currencyCode": currency, "units": str(units), "nanos": nanos}


FUTURE = {"expireTime": "2099-01-01T00:00:00Z"}
DOWNGRADE = {"action": "DOWNGRADE", "downgradeModel": "small"}


@pytest.mark.parametrize(
    ("policy", "field", "advice"),
    [
        ({}, "policy", "needs one of rateLimit"),
        ({"concurrency": {}}, "policy.concurrency.limit", ""),
        ({"rateLimit": {"limit": "1", "window": "1s"}}, "policy.rateLimit.unit", "required"),
        ({"rateLimit": {"unit": "REQUESTS", "limit": "1"}}, "policy.rateLimit.window", "required"),
        (rate(unit="CALLS_UNDER_WAY"), "policy.rateLimit.unit", "what concurrency counts"),
        (tokens(unit="CALLS_UNDER_WAY"), "policy.budget.unit", "what concurrency counts"),
        (rate(limit="0"), "policy.rateLimit.limit", "from 1 on"),
        (rate(limit="-1"), "policy.rateLimit.limit", ""),
        (rate(costLimit=USD), "policy.rateLimit.costLimit", "COST alone; write limit"),
        (rate(unit="COST"), "policy.rateLimit.limit", "write costLimit"),
        (rate(unit="COST", limit="0"), "policy.rateLimit.costLimit", '"currencyCode": "USD"'),
        (
            rate(unit="COST", limit="0", costLimit=usd(1, currency="EUR")),
            "policy.rateLimit.costLimit.currencyCode",
            "USD",
        ),
        (rate(unit="COST", limit="0", costLimit={"units": "1"}), "policy.rateLimit.costLimit.currencyCode", "USD"),
        (rate(window="1.0000001s"), "policy.rateLimit.window", "whole milliseconds"),
        (rate(window="0.5s"), "policy.rateLimit.window", ""),
        (rate(window="86401s", algorithm="TOKEN_BUCKET"), "policy.rateLimit.window", "86400s at most"),
        (rate(burst="5"), "policy.rateLimit.burst", "TOKEN_BUCKET"),
        (rate(onExceeded={"action": "DOWNGRADE"}), "policy.rateLimit.onExceeded.downgradeModel", "required"),
        (rate(onExceeded={"downgradeModel": "small"}), "policy.rateLimit.onExceeded.downgradeModel", "leave it out"),
        (budget(maxUnits="5"), "policy.budget.maxUnits", "write limit"),
        (budget(limit=usd(-1)), "policy.budget.limit", "from 0 to 9000000"),
        (budget(limit=usd(9_000_000, 1)), "policy.budget.limit", "from 0 to 9000000"),
        (budget(limit=usd(9_000_001)), "policy.budget.limit", "from 0 to 9000000"),
        (budget(limit=usd(2**62)), "policy.budget.limit", "from 0 to 9000000"),
        (budget(limit=usd(0, -1)), "policy.budget.limit.nanos", "from 0 to 999999999"),
        (budget(limit=usd(0, 10**9)), "policy.budget.limit.nanos", "from 0 to 999999999"),
        (budget(timeZone="Mars/Olympus"), "policy.budget.timeZone", "Europe/Berlin"),
        (budget(timeZone="localtime"), "policy.budget.timeZone", "Europe/Berlin"),
        (budget(window="ROLLING", timeZone=""), "policy.budget.rollingWindow", "86400s"),
        (budget(window="ROLLING", rollingWindow="60s"), "policy.budget.timeZone", "no midnight"),
        (budget(rollingWindow="60s"), "policy.budget.rollingWindow", "leave it out"),
        (
            budget(window="ROLLING", timeZone="", rollingWindow="60.0001s"),
            "policy.budget.rollingWindow",
            "milliseconds",
        ),
        (budget(soft=True, onExceeded=DOWNGRADE), "policy.budget.onExceeded", "soft"),
        (budget(increases=[{"units": "1", **FUTURE}]), "policy.budget.increases[0].units", "write amount"),
        (budget(increases=[FUTURE]), "policy.budget.increases[0].amount", "required"),
        (budget(increases=[{"amount": usd(-1), **FUTURE}]), "policy.budget.increases[0].amount", "from 0"),
        (budget(increases=[{"amount": usd(9_000_000), **FUTURE}]), "policy.budget.increases", "9000000 US dollars"),
        (tokens(limit=USD), "policy.budget.limit", "write maxUnits"),
        (tokens(maxUnits="0"), "policy.budget.maxUnits", "from 1 on"),
        (tokens(increases=[{"units": str(10**15), **FUTURE}] * 9), "policy.budget.increases", "in all"),
        (tokens(increases=[{"amount": USD, **FUTURE}]), "policy.budget.increases[0].amount", "write units"),
        (tokens(thresholds=[50, 50]), "policy.budget.thresholds", ""),
        ({"access": {}}, "policy.access", "sets no condition"),
        ({"access": {"allowedMethods": ["x"]}}, "policy.access.allowedMethods[0]", CHAT),
        ({"access": {"allowedTimes": [{"timeZone": "x"}]}}, "policy.access.allowedTimes[0].timeZone", "IANA"),
        ({"access": {"allowedTimes": [{"start": "24:00"}]}}, "policy.access.allowedTimes[0].start", ""),
        ({"subject": {"apiKey": "tenants/acme/apiKeys/app"}, **RPM}, "policy.subject.apiKey", "last part"),
        ({"subject": {"provider": "a b"}, **RPM}, "policy.subject.provider", "last part"),
        ({"subject": {"user": {"value": "x"}}, **RPM}, "policy.subject.user.header", "required"),
        ({"subject": {"user": {"header": "authorization"}}, **RPM}, "policy.subject.user.header", "credential"),
        ({"subject": {"ip": "10.0.0.1/8"}, **RPM}, "policy.subject.ip", "write 10.0.0.0/8"),
        ({"subject": {"ip": "acme.example"}, **RPM}, "policy.subject.ip", "203.0.113.0/24"),
        ({"subject": {"methods": ["x"]}, **RPM}, "policy.subject.methods[0]", CHAT),
        ({"subject": {"model": "gpt*"}, **RPM}, "policy.subject.model", "is no pattern; write"),
        ({"access": {"allowedModels": ["gpt", "sm*"]}}, "policy.access.allowedModels[1]", "is no pattern; write"),
        ({"access": {"allowedModels": ["*"]}}, "policy.access.allowedModels[0]", "leave allowedModels out"),
        ({"subject": {"provider": "openai"}, "access": {"maxOutputTokens": 1}}, "policy.subject.provider", "before"),
        ({"subject": {"provider": "*"}, **rate(onExceeded=DOWNGRADE)}, "policy.rateLimit.onExceeded", "next target"),
        (
            {"subject": {"model": "small"}, **budget(onExceeded=DOWNGRADE)},
            "policy.budget.onExceeded.downgradeModel",
            "another",
        ),
    ],
)
async def test_a_policy_that_means_nothing_is_refused_with_what_to_write(admin, policy, field, advice):
    refusal = await admin.refusal(creating(policy))

    assert refusal.rule.name == "FIELD_INVALID"
    assert field in [violation.field for violation in refusal.violations]
    assert advice in str(refusal)


@pytest.mark.parametrize(
    ("policy", "field", "name"),
    [
        ({"subject": {"apiKey": "none"}, **RPM}, "policy.subject.apiKey", "tenants/acme/apiKeys/none"),
        ({"subject": {"provider": "none"}, **RPM}, "policy.subject.provider", "tenants/acme/providers/none"),
        ({"subject": {"tier": "none"}, **RPM}, "policy.subject.tier", "tenants/acme/tiers/none"),
        ({"subject": {"model": "m-gpt"}, **RPM}, "policy.subject.model", "m-gpt"),
        ({"access": {"allowedModels": ["gpt", "none"]}}, "policy.access.allowedModels[1]", "none"),
        (
            rate(onExceeded={**DOWNGRADE, "downgradeModel": "none"}),
            "policy.rateLimit.onExceeded.downgradeModel",
            "none",
        ),
        (
            budget(onExceeded={**DOWNGRADE, "downgradeModel": "m-small"}),
            "policy.budget.onExceeded.downgradeModel",
            "m-small",
        ),
    ],
)
async def test_what_a_policy_is_about_exists(admin, policy, field, name):
    refusal = await admin.refusal(creating(policy))

    assert (refusal.rule.name, refusal.metadata) == ("REFERENCE_NOT_FOUND", {"field": field, "name": name})


async def test_a_policy_whose_key_is_gone_can_still_be_changed_otherwise(admin):
    await admin(creating({"subject": {"apiKey": "app"}, **RPM}))
    await admin(DeleteApiKeyRequest(name="tenants/acme/apiKeys/app"))

    assert (await admin(updating({"displayName": "New"}, "display_name"))).display_name == "New"
    assert await admin.reason(updating({"subject": {"apiKey": "gone"}}, "subject")) == "REFERENCE_NOT_FOUND"


async def test_a_policy_whose_model_is_gone_stays_and_can_still_be_changed_otherwise(admin):
    await admin(creating({"subject": {"model": "gpt"}, "access": {"allowedModels": ["gpt", "small"]}}))
    await admin(DeleteModelRequest(name="tenants/acme/models/m-gpt"))

    assert (await admin(updating({"displayName": "New"}, "display_name"))).subject.model == "gpt"
    fewer = {"access": {"allowedModels": ["gpt"]}}
    assert (await admin(updating(fewer, "access.allowed_models"))).access.allowed_models == ["gpt"]
    more = {"access": {"allowedModels": ["gpt", "new"]}}
    assert await admin.reason(updating(more, "access.allowed_models")) == "REFERENCE_NOT_FOUND"


async def test_a_policy_may_be_about_a_group_before_any_key_is_in_it(admin):
    assert (await admin(creating({"subject": {"keyGroup": "later"}, **RPM}))).subject.key_group == "later"


async def test_a_change_names_as_little_as_it_wants(admin):
    await admin(creating({"subject": {"apiKey": "app"}, **RPM}))

    changed = await admin(updating({"rateLimit": {"limit": "700"}}, "rate_limit.limit"))
    assert (changed.rate_limit.limit, changed.rate_limit.window.seconds, changed.subject.api_key) == (700, 60, "app")
    assert (await admin(updating({"mode": "OBSERVE"}))).mode == Policy.OBSERVE
    refusal = await admin.refusal(updating({"rateLimit": {"unit": "COST"}}, "rate_limit.unit"))
    assert "write costLimit" in str(refusal)
    assert (await admin(GetPolicyRequest(name=NAME))).rate_limit.unit == Policy.REQUESTS


@pytest.mark.parametrize("paths", [(), ("concurrency",), ("*",)])
async def test_a_rule_does_not_become_one_of_another_kind(admin, paths):
    created = await admin(creating({"subject": {"apiKey": "app"}, **RPM}))

    refusal = await admin.refusal(updating({"concurrency": {"limit": 3}}, *paths))
    assert str(refusal) == (
        "policy.concurrency: cannot take the place of rateLimit; delete the policy, and create another"
    )
    assert await admin.reason(updating({}, "rate_limit")) == "FIELD_INVALID"
    assert await admin(GetPolicyRequest(name=NAME)) == created


@pytest.mark.parametrize(
    ("policy", "holds"),
    [
        (
            {"rateLimit": {"unit": "REQUESTS", "limit": "600", "window": "60s"}},
            {
                "mode": "ENFORCE",
                "onStoreError": "LOCAL",
                "rateLimit": {
                    "algorithm": "SLIDING_WINDOW",
                    "admission": "CLAMP",
                    "onExceeded": {"action": "REJECT"},
                },
            },
        ),
        ({"concurrency": {"limit": 8}}, {"mode": "ENFORCE", "onStoreError": "LOCAL"}),
        (
            {"budget": MONTHLY},
            {
                "mode": "ENFORCE",
                "onStoreError": "DENY",
                "budget": {"admission": "CLAMP", "thresholds": [50, 80, 100], "onExceeded": {"action": "REJECT"}},
            },
        ),
        ({"access": {"maxOutputTokens": 1}}, {"mode": "ENFORCE"}),
    ],
)
async def test_what_is_not_said_is_shown_as_what_holds(admin, policy, holds):
    assert within(MessageToDict(await admin(creating(policy))), holds)


async def test_a_soft_budget_that_is_made_hard_refuses_and_a_hard_one_can_be_made_soft(admin):
    soft = await admin(creating(budget(soft=True)))
    assert not soft.budget.HasField("on_exceeded")
    hard = await admin(updating({"budget": {"soft": False}}, "budget.soft"))
    assert hard.budget.on_exceeded.action == Exceeded.REJECT
    assert (await admin(updating({"budget": {"soft": True}}, "budget.soft"))).budget == soft.budget


async def test_policies_are_listed_filtered_and_deleted(admin, acme):
    await admin(creating({"displayName": "Two", **RPM}, "two"))
    one = await admin(creating({"displayName": "One", "concurrency": {"limit": 1}}, "one"))

    listed = await admin(ListPoliciesRequest(parent=acme))
    assert [policy.name.rpartition("/")[2] for policy in listed.policies] == ["one", "two"]
    listed = await admin(ListPoliciesRequest(parent=acme, filter="rate_limit.limit > 500"))
    assert [policy.display_name for policy in listed.policies] == ["Two"]
    assert await admin.reason(DeletePolicyRequest(name=one.name, etag='"1"')) == "ETAG_MISMATCH"
    await admin(DeletePolicyRequest(name=one.name, etag=one.etag))
    assert await admin.reason(GetPolicyRequest(name=one.name)) == "RESOURCE_NOT_FOUND"
