"""DryRun: what would become of a call, told without taking anything of a limit."""

from __future__ import annotations

import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict, ParseDict

from tests.metered.words import NOON
from tollway.admin.v1.api_keys_pb2 import CreateApiKeyRequest, UpdateApiKeyRequest
from tollway.admin.v1.models_pb2 import CreateModelRequest
from tollway.admin.v1.policies_pb2 import CreatePolicyRequest, DryRunRequest, Policy
from tollway.admin.v1.providers_pb2 import CreateProviderRequest
from tollway.admin.v1.tenants_pb2 import UpdateTenantRequest
from tollway.admin.v1.tiers_pb2 import CreateTierRequest, Tier
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Grants, Reservation
from tollwayd.core.metering.policies.demand import Demand
from tollwayd.core.metering.policies.facts import Facts

ACME = "tenants/acme"
RPM = {"rateLimit": {"unit": "REQUESTS", "limit": "2", "window": "60s", "algorithm": "FIXED_WINDOW"}}
CHAT = "tollway.proxy.v1.OpenAIService/CreateChatCompletion"
OTHER = "tollway.proxy.v1.InferenceService/Generate"
DAILY = {"unit": "INPUT_TOKENS", "window": "CALENDAR_DAY"}
MORE = "100 input tokens, more than the budget can ever give: 1 input tokens. Ask with a shorter input"
LARGE, SMALL = "gpt-4o", "gpt-4o-mini"


@pytest_asyncio.fixture(autouse=True)
async def tenant(admin, acme):
    """A tenant with the API keys `app` (of the tier `gold` and the group `batch`) and `off`, the providers `one` and
    `two`, and the models `large` (at both) and `small`."""
    await admin(CreateTierRequest(parent=acme, tier_id="gold", tier={}))
    await admin(CreateApiKeyRequest(parent=acme, api_key_id="app", api_key={"tier": "gold", "groups": ["batch"]}))
    await admin(CreateApiKeyRequest(parent=acme, api_key_id="off", api_key={"disabled": True}))
    await admin(CreateApiKeyRequest(parent=acme, api_key_id="tight", api_key={"allowed_models": ["small"]}))
    provider = {"dialect": "openai.chat", "base_url": "https://api.openai.com/v1"}
    for name in ("one", "two"):
        await admin(CreateProviderRequest(parent=acme, provider_id=name, provider=provider))
    targets = {
        "large": [{"provider": name, "model": LARGE, "priority": place} for place, name in enumerate(("one", "two"))],
        "small": [{"provider": "one", "model": SMALL}],
    }
    for model, own in targets.items():
        await admin(CreateModelRequest(parent=acme, model_id=model, model={"targets": own}))


@pytest.fixture
def policy(admin):
    async def policy(policy_id: str, fields: dict) -> None:
        message = ParseDict(fields, Policy())
        await admin(CreatePolicyRequest(parent=ACME, policy_id=policy_id, policy=message))

    return policy


@pytest.fixture
def dry_run(admin):
    """`await dry_run(user="ann")` judges a call, and gives the answer as JSON has it."""

    async def dry_run(**fields):
        await admin.apply()
        return MessageToDict(await admin(asking(**fields)), always_print_fields_with_no_presence=True)

    return dry_run


def asking(**fields) -> DryRunRequest:
    fields = {"apiKey": "app", "model": "large", "inputTokens": 100, "maxOutputTokens": 50, **fields}
    return ParseDict({"parent": ACME, **fields}, DryRunRequest())


async def take(admin, count: int = 1) -> None:
    """Has a call as the fixture's run `count` times, and stay under way."""
    policies = admin.current.snapshot.tenants[ACME].policies
    call = Facts("app", "large", CHAT, groups=frozenset({"batch"}), tier="gold", headers={"x-user": "ann"})
    demand = Demand(100, 100, 50, 10, 10, 1)
    limits = policies.limits(call, demand, admin.clock()) + policies.provider_limits(call, "one", demand, NOON)
    for number in range(count):
        assert isinstance(await admin.meter.reserve(Reservation(ACME, f"c{number}", limits, NOTHING)), Grants)


def outcomes(answer) -> dict[str, str]:
    return {verdict["policy"]: verdict["outcome"] for verdict in answer["verdicts"]}


async def test_a_call_that_no_policy_is_about_is_admitted(dry_run):
    answer = await dry_run()
    assert (answer["admitted"], answer["maxOutputTokens"], answer["provider"]) == (True, 50, "one")
    assert (answer["reason"], answer["verdicts"]) == ("", [])
    assert (await dry_run(maxOutputTokens=0))["maxOutputTokens"] == 0


async def test_it_tells_how_each_limit_stands_and_takes_nothing(admin, policy, dry_run):
    await policy("rpm", {"subject": {"apiKey": "*"}, **RPM})
    await policy("other", {"subject": {"apiKey": "off"}, **RPM})
    before = await dry_run()
    (verdict,) = before["verdicts"]
    assert (verdict["policy"], verdict["outcome"], verdict["unit"]) == ("rpm", "ADMITTED", "REQUESTS")
    assert [verdict[field] for field in ("limit", "taken", "wanted", "granted")] == ["2", "0", "1", "1"]
    assert verdict["bucket"].endswith("|k=app")
    assert verdict["resetDelay"] == "60s"
    assert await dry_run() == before

    await take(admin, 2)
    after = await dry_run()
    assert (after["admitted"], after["reason"], outcomes(after)) == (False, "RATE_LIMIT_EXCEEDED", {"rpm": "REFUSED"})
    assert (after["verdicts"][0]["taken"], after["verdicts"][0]["granted"]) == ("2", "0")
    assert after["retryDelay"] == "60s"
    assert after["message"] == "The limit rpm is used up: 2 requests in 60 s."


async def test_a_policy_is_tried_before_it_is_stored(policy, dry_run):
    tried = {
        "subject": {"apiKey": "app"},
        "budget": {"unit": "TOTAL_TOKENS", "maxUnits": "120", "window": "CALENDAR_DAY"},
    }
    answer = await dry_run(policy=tried)
    assert (answer["admitted"], answer["maxOutputTokens"], outcomes(answer)) == (True, 20, {"": "CLAMPED"})
    strict = {"budget": {**tried["budget"], "admission": "STRICT"}}
    answer = await dry_run(policy=strict)
    assert (answer["admitted"], answer["reason"], outcomes(answer)) == (False, "BUDGET_EXCEEDED", {"": "REFUSED"})
    assert "retryDelay" not in answer  # It asks for more than the limit ever is.
    assert outcomes(await dry_run()) == {}


async def test_a_policy_is_tried_in_place_of_the_stored_one(admin, policy, dry_run):
    await policy("rpm", RPM)
    await dry_run()
    await take(admin, 2)
    assert (await dry_run())["admitted"] is False
    raised = {"name": f"{ACME}/policies/rpm", "rateLimit": {**RPM["rateLimit"], "limit": "3"}}
    answer = await dry_run(policy=raised)
    assert (answer["admitted"], outcomes(answer)) == (True, {"rpm": "ADMITTED"})


@pytest.mark.parametrize(
    ("access", "fields", "reason"),
    [
        ({"allowedModels": ["small"]}, {}, "MODEL_NOT_ALLOWED"),
        ({"allowedMethods": ["tollway.proxy.v1.InferenceService/Generate"]}, {}, "POLICY_DENIED"),
        (
            {"allowedMethods": ["tollway.proxy.v1.InferenceService/Generate"]},
            {"method": "tollway.proxy.v1.InferenceService/Generate"},
            "",
        ),
        ({"maxOutputTokens": 49}, {}, "MAX_TOKENS_EXCEEDED"),
        ({"maxOutputTokens": 50}, {}, ""),
    ],
)
async def test_access_is_judged_first(policy, dry_run, access, fields, reason):
    await policy("a", {"access": access})
    answer = await dry_run(**fields)
    assert (answer["admitted"], answer["reason"]) == (not reason, reason)
    assert outcomes(answer) == {"a": "REFUSED" if reason else "ADMITTED"}
    await policy("b", {"mode": "OBSERVE", "access": access})
    assert outcomes(await dry_run(**fields))["b"] == ("OBSERVED" if reason else "ADMITTED")


@pytest.mark.parametrize(
    ("tried", "message"),
    [
        ({"access": {"allowedModels": ["small"]}}, "The policy does not allow this model."),
        ({"access": {"maxOutputTokens": 9}}, "The policy allows 9 output tokens, fewer than are asked for."),
        ({"access": {"allowedMethods": [OTHER]}}, "The policy does not allow this method."),
        ({"budget": {**DAILY, "maxUnits": "1"}}, f"The call asks for {MORE}."),
    ],
)
async def test_a_policy_that_is_not_stored_has_no_name_to_be_told(dry_run, tried, message):
    assert (await dry_run(policy=tried))["message"] == message


async def test_concurrency_has_a_unit_of_its_own(admin, policy, dry_run):
    await policy("two", {"concurrency": {"limit": 2}})
    (verdict,) = (await dry_run())["verdicts"]
    assert (verdict["unit"], verdict["taken"], verdict["granted"]) == ("CALLS_UNDER_WAY", "0", "1")
    await take(admin, 2)
    answer = await dry_run()
    assert answer["message"] == "The limit two is used up: 2 calls at the same time."
    assert (answer["verdicts"][0]["taken"], answer["retryDelay"]) == ("2", "1s")


async def test_a_model_without_a_price_is_refused_by_the_policy_that_needs_one(admin, policy, dry_run):
    provider = {"dialect": "openai.chat", "base_url": "http://127.0.0.1:8000"}
    await admin(CreateProviderRequest(parent=ACME, provider_id="own", provider=provider))
    target = {"provider": "own", "model": "nobody-knows"}
    await admin(CreateModelRequest(parent=ACME, model_id="own", model={"targets": [target]}))
    dollar = {"currencyCode": "USD", "units": "1"}
    await policy("day", {"budget": {"unit": "COST", "limit": dollar, "window": "CALENDAR_DAY"}})
    answer = await dry_run(model="own")
    assert answer["reason"] == "PRICE_UNKNOWN"
    assert answer["message"] == "No price is known for the model, and the policy day limits what calls cost."


async def test_a_call_without_max_tokens_is_given_the_cap(policy, dry_run):
    await policy("cap", {"access": {"maxOutputTokens": 30}})
    assert (await dry_run(maxOutputTokens=0))["maxOutputTokens"] == 30


async def test_subjects_of_every_kind(admin, policy, dry_run):
    subjects = {
        "key": {"apiKey": "app"},
        "group": {"keyGroup": "batch"},
        "tier": {"tier": "gold"},
        "model": {"model": "large"},
        "user": {"user": {"header": "x-user", "value": "ann"}},
        "net": {"ip": "203.0.113.0/24"},
        "method": {"methods": [CHAT]},
        "provider": {"provider": "one"},
    }
    for name, subject in subjects.items():
        await policy(name, {"subject": subject, "mode": "OBSERVE", **RPM})
    told = outcomes(await dry_run(user="ann", ipAddress="203.0.113.9"))
    assert told == dict.fromkeys(subjects, "ADMITTED")
    told = outcomes(
        await dry_run(user="bob", ipAddress="198.51.100.1", method="tollway.proxy.v1.InferenceService/Generate")
    )
    assert set(told) == {"key", "group", "tier", "model", "provider"}
    await admin(CreateApiKeyRequest(parent=ACME, api_key_id="plain", api_key={}))
    assert set(outcomes(await dry_run(apiKey="plain", model="small"))) == {"method", "provider"}


async def test_the_rules_of_the_keys_tier_hold(admin, dry_run):
    rules = [{"id": "rpm", **RPM}]
    await admin(CreateTierRequest(parent=ACME, tier_id="iron", tier=ParseDict({"rules": rules}, Tier())))
    await admin(CreateApiKeyRequest(parent=ACME, api_key_id="iron", api_key={"tier": "iron"}))
    assert outcomes(await dry_run(apiKey="iron")) == {"iron/rpm": "ADMITTED"}


async def test_a_full_provider_leaves_the_call_to_the_next_one(admin, policy, dry_run):
    await policy("at", {"subject": {"provider": "*"}, **RPM})
    assert (await dry_run())["provider"] == "one"
    await take(admin, 2)
    answer = await dry_run()
    assert (answer["admitted"], answer["provider"]) == (True, "two")
    answer = await dry_run(model="small")
    assert (answer["admitted"], answer["provider"]) == (False, "one")


async def test_a_call_beyond_a_limit_goes_to_the_cheaper_model(admin, policy, dry_run):
    await policy(
        "b", {"rateLimit": {**RPM["rateLimit"], "onExceeded": {"action": "DOWNGRADE", "downgradeModel": "small"}}}
    )
    assert (await dry_run())["downgradeModel"] == ""
    await take(admin, 2)
    answer = await dry_run()
    assert (answer["admitted"], answer["downgradeModel"]) == (True, "small")
    assert outcomes(answer) == {"b": "OBSERVED"}


async def test_a_call_that_one_limit_wants_refused_goes_nowhere(admin, policy, dry_run):
    exceeded = {"onExceeded": {"action": "DOWNGRADE", "downgradeModel": "small"}}
    await policy("a", {"rateLimit": {**RPM["rateLimit"], **exceeded}})
    await policy("b", RPM)
    await dry_run()
    await take(admin, 2)
    answer = await dry_run()
    assert (answer["admitted"], answer["downgradeModel"]) == (False, "")
    assert outcomes(answer) == {"a": "REFUSED", "b": "REFUSED"}


@pytest.mark.parametrize("bar", ["key", "policy"])
async def test_a_call_goes_to_no_model_that_it_may_not_have(admin, policy, dry_run, bar):
    exceeded = {"onExceeded": {"action": "DOWNGRADE", "downgradeModel": "small"}}
    await policy("a", {"rateLimit": {**RPM["rateLimit"], **exceeded}})
    if bar == "key":
        await admin(UpdateApiKeyRequest(api_key={"name": f"{ACME}/apiKeys/app", "allowed_models": ["large"]}))
    else:
        await policy("b", {"access": {"allowedModels": ["large"]}})
    await dry_run()
    await take(admin, 2)
    answer = await dry_run()
    assert (answer["admitted"], answer["downgradeModel"], answer["reason"]) == (False, "", "RATE_LIMIT_EXCEEDED")


async def test_money_is_what_the_price_list_says(dry_run):
    tried = {"budget": {"unit": "COST", "limit": {"currencyCode": "USD", "units": "1"}, "window": "CALENDAR_DAY"}}
    (verdict,) = (await dry_run(inputTokens=1_000_000, maxOutputTokens=1, policy={"mode": "OBSERVE", **tried}))[
        "verdicts"
    ]
    assert (verdict["unit"], verdict["outcome"]) == ("COST", "OBSERVED")
    assert int(verdict["wanted"]) > 10**9


@pytest.mark.parametrize(
    ("fields", "reason"), [({"apiKey": "off"}, "CREDENTIAL_DISABLED"), ({"apiKey": "tight"}, "MODEL_NOT_ALLOWED")]
)
async def test_what_the_key_itself_may_not_is_told(dry_run, fields, reason):
    answer = await dry_run(**fields)
    assert (answer["admitted"], answer["reason"]) == (False, reason)


async def test_a_disabled_tenants_calls_are_refused(admin, dry_run):
    await admin(UpdateTenantRequest(tenant={"name": ACME, "disabled": True}))
    assert (await dry_run())["reason"] == "CREDENTIAL_DISABLED"


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"apiKey": "none"}, "REFERENCE_NOT_FOUND", "apiKey"),
        ({"model": "none"}, "REFERENCE_NOT_FOUND", "model"),
        ({"method": "x"}, "FIELD_INVALID", "method"),
        ({"ipAddress": "x"}, "FIELD_INVALID", "ipAddress"),
        ({"policy": {}}, "FIELD_INVALID", "policy"),
        ({"policy": {"rateLimit": {"limit": "1", "window": "1s"}}}, "FIELD_INVALID", "policy.rateLimit.unit"),
        ({"policy": {"name": "tenants/other/policies/p", **RPM}}, "FIELD_INVALID", "policy.name"),
        ({"policy": {"name": f"{ACME}/models/p", **RPM}}, "FIELD_INVALID", "policy.name"),
        ({"policy": {"subject": {"apiKey": "none"}, **RPM}}, "REFERENCE_NOT_FOUND", "policy.subject.apiKey"),
    ],
)
async def test_what_cannot_be_judged_is_refused(admin, fields, reason, field):
    await admin.apply()
    refusal = await admin.refusal(asking(**fields))
    assert (refusal.rule.name, refusal.metadata["field"]) == (reason, field)


async def test_another_tenant_is_not_found(admin):
    await admin.apply()
    request = asking()
    request.parent = "tenants/none"
    assert await admin.reason(request) == "RESOURCE_NOT_FOUND"
