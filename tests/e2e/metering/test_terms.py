"""What a call costs that was served on other terms than the standard's: by what its answer says, to the nano-dollar."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress

import grpc
import pytest

from tests.e2e.metering.conftest import dollars
from tests.e2e.metering.test_settlement import PATHS
from tests.e2e.test_grpc import hello
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollway.proxy.v1 import inference_pb2_grpc
from tollwayd import prices
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.metering.ledger_reader import RedisLedger

LIST = PriceList(prices.read()).version
CALLERS = [*PATHS, "grpc"]

# 1,000 tokens of input and 100 of output: of gpt-5.4 at 2.5 and 15 dollars, of claude-opus-5 at 5 and 25.
GPT, CLAUDE = 4_000_000, 7_500_000
GPT_TIERS = {
    None: (GPT, ""),
    "auto": (GPT, ""),
    "default": (GPT, ""),
    "flex": (GPT // 2, "+flex"),
    "priority": (GPT * 2, "+priority"),
    "batch": (GPT // 2, "+batch"),
    "turbo": (GPT * 2, "+dearest"),
}
CLAUDE_TERMS = [
    ({}, CLAUDE, ""),
    ({"service_tier": "priority", "speed": "standard", "inference_geo": "global"}, CLAUDE, ""),
    ({"service_tier": "standard", "speed": "fast", "inference_geo": "not_available"}, CLAUDE * 2, "+fast"),
    ({"service_tier": "standard", "inference_geo": "us"}, CLAUDE * 11 // 10, "+us"),
    ({"speed": "fast", "inference_geo": "us"}, CLAUDE * 22 // 10, "+fast+us"),
    ({"service_tier": "batch"}, CLAUDE // 2, "+batch"),
    ({"service_tier": "other"}, CLAUDE * 22 // 10, "+dearest"),
]


@pytest.fixture
def listed(tenant):
    """The tenant, with models that the price list knows."""
    tenant.model("gpt-listed", {"provider": "openai", "model": "gpt-5.4"})
    tenant.model("audio-listed", {"provider": "openai", "model": "gpt-audio"})
    tenant.model("claude-listed", {"provider": "anthropic", "model": "claude-opus-5"})
    return tenant


@pytest.fixture
async def ledger(gateway):
    made = RedisLedger(EmbeddedRedis(gateway.data_dir).url)
    yield made
    await made.aclose()


async def booked(ledger, tenant, count: int = 1) -> list[LedgerEntry]:
    found: list[LedgerEntry] = []
    async with asyncio.timeout(10), aclosing(ledger.follow(tenant.name, after="0-0")) as following:
        async for batch in following:
            found += batch
            if len(found) >= count:
                return found
    return found


def lines(*events: dict, done: str = "") -> dict:
    """The answer that streams these events."""
    named = (f"event: {event['type']}\n" if "type" in event else "" for event in events)
    body = "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in zip(named, events, strict=True))
    return {"body": body + done, "headers": {"content-type": "text/event-stream"}}


def completion(tier: str | None, **usage) -> dict:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, **usage}
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    return {"body": {"id": "c", "model": "gpt", "service_tier": tier, "choices": [choice], "usage": usage}}


def chunks(tier: str | None, **usage) -> dict:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, **usage}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt", "service_tier": tier}
    said = {"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events = [{**head, "choices": [said]}, {**head, "choices": [last]}, {**head, "choices": [], "usage": usage}]
    return lines(*events, done="data: [DONE]\n\n")


def message(**usage) -> dict:
    usage = {"input_tokens": 1000, "output_tokens": 100, **usage}
    head = {"id": "m", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "end_turn"}
    return {"body": {**head, "content": [{"type": "text", "text": "Hi"}], "usage": usage}}


def events(**usage) -> dict:
    start = {"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": []}
    used = {"input_tokens": 1000, "output_tokens": 1, **usage}
    return lines(
        {"type": "message_start", "message": {**start, "usage": used}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}},
        {"type": "message_stop"},
    )


async def ask(gateway, key: str, caller: str, model: str, *, stream: bool, user: str = "", **fields) -> int:
    """Asks and reads the answer to its end; gives its status."""
    if caller == "grpc":
        await ask_grpc(gateway, key, model, stream=stream)
        return 200
    messages = [{"role": "user", "content": "Hello there!"}]
    body = json.dumps({"model": model, "max_tokens": 64, "messages": messages, "stream": stream, **fields}).encode()
    head = f"POST {PATHS[caller]} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nx-tollway-user: {user}\r\n"
    head += "content-type: application/json\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\n"
    host, _, port = gateway.addresses["proxy_http"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


async def ask_grpc(gateway, key: str, model: str, *, stream: bool) -> None:
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub, metadata = inference_pb2_grpc.InferenceServiceStub(channel), (("x-api-key", key),)
        if stream:
            async for _ in stub.StreamGenerate(hello(model), metadata=metadata):
                pass
        else:
            await stub.Generate(hello(model), metadata=metadata)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("caller", CALLERS)
async def test_openais_answer_says_its_tier_and_costs_what_that_does(gateway, listed, provider, ledger, caller, stream):
    made = chunks if stream else completion
    provider.use({"rules": [{"answer": made(tier), "times": 1} for tier in GPT_TIERS]})
    key = listed.key()
    for _ in GPT_TIERS:
        await ask(gateway, key, caller, "gpt-listed", stream=stream)
    entries = await booked(ledger, listed, len(GPT_TIERS))
    told = [(entry.cost_nanos, entry.price_version) for entry in entries]
    assert told == [(cost, LIST + suffix) for cost, suffix in GPT_TIERS.values()]
    assert not any(entry.estimated for entry in entries)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("caller", CALLERS)
async def test_anthropics_answer_says_its_terms_and_costs_what_they_do(
    gateway, listed, provider, ledger, caller, stream
):
    made = events if stream else message
    provider.use({"rules": [{"answer": made(**said), "times": 1} for said, _, _ in CLAUDE_TERMS]})
    key = listed.key()
    for _ in CLAUDE_TERMS:
        await ask(gateway, key, caller, "claude-listed", stream=stream)
    entries = await booked(ledger, listed, len(CLAUDE_TERMS))
    told = [(entry.cost_nanos, entry.price_version) for entry in entries]
    assert told == [(cost, LIST + suffix) for _, cost, suffix in CLAUDE_TERMS]


ASKED = [
    ("openai", "gpt-listed", {"service_tier": "priority"}, GPT * 2, "+priority"),
    ("openai", "gpt-listed", {"service_tier": "fast"}, GPT * 2, "+priority"),
    ("openai", "gpt-listed", {"service_tier": "flex"}, GPT, ""),
    ("openai", "gpt-listed", {"service_tier": "turbo"}, GPT * 2, "+dearest"),
    ("openai", "gpt-listed", {}, GPT, ""),
    ("anthropic", "claude-listed", {"speed": "fast"}, CLAUDE * 2, "+fast"),
    ("anthropic", "claude-listed", {"inference_geo": "us"}, CLAUDE * 11 // 10, "+us"),
    ("anthropic", "claude-listed", {}, CLAUDE, ""),
    ("anthropic", "gpt-listed", {"speed": "fast"}, GPT, ""),  # What is translated does not say it to the provider.
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("caller", "model", "fields", "cost", "suffix"), ASKED)
async def test_where_the_answer_says_nothing_what_was_asked_for_counts_if_it_is_dearer(
    gateway, listed, provider, ledger, caller, model, fields, cost, suffix, stream
):
    answers = ((completion(None), chunks(None)), (message(), events()))["claude" in model]
    provider.use({"rules": [{"answer": answers[stream]}]})
    await ask(gateway, listed.key(), caller, model, stream=stream, **fields)
    (entry,) = await booked(ledger, listed)
    assert (entry.cost_nanos, entry.price_version) == (cost, LIST + suffix)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("model", ["gpt-listed", "claude-listed"])
async def test_a_stream_that_breaks_off_costs_what_its_beginning_said(gateway, listed, provider, ledger, caller, model):
    answer = chunks("priority") if model == "gpt-listed" else events(speed="fast", inference_geo="us")
    cut = answer["body"].index("data: ", answer["body"].index('"Hi"'))
    provider.use({"rules": [{"answer": {**answer, "fault": {"kind": "close", "after_bytes": cut}}}]})
    with suppress(grpc.aio.AioRpcError):
        await ask(gateway, listed.key(), caller, model, stream=True)
    (entry,) = await booked(ledger, listed)
    assert (entry.outcome, entry.estimated) == (LedgerEntry.FAILED, True)
    if model == "gpt-listed":
        assert (entry.price_version, entry.output_tokens) == (f"{LIST}+priority", 1)
        assert entry.cost_nanos == entry.input_tokens * 5_000 + 30_000
    else:
        assert entry.price_version == f"{LIST}+fast+us"
        assert entry.cost_nanos == 1000 * 11_000 + 55_000


HEARD = {
    "prompt_tokens_details": {"audio_tokens": 400, "cached_tokens": 0},
    "completion_tokens_details": {"audio_tokens": 60, "reasoning_tokens": 0},
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("caller", CALLERS)
async def test_tokens_of_sounds_cost_what_sounds_do(gateway, listed, provider, ledger, caller, stream):
    provider.use({"rules": [{"answer": (chunks if stream else completion)("default", **HEARD)}]})
    await ask(gateway, listed.key(), caller, "audio-listed", stream=stream)
    (entry,) = await booked(ledger, listed)
    assert (entry.input_tokens, entry.output_tokens) == (1000, 100)
    assert entry.cost_nanos == 600 * 2_500 + 400 * 32_000 + 40 * 10_000 + 60 * 64_000


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("caller", CALLERS)
async def test_searches_of_the_web_cost_what_the_list_says(gateway, listed, provider, ledger, caller, stream):
    searched = {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 1}, "speed": "fast"}
    provider.use({"rules": [{"answer": (events if stream else message)(**searched)}]})
    await ask(gateway, listed.key(), caller, "claude-listed", stream=stream)
    (entry,) = await booked(ledger, listed)
    assert (entry.cost_nanos, entry.price_version) == (CLAUDE * 2 + 3 * 10_000_000, f"{LIST}+fast")


OWN = {"input": dollars(1_000_000_000), "output": dollars(10_000_000_000)}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_price_of_the_tenants_own_is_the_same_on_all_terms(gateway, listed, provider, ledger, stream):
    body = {"provider": "*", "model": "*", "rates": OWN}
    listed.admin("POST", f"/v1/{listed.name}/prices?price_id=own", body)
    provider.use({"rules": [{"answer": (chunks if stream else completion)("priority", **HEARD)}]})
    await ask(gateway, listed.key(), "openai", "gpt-listed", stream=stream, service_tier="priority")
    (entry,) = await booked(ledger, listed)
    assert entry.cost_nanos == 1000 * 1_000 + 100 * 10_000
    assert entry.price_version.startswith(f"{listed.name}/prices/own@")


MARK = {"type": "ephemeral"}
SPOKEN = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}]
RESERVED = [
    # What a request allows, and dollars for a million tokens of its input and its output.
    ("openai", "gpt-listed", {"service_tier": "default"}, 2.5, 15),
    ("openai", "gpt-listed", {"service_tier": "flex"}, 2.5, 15),
    ("openai", "gpt-listed", {"service_tier": "priority"}, 5, 30),
    ("openai", "gpt-listed", {"service_tier": "auto"}, 5, 30),
    ("openai", "gpt-listed", {}, 5, 30),
    ("anthropic", "gpt-listed", {}, 5, 30),
    ("anthropic", "claude-listed", {"inference_geo": "global"}, 5, 25),
    ("anthropic", "claude-listed", {"inference_geo": "global", "cache_control": MARK}, 6.25, 25),
    ("anthropic", "claude-listed", {"inference_geo": "global", "cache_control": {**MARK, "ttl": "1h"}}, 10, 25),
    ("anthropic", "claude-listed", {}, 5.5, 27.5),
    ("anthropic", "claude-listed", {"speed": "fast", "inference_geo": "global"}, 10, 50),
    ("openai", "claude-listed", {"service_tier": "priority"}, 5.5, 27.5),
    ("openai", "audio-listed", {}, 2.5, 10),
    ("openai", "audio-listed", {"messages": SPOKEN}, 32, 64),
    ("openai", "audio-listed", {"modalities": ["text", "audio"], "audio": {"voice": "a"}}, 32, 64),
]


@pytest.mark.parametrize(("caller", "model", "fields", "per_input", "per_output"), RESERVED)
async def test_a_call_reserves_the_dearest_of_what_its_request_allows(
    gateway, listed, provider, caller, model, fields, per_input, per_output
):
    provider.use({"rules": [{"answer": message() if model == "claude-listed" else completion(None)}]})
    key = listed.key()
    assert await ask(gateway, key, caller, model, stream=False, **fields) == 200
    most = round(len(provider.requests[-1].body) * per_input * 1000 + 64 * per_output * 1000)
    budget = {"unit": "COST", "window": "CALENDAR_MONTH", "timeZone": "UTC", "admission": "STRICT"}
    for user, limit, status in (("enough", most, 200), ("short", most - 1, 429)):
        policy = {
            "subject": {"user": {"header": "x-tollway-user", "value": user}},
            "budget": {**budget, "limit": dollars(limit)},
        }
        listed.admin("POST", f"/v1/{listed.name}/policies?policy_id={user}", policy)
        assert await ask(gateway, key, caller, model, stream=False, user=user, **fields) == status
