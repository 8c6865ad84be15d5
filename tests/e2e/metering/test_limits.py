"""What callers see of limits, with the vendors' own SDKs and over gRPC."""

from __future__ import annotations

import asyncio
from datetime import datetime

import aiohttp
import anthropic
import grpc
import openai
import pytest
from anthropic import AsyncAnthropic
from google.rpc.error_details_pb2 import ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status
from openai import AsyncOpenAI

from tests.e2e.metering.conftest import dollars
from tests.e2e.test_grpc import hello
from tollway.proxy.v1 import inference_pb2_grpc
from tollwayd.mock import MockProvider

HELLO = [{"role": "user", "content": "Hello there!"}]
RPM = {"subject": {}, "rateLimit": {"unit": "REQUESTS", "limit": "2", "window": "60s"}}


@pytest.fixture
async def openai_client(gateway, priced):
    async with AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=priced.key(), max_retries=0) as made:
        yield made


@pytest.fixture
async def anthropic_client(gateway, priced):
    async with AsyncAnthropic(base_url=gateway.url("proxy_http"), api_key=priced.key(), max_retries=0) as made:
        yield made


@pytest.fixture
async def stub(gateway):
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        yield inference_pb2_grpc.InferenceServiceStub(channel)


@pytest.fixture
def policy(priced):
    """Makes a policy of the tenant, by its id."""

    def make(policy_id: str, **fields) -> None:
        priced.admin("POST", f"/v1/{priced.name}/policies?policy_id={policy_id}", {"subject": {}, **fields})

    return make


async def chat(client, **fields):
    return await client.chat.completions.with_raw_response.create(**{"model": "gpt", "messages": HELLO, **fields})


async def message(client, **fields):
    return await client.messages.with_raw_response.create(
        **{"model": "claude", "messages": HELLO, "max_tokens": 64, **fields}
    )


async def test_without_policies_nothing_is_said_of_limits(openai_client):
    answer = await chat(openai_client)
    assert not [name for name in answer.headers if "ratelimit" in name]


async def test_openais_sdk_sees_its_limits_and_raises_its_rate_limit_error(openai_client, policy, provider):
    policy("rpm", **RPM)
    first, second = await chat(openai_client), await chat(openai_client)
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in (first, second)] == ["1", "0"]
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-reset-requests"].endswith("s")
    assert first.headers["ratelimit-policy"] == '"rpm";q=2;w=60'
    assert first.headers["ratelimit"].startswith('"rpm";r=1;t=')
    with pytest.raises(openai.RateLimitError) as caught:
        await chat(openai_client)
    assert caught.value.code == "rate_limit_exceeded"
    headers = caught.value.response.headers
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert 0 < int(headers["retry-after"]) <= 61
    assert len(provider.requests) == 2


async def test_anthropics_sdk_does_as_well(anthropic_client, policy):
    policy("rpm", **RPM)
    first = await message(anthropic_client)
    assert first.headers["anthropic-ratelimit-requests-limit"] == "2"
    assert first.headers["anthropic-ratelimit-requests-remaining"] == "1"
    assert datetime.fromisoformat(first.headers["anthropic-ratelimit-requests-reset"]).tzinfo
    await message(anthropic_client)
    with pytest.raises(anthropic.RateLimitError) as caught:
        await message(anthropic_client)
    assert caught.value.body["error"]["type"] == "rate_limit_error"
    assert caught.value.response.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert int(caught.value.response.headers["retry-after"]) > 0


async def test_a_stream_is_refused_before_it_begins(openai_client, anthropic_client, policy):
    policy("tpm", rateLimit={"unit": "OUTPUT_TOKENS", "limit": "1", "window": "60s", "admission": "STRICT"})
    with pytest.raises(openai.RateLimitError):
        await openai_client.chat.completions.create(model="gpt", messages=HELLO, stream=True)
    with pytest.raises(anthropic.RateLimitError):
        async with anthropic_client.messages.stream(model="gpt", messages=HELLO, max_tokens=64):
            pass


@pytest.mark.parametrize("method", ["Generate", "StreamGenerate"])
async def test_a_grpc_refusal_says_which_limit_and_for_how_long(stub, priced, policy, method):
    policy("rpm", rateLimit={"unit": "REQUESTS", "limit": "1", "window": "60s"})
    key = (("x-api-key", priced.key()),)
    await stub.Generate(hello("gpt"), metadata=key)
    call = getattr(stub, method)(hello("gpt"), metadata=key)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (call if method == "Generate" else call.read())
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    found = details(await rpc_status_of(call))
    assert found[ErrorInfo].reason == "RATE_LIMIT_EXCEEDED"
    assert found[QuotaFailure].violations[0].subject.startswith("rpm")
    assert "1 requests in 60 s" in found[QuotaFailure].violations[0].description
    assert 0 < found[RetryInfo].retry_delay.seconds <= 60
    assert dict(await call.initial_metadata())["ratelimit"].startswith('"rpm";r=0')


async def rpc_status_of(call):
    return Status.FromString(dict(await call.trailing_metadata())["grpc-status-details-bin"])


def details(status) -> dict:
    found = {}
    for detail in status.details:
        for kind in (ErrorInfo, QuotaFailure, RetryInfo):
            if detail.Is(kind.DESCRIPTOR):
                found[kind] = kind.FromString(detail.value)
    return found


async def test_access_that_is_denied(openai_client, anthropic_client, stub, priced, policy):
    policy("models", access={"allowedModels": ["gpt"]})
    await chat(openai_client)
    with pytest.raises(openai.PermissionDeniedError):
        await chat(openai_client, model="claude")
    with pytest.raises(anthropic.PermissionDeniedError):
        await message(anthropic_client)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Generate(hello("claude"), metadata=(("x-api-key", priced.key()),))
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED


async def test_a_cap_is_given_to_who_names_no_number_and_refused_to_who_asks_for_more(openai_client, policy, provider):
    policy("cap", access={"maxOutputTokens": 77})
    await chat(openai_client)
    assert (await provider.next_request()).json["max_completion_tokens"] == 77
    await chat(openai_client, max_tokens=50)
    assert (await provider.next_request()).json["max_tokens"] == 50
    with pytest.raises(openai.BadRequestError) as caught:
        await chat(openai_client, max_tokens=78)
    assert caught.value.code == "max_tokens_exceeded"


async def test_a_spent_budget_is_no_quota_to_openais_sdk_and_not_retried(gateway, openai_client, policy, provider):
    policy("month", budget={"unit": "COST", "limit": dollars(0), "window": "CALENDAR_MONTH"})
    with pytest.raises(openai.RateLimitError) as caught:
        await chat(openai_client.with_options(max_retries=2))
    assert caught.value.code == "insufficient_quota"
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert caught.value.response.request.headers["x-stainless-retry-count"] == "0"
    assert not provider.requests


async def test_a_budget_of_money_and_no_price(gateway, priced, policy, openai_client):
    policy("month", budget={"unit": "COST", "limit": dollars(10**10), "window": "CALENDAR_MONTH"})
    assert (await chat(openai_client, max_tokens=64)).headers["x-tollway-cost"]
    priced.admin("DELETE", f"/v1/{priced.name}/prices/all")
    with pytest.raises(openai.BadRequestError) as caught:
        await chat(openai_client, max_tokens=64)
    assert caught.value.code == "price_unknown"
    priced.admin("PATCH", f"/v1/{priced.name}?update_mask=unknownPrice", {"unknownPrice": "FREE"})
    assert "x-tollway-cost" not in (await chat(openai_client, max_tokens=64)).headers


async def test_what_is_left_of_a_clamping_limit_reaches_the_provider_as_max_tokens(openai_client, policy, provider):
    policy("tpm", rateLimit={"unit": "OUTPUT_TOKENS", "limit": "100", "window": "60s", "admission": "CLAMP"})
    answer = await chat(openai_client, max_tokens=4000, extra_body={"odd": 1.50})
    sent = await provider.next_request()
    assert sent.json["max_tokens"] == 100
    assert b'"odd":1.5' in sent.body
    assert answer.headers["x-ratelimit-remaining-tokens"] == "0"
    await chat(openai_client, model="claude")
    left = (await provider.next_request()).json["max_tokens"]
    assert 0 < left < 100, "what the first one did not use came back"


async def test_a_strict_limit_refuses_instead(openai_client, policy):
    policy("tpm", rateLimit={"unit": "OUTPUT_TOKENS", "limit": "100", "window": "60s", "admission": "STRICT"})
    await chat(openai_client, max_tokens=50)
    with pytest.raises(openai.RateLimitError) as caught:
        await chat(openai_client, max_tokens=101)
    assert "can ever give" in caught.value.message


async def test_calls_beyond_a_limit_go_to_the_model_that_it_names(openai_client, priced, policy, provider):
    exceeded = {"action": "DOWNGRADE", "downgradeModel": "claude"}
    policy("rpm", rateLimit={"unit": "REQUESTS", "limit": "1", "window": "60s", "onExceeded": exceeded})
    assert "x-tollway-downgraded-to" not in (await chat(openai_client)).headers
    assert (await provider.next_request()).json["model"] == "gpt-upstream"
    answer = await chat(openai_client)
    assert answer.headers["x-tollway-downgraded-to"] == "claude"
    assert (await provider.next_request()).json["model"] == "claude-upstream"
    only = AsyncOpenAI(base_url=openai_client.base_url, api_key=priced.key(allowedModels=["gpt"]), max_retries=0)
    async with only:
        with pytest.raises(openai.RateLimitError):
            await chat(only)


async def test_a_providers_limit_sends_calls_to_the_next_target(gateway, openai_client, priced, policy, provider):
    async with MockProvider() as second:
        priced.provider("openai", second.url, provider_id="second")
        targets = [{"provider": "openai", "model": "one", "priority": 0}]
        priced.model("pair", *targets, {"provider": "second", "model": "two", "priority": 1})
        limit = {"unit": "REQUESTS", "limit": "1", "window": "60s"}
        policy("first", subject={"provider": "openai"}, rateLimit=limit)
        policy("second", subject={"provider": "second"}, rateLimit=limit)
        answers = [await chat(openai_client, model="pair") for _ in range(2)]
        assert [answer.parse().model for answer in answers] == ["one", "two"]
        assert "ratelimit" not in answers[0].headers, "a provider's limits are no affair of callers"
        with pytest.raises(openai.RateLimitError) as caught:
            await chat(openai_client, model="pair")
        assert int(caught.value.response.headers["retry-after"]) > 0
        assert "second" not in caught.value.response.text
        assert "ratelimit" not in caught.value.response.headers
        assert (len(provider.requests), len(second.requests)) == (1, 1)


async def test_a_target_that_fails_takes_the_next_ones_limit(openai_client, priced, policy, provider):
    provider.use({"rules": [{"answer": {"status": 503}}]})
    async with MockProvider() as second:
        priced.provider("openai", second.url, provider_id="second")
        targets = [{"provider": "openai", "model": "one", "priority": 0}]
        priced.model("pair", *targets, {"provider": "second", "model": "two", "priority": 1})
        policy("second", subject={"provider": "second"}, concurrency={"limit": 1})
        limit = {"unit": "REQUESTS", "limit": "1", "window": "60s"}
        policy("rpm", subject={"provider": "second"}, rateLimit=limit)
        assert (await chat(openai_client, model="pair")).parse().model == "two"
        with pytest.raises(openai.APIStatusError):
            await chat(openai_client, model="pair")
        assert len(second.requests) == 1


async def test_the_next_targets_limit_holds_for_calls_that_a_slice_admitted(openai_client, priced, policy, provider):
    provider.use({"rules": [{"answer": {"status": 503}}]})
    async with MockProvider() as second:
        priced.provider("openai", second.url, provider_id="second")
        targets = [{"provider": "openai", "model": "one", "priority": 0}]
        priced.model("pair", *targets, {"provider": "second", "model": "two", "priority": 1})
        limit = {"unit": "REQUESTS", "limit": "10", "window": "86400s"}
        policy("second", subject={"provider": "second"}, rateLimit=limit)
        policy("all", rateLimit={**limit, "limit": "10000", "leased": True})
        for _ in range(3):
            await asyncio.gather(*(chat(openai_client, model="pair") for _ in range(10)), return_exceptions=True)
        assert len(second.requests) == 10


async def test_a_limit_that_observes_lets_all_pass_and_tells_the_operator(gateway, openai_client, priced, policy):
    policy("rpm", mode="OBSERVE", rateLimit={"unit": "REQUESTS", "limit": "1", "window": "60s"})
    gateway.log.clear()
    answers = [await chat(openai_client) for _ in range(3)]
    assert not [name for answer in answers for name in answer.headers if "ratelimit" in name]

    lines = [gateway.line_of(answer.headers["x-request-id"]) for answer in answers]
    assert [line.get("exceeded") for line in lines] == [None, ["rpm"], ["rpm"]]
    async with aiohttp.ClientSession() as client, client.get(f"{gateway.url('metrics_http')}/metrics") as metrics:
        told = f'tollway_policy_observed_total{{policy="rpm",tenant="{priced.name}"}} 2.0'
        assert told in await metrics.text()


async def test_a_place_is_given_back_when_its_call_ends(openai_client, policy, provider):
    policy("two", concurrency={"limit": 1})
    provider.use({"rules": [{"times": 1, "answer": {"tokens": 5, "latency": 60}}]})
    first = asyncio.create_task(chat(openai_client))
    await provider.next_request()
    with pytest.raises(openai.RateLimitError) as caught:
        await chat(openai_client)
    assert caught.value.response.headers["retry-after"] == "1"
    first.cancel()
    await asyncio.wait([first])
    async with asyncio.timeout(5):
        while True:
            try:
                await chat(openai_client)
            except openai.RateLimitError:
                continue  # The gateway hears of a client that has left a moment later.
            break
