"""What is booked of a call, however it ends: one entry, of what was delivered."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest

from tests.e2e.metering.conftest import SAID
from tests.e2e.test_grpc import hello
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollway.proxy.v1 import conversation_pb2, inference_pb2, inference_pb2_grpc
from tollwayd.core import sse
from tollwayd.mock import MockProvider

POINTS = range(4, 64, 3)
"""After how many of a provider's events callers leave: 20 points of a stream of 60 tokens."""

MODELS = ("gpt", "claude")
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
TEXT = {"gpt": b'"content":"', "claude": b'"text_delta"'}
"""What an event of a provider has that carries text."""


def stalling(model_tokens: int = 60) -> dict:
    """A script: an answer that stops after so many events as the prompt names."""
    rules = [
        {
            "match": {"prompt": f"Leave at {point}."},
            "answer": {"tokens": model_tokens, "fault": {"kind": "stall", "after_events": point}},
        }
        for point in POINTS
    ]
    return {"rules": rules}


def body_of(model: str, prompt: str, **fields) -> bytes:
    fields = {"max_tokens": 100, "stream": True, **fields}
    return json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}], **fields}).encode()


async def post(address: str, path: str, key: str, body: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}anthropic-version: 2023-06-01\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    return reader, writer


async def leave_rest(gateway, key: str, caller: str, model: str, point: int, tokens: int) -> None:
    """Leaves when so many pieces of text have come; where there are none, at the answer's head."""
    address = gateway.addresses["proxy_http"]
    reader, writer = await post(address, PATHS[caller], key, body_of(model, f"Leave at {point}."))
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(tokens):
        await reader.readuntil(TEXT["gpt" if caller == "openai" else "claude"])
    writer.transport.abort()


async def leave_grpc(gateway, key: str, model: str, point: int, tokens: int) -> None:
    part = conversation_pb2.Part(text=conversation_pb2.Text(text=f"Leave at {point}."))
    messages = [conversation_pb2.Message(role=conversation_pb2.ROLE_USER, parts=[part])]
    request = inference_pb2.GenerateRequest(model=model, messages=messages, max_output_tokens=100)
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stream = inference_pb2_grpc.InferenceServiceStub(channel).StreamGenerate(
            request, metadata=(("x-api-key", key),)
        )
        await stream.initial_metadata()
        for _ in range(tokens):
            while not (await stream.read()).HasField("part_delta"):
                pass
        stream.cancel()


async def told_before(provider, model: str) -> list[int]:
    """How many pieces of text the provider's first so many events hold, by how many."""
    path = PATHS["openai" if model == "gpt" else "anthropic"]
    reader, writer = await post(
        f"{provider.host}:{provider.port}", path, "any", body_of(model, "All of it.", max_tokens=100)
    )
    stream = await asyncio.wait_for(reader.readuntil(b"[DONE]" if model == "gpt" else b"message_stop"), 5)
    writer.close()
    events = list(sse.split(stream.partition(b"\r\n\r\n")[2]))
    texts = [TEXT[model] in event and b'"content":""' not in event for event in events]
    return [sum(texts[:count]) for count in range(len(events) + 1)]


@pytest.mark.parametrize("caller", ["openai", "anthropic", "grpc"])
@pytest.mark.parametrize("model", MODELS)
async def test_callers_who_leave_at_any_point_are_charged_what_they_got(
    gateway, priced, provider, books, caller, model
):
    provider.use({"rules": [{"answer": {"tokens": 60}}]})
    told = await told_before(provider, model)
    provider.use(stalling())
    key = priced.key()
    leave = (
        [leave_grpc(gateway, key, model, point, told[point]) for point in POINTS]
        if caller == "grpc"
        else [leave_rest(gateway, key, caller, model, point, told[point]) for point in POINTS]
    )
    await asyncio.gather(*leave)
    entries = await books.entries(len(POINTS))
    assert len({entry.call for entry in entries}) == len(entries) == len(POINTS)
    assert {entry.outcome for entry in entries} == {LedgerEntry.CUT}
    assert all(entry.estimated and entry.input_tokens > 0 for entry in entries)
    assert all(entry.cost_nanos == entry.input_tokens * 2_500 + entry.output_tokens * 10_000 for entry in entries)
    # A provider may say that it has generated something before it sends it.
    least = 1 if model == "claude" else 0
    assert sorted(entry.output_tokens for entry in entries) == sorted(max(least, told[point]) for point in POINTS)


async def ask(gateway, key: str, **fields) -> bytes:
    """The whole answer to a call that need not succeed."""
    fields = {"stream": False, **fields}
    model = fields.pop("model", "gpt")
    reader, writer = await post(gateway.addresses["proxy_http"], PATHS["openai"], key, body_of(model, "Hi", **fields))
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head


async def test_the_entry_of_a_whole_answer_says_all_there_is_to_say(gateway, priced, provider, books):
    provider.use(SAID)
    key = priced.admin("POST", f"/v1/{priced.name}/apiKeys?api_key_id=app", {"tags": {"team": "search"}})["secret"]
    body = body_of("gpt", "Hi", stream=False)
    host, _, port = gateway.addresses["proxy_http"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\ncontent-length: %d\r\n"
        b"x-tollway-user: bob\r\nx-tollway-tags: env=prod, team=other\r\n\r\n%b" % (key.encode(), len(body), body)
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    (entry,) = await books.now()  # What is answered is booked.
    assert f"x-request-id: {entry.call}" in head
    assert (entry.kind, entry.outcome, entry.estimated) == (LedgerEntry.CALL, LedgerEntry.COMPLETED, False)
    assert (entry.tenant, entry.api_key, entry.user, dict(entry.tags)) == (
        priced.name,
        "app",
        "bob",
        {"team": "search", "env": "prod"},
    )
    assert (entry.requested_model, entry.model, entry.provider, entry.upstream_model) == (
        "gpt",
        "gpt",
        "openai",
        "gpt-upstream",
    )
    assert entry.method == "tollway.proxy.v1.OpenAIService/CreateChatCompletion"
    assert (entry.input_tokens, entry.cache_read_tokens, entry.output_tokens, entry.reasoning_tokens) == (
        701,
        300,
        16,
        5,
    )
    assert (entry.cost_nanos, entry.currency_code) == (2_337_500, "USD")
    assert entry.price_version.startswith(f"{priced.name}/prices/all@")
    assert entry.admit_time.nanos % 1000 == 0, "no more digits than the clock is good for"
    assert 0 <= entry.book_time.ToMilliseconds() - entry.admit_time.ToMilliseconds() < 10_000


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
async def test_whole_answers_are_booked_as_the_provider_says(gateway, priced, provider, books, model, stream):
    provider.use(SAID)
    reader, writer = await post(
        gateway.addresses["proxy_http"], PATHS["openai"], priced.key(), body_of(model, "Hi", stream=stream)
    )
    await reader.readuntil(b"0\r\n\r\n" if stream else b"}")
    writer.close()
    (entry,) = await books.entries(1)
    assert (entry.outcome, entry.estimated, entry.cost_nanos, entry.streamed) == (
        LedgerEntry.COMPLETED,
        False,
        2_337_500,
        stream,
    )


@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_refuses_is_booked_for_nothing(gateway, priced, provider, books, stream):
    provider.use({"rules": [{"answer": {"status": 500}}]})
    assert b" 502 " in await ask(gateway, priced.key(), stream=stream)
    (entry,) = await books.now()
    assert (entry.outcome, entry.cost_nanos, entry.input_tokens, entry.provider) == (LedgerEntry.FAILED, 0, 0, "openai")


async def test_a_provider_that_cannot_be_reached_is_not_booked(gateway, priced, books):
    async with MockProvider() as gone:
        priced.provider("openai", gone.url, provider_id="gone")
    priced.model("away", {"provider": "gone", "model": "any"})
    assert b" 503 " in await ask(gateway, priced.key(), model="away")
    assert await books.now() == []


async def test_a_stream_that_breaks_off_is_booked_with_what_came(gateway, priced, provider, books):
    provider.use({"rules": [{"answer": {"tokens": 60, "fault": {"kind": "reset", "after_events": 21}}}]})
    reader, writer = await post(
        gateway.addresses["proxy_http"], PATHS["openai"], priced.key(), body_of("gpt", "Hi there, how are you?")
    )
    await reader.readuntil(b"0\r\n\r\n")
    writer.close()
    (entry,) = await books.entries(1)
    assert (entry.outcome, entry.estimated, entry.output_tokens) == (LedgerEntry.FAILED, True, 20)
    assert entry.input_tokens > 0


async def test_an_answer_that_breaks_off_is_booked_with_what_was_asked(gateway, priced, provider, books):
    provider.use({"rules": [{"answer": {"tokens": 60, "fault": {"kind": "reset", "after_bytes": 10}}}]})
    assert b" 502 " in await ask(gateway, priced.key())
    (entry,) = await books.now()
    assert (entry.outcome, entry.estimated, entry.output_tokens) == (LedgerEntry.FAILED, True, 0)
    assert entry.cost_nanos == entry.input_tokens * 2_500 > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_who_leaves_before_the_answer_begins_pays_the_question(gateway, priced, provider, books, stream):
    provider.use({"rules": [{"answer": {"latency": 60}}]})
    body = body_of("gpt", "Hi there, how are you?", stream=stream)
    _, writer = await post(gateway.addresses["proxy_http"], PATHS["openai"], priced.key(), body)
    await provider.next_request()
    writer.transport.abort()
    (entry,) = await books.entries(1)
    assert (entry.outcome, entry.estimated, entry.output_tokens) == (LedgerEntry.CUT, True, 0)
    assert entry.input_tokens > 0


async def test_the_second_target_is_booked_where_the_first_fails(gateway, priced, provider, books):
    provider.use({"rules": [{"answer": {"status": 503}}]})
    async with MockProvider(SAID) as second:
        priced.provider("openai", second.url, provider_id="second")
        targets = [{"provider": "openai", "model": "one", "priority": 0}]
        priced.model("pair", *targets, {"provider": "second", "model": "two", "priority": 1})
        assert b" 200 " in await ask(gateway, priced.key(), model="pair")
    (entry,) = await books.now()
    assert (entry.provider, entry.upstream_model, entry.cost_nanos) == ("second", "two", 2_337_500)


async def test_a_deadline_cuts_a_call_and_it_is_booked(gateway, priced, provider, books):
    provider.use({"rules": [{"answer": {"tokens": 60, "fault": {"kind": "stall", "after_events": 9}}}]})
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        stream = stub.StreamGenerate(hello("gpt"), metadata=(("x-api-key", priced.key()),), timeout=0.5)
        with pytest.raises(grpc.aio.AioRpcError):
            [event async for event in stream]
    (entry,) = await books.entries(1)
    assert (entry.outcome, entry.output_tokens) == (LedgerEntry.CUT, 8)


async def test_an_answer_that_makes_no_sense_is_booked_with_what_was_asked(gateway, priced, provider, books):
    provider.use({"rules": [{"answer": {"body": "This is no JSON."}}]})
    assert b" 502 " in await ask(gateway, priced.key(), model="claude")
    (entry,) = await books.now()
    assert (entry.outcome, entry.estimated, entry.output_tokens) == (LedgerEntry.FAILED, True, 0)
    assert entry.cost_nanos == entry.input_tokens * 2_500 > 0


async def test_a_whole_answer_without_usage_is_booked_by_what_it_says(gateway, priced, provider, books):
    provider.use({"rules": [{"answer": {"tokens": 30, "usage": "omit"}}]})
    assert b"x-tollway-usage: input=" in await ask(gateway, priced.key())
    (entry,) = await books.now()
    assert (entry.outcome, entry.estimated, entry.output_tokens) == (LedgerEntry.COMPLETED, True, 30)


async def test_a_downgraded_call_is_booked_with_the_model_that_answered(gateway, priced, provider, books):
    exceeded = {"action": "DOWNGRADE", "downgradeModel": "claude"}
    limit = {"unit": "REQUESTS", "limit": "1", "window": "60s", "onExceeded": exceeded}
    priced.admin("POST", f"/v1/{priced.name}/policies?policy_id=rpm", {"subject": {}, "rateLimit": limit})
    key = priced.key()
    assert b"x-tollway-downgraded-to" not in await ask(gateway, key)
    assert b"x-tollway-downgraded-to: claude" in await ask(gateway, key)
    entries = await books.now()
    assert [(entry.requested_model, entry.model, entry.provider) for entry in entries] == [
        ("gpt", "gpt", "openai"),
        ("gpt", "claude", "anthropic"),
    ]


async def test_a_refused_call_is_not_booked(gateway, priced, provider, books):
    policy = {"subject": {}, "access": {"allowedModels": ["claude"]}}
    priced.admin("POST", f"/v1/{priced.name}/policies?policy_id=models", policy)
    assert b" 403 " in await ask(gateway, priced.key())
    assert await books.now() == []
    assert not provider.requests


async def test_what_a_cut_call_did_not_use_is_left_for_the_next(gateway, priced, provider, books):
    limit = {"unit": "OUTPUT_TOKENS", "limit": "100", "window": "3600s", "admission": "STRICT"}
    priced.admin("POST", f"/v1/{priced.name}/policies?policy_id=tph", {"subject": {}, "rateLimit": limit})
    provider.use({"rules": [{"times": 1, "answer": {"tokens": 60, "fault": {"kind": "stall", "after_events": 21}}}]})
    key = priced.key()
    reader, writer = await post(gateway.addresses["proxy_http"], PATHS["openai"], key, body_of("gpt", "Hi"))
    for _ in range(20):
        await reader.readuntil(TEXT["gpt"])
    assert b" 429 " in await ask(gateway, key, max_tokens=1), "all is held"
    writer.transport.abort()
    (entry,) = await books.entries(1)
    assert entry.output_tokens == 20
    assert b" 429 " in await ask(gateway, key, max_tokens=81)
    assert b" 200 " in await ask(gateway, key, max_tokens=80)


@pytest.mark.parametrize(
    ("caller", "model"), [("openai", "gpt"), ("openai", "claude"), ("anthropic", "claude"), ("anthropic", "gpt")]
)
async def test_who_reads_the_mark_of_the_end_finds_the_answer_booked(gateway, priced, provider, books, caller, model):
    provider.use(SAID)
    address, key = gateway.addresses["proxy_http"], priced.key()
    for count in range(1, 11):
        reader, writer = await post(address, PATHS[caller], key, body_of(model, "Hi"))
        await reader.readuntil(b"[DONE]" if caller == "openai" else b'"message_stop"')
        writer.transport.abort()  # As SDKs do.
        entries = await books.now()
        assert len(entries) == count
        assert (entries[-1].outcome, entries[-1].cost_nanos) == (LedgerEntry.COMPLETED, 2_337_500)
    for entry in entries:
        line = await asyncio.to_thread(gateway.line_of, entry.call)
        assert line["level"] == "info", "a caller who leaves is no defect"
