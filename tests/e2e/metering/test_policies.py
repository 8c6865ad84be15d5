"""Policies at work: calls of programs over REST, held to what an operator has set a moment before."""

from __future__ import annotations

import asyncio
import json
from urllib.request import Request

import pytest
from openai import AsyncOpenAI

from tests.running.gateway import send

HELLO = {"messages": [{"role": "user", "content": "Hi"}]}
TWO_A_DAY = {"rateLimit": {"unit": "REQUESTS", "limit": "2", "window": "86400s", "algorithm": "FIXED_WINDOW"}}
DOWNGRADE = {"onExceeded": {"action": "DOWNGRADE", "downgradeModel": "claude"}}


@pytest.fixture
def call(gateway, tenant):
    """`await call(key)` asks the model `gpt`; its status, the reason of a refusal, and the answer."""

    async def call(key: str, model: str = "gpt", headers: dict[str, str] | None = None, **fields):
        body = json.dumps({"model": model, **HELLO, **fields}).encode()
        fields = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **(headers or {})}
        request = Request(f"{gateway.url('proxy_http')}/v1/chat/completions", body, fields)
        status, answer = await asyncio.to_thread(send, request)
        said = json.loads(answer)
        return status, said.get("error", {}).get("code", ""), said

    return call


@pytest.fixture
def policy(tenant):
    def policy(policy_id: str, fields: dict) -> None:
        tenant.admin("POST", f"/v1/{tenant.name}/policies?policy_id={policy_id}", fields)

    return policy


async def outcomes(calls) -> list[int]:
    """The statuses of calls, one after the other."""
    return [(await each)[0] for each in calls]


async def test_each_key_has_a_count_of_its_own(tenant, call, policy):
    one, other = tenant.key(), tenant.key()
    policy("each", {"subject": {"apiKey": "*"}, **TWO_A_DAY})
    assert await outcomes(call(key) for key in (one, one, one, other)) == [200, 200, 429, 200]


async def test_the_whole_tenant_shares_one_count(tenant, call, policy):
    one, other = tenant.key(), tenant.key()
    policy("all", TWO_A_DAY)
    assert await outcomes(call(key) for key in (one, other, other)) == [200, 200, 429]


async def test_users_are_counted_apart_and_by_their_program(tenant, call, policy):
    one, other = tenant.key(), tenant.key()
    policy("users", {"subject": {"user": {"header": "x-tollway-user"}}, **TWO_A_DAY})

    def said(key, user):
        return call(key, headers={"x-tollway-user": user})

    calls = [said(one, "ann"), said(one, "ann"), said(one, "ann"), said(one, "ben"), said(other, "ann")]
    assert await outcomes(calls) == [200, 200, 429, 200, 200]


async def test_the_keys_of_a_tier_are_held_to_it_each_by_itself(tenant, call):
    rules = [{"id": "rpd", **TWO_A_DAY}]
    tenant.admin("POST", f"/v1/{tenant.name}/tiers?tier_id=gold", {"rules": rules})
    gold, golden, plain = tenant.key(tier="gold"), tenant.key(tier="gold"), tenant.key()
    keys = (gold, gold, gold, golden, plain, plain, plain)
    assert await outcomes(call(key) for key in keys) == [200, 200, 429, 200, 200, 200, 200]


async def test_a_limit_that_observes_refuses_nothing(tenant, call, policy):
    key = tenant.key()
    policy("seen", {"mode": "OBSERVE", **TWO_A_DAY})
    assert await outcomes(call(key) for _ in range(4)) == [200] * 4


async def test_a_caller_is_told_of_limits_that_enforce_alone(tenant, gateway, policy):
    policy("seen", {"mode": "OBSERVE", **TWO_A_DAY})
    policy("soft", {"budget": {"unit": "REQUESTS", "maxUnits": "1", "window": "CALENDAR_DAY", "soft": True}})
    policy("rpm", {"rateLimit": {"unit": "REQUESTS", "limit": "9", "window": "60s"}})
    async with AsyncOpenAI(base_url=f"{gateway.url('proxy_http')}/v1", api_key=tenant.key()) as client:
        answer = await client.chat.completions.with_raw_response.create(model="gpt", **HELLO)
    assert answer.headers["ratelimit-policy"] == '"rpm";q=9;w=60'
    assert answer.headers["x-ratelimit-remaining-requests"] == "8"


async def test_calls_beyond_a_limit_go_to_the_cheaper_model(tenant, call, policy, provider):
    key = tenant.key()
    policy("b", {"subject": {"model": "gpt"}, "rateLimit": {**TWO_A_DAY["rateLimit"], **DOWNGRADE}})
    assert await outcomes(call(key) for _ in range(3)) == [200] * 3
    assert [request.path for request in provider.requests][-1].endswith("/messages")


async def test_access(tenant, call, policy):
    key = tenant.key()
    policy("models", {"access": {"allowedModels": ["gpt"]}})
    policy("cap", {"access": {"maxOutputTokens": 20}})
    status, code, said = await call(key, "claude")
    assert (status, code) == (403, "model_not_allowed")
    assert said["error"]["message"] == "The policy models does not allow this model."
    assert (await call(key, max_tokens=21))[:2] == (400, "max_tokens_exceeded")
    assert (await call(key, max_tokens=20))[0] == 200


async def test_a_call_is_given_what_the_cap_or_the_budget_leaves(tenant, call, policy, provider):
    key = tenant.key()
    policy("cap", {"access": {"maxOutputTokens": 20}})
    await call(key)
    assert json.loads(provider.requests[-1].body)["max_completion_tokens"] == 20
    policy("left", {"rateLimit": {"unit": "OUTPUT_TOKENS", "limit": "7", "window": "86400s"}})
    await call(key)
    assert json.loads(provider.requests[-1].body)["max_completion_tokens"] == 7


async def test_a_dry_run_tells_what_calls_have_taken(tenant, call, policy):
    tenant.admin("POST", f"/v1/{tenant.name}/apiKeys?api_key_id=app", {})
    key = tenant.key()
    policy("all", TWO_A_DAY)
    asked = {"apiKey": "app", "model": "gpt"}
    for admitted in (True, True, False):
        told = tenant.admin("POST", f"/v1/{tenant.name}/policies:dryRun", asked)
        assert told.get("admitted", False) is admitted
        _, _, said = await call(key)
    assert told["message"] == said["error"]["message"] == "The limit all is used up: 2 requests in 86400 s."
    assert (told["reason"], told["verdicts"][0]["taken"]) == ("RATE_LIMIT_EXCEEDED", "2")
    (count,) = tenant.admin("GET", f"/v1/{tenant.name}/policies/all:inspect")["counts"]
    assert (count["limit"], count["taken"], count["bucket"]) == ("2", "2", told["verdicts"][0]["bucket"])


async def test_a_count_of_another_window_is_not_shown(tenant, call, policy):
    # 16,000 and 256,000 milliseconds: in the names of counts the one is the beginning of the other.
    bucket = {"unit": "REQUESTS", "limit": "2", "window": "256s", "algorithm": "TOKEN_BUCKET"}
    policy("p", {"rateLimit": bucket})
    await call(tenant.key())
    path = f"/v1/{tenant.name}/policies/p"
    assert [count["taken"] for count in tenant.admin("GET", f"{path}:inspect")["counts"]] == ["1"]
    tenant.admin("PATCH", path, {"rateLimit": {"window": "16s"}})
    assert tenant.admin("GET", f"{path}:inspect")["counts"] == []
