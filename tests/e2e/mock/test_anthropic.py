"""Anthropic's dialect, as its SDK reads it."""

from __future__ import annotations

import asyncio
import json

import anthropic as sdk
import pytest
from anthropic import Anthropic

from tests.e2e.mock.calls import HELLO
from tests.wire.http1 import request

MESSAGES = [{"role": "user", "content": [{"type": "text", "text": HELLO}]}]
ASKED = {"model": "claude", "max_tokens": 100, "messages": MESSAGES}
WEATHER = {"text": "Let me see.", "tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}]}


async def test_the_echo_of_a_call_without_a_script(anthropic):
    answer = await anthropic.messages.create(**ASKED, system="Be brief.")
    assert answer.model == "claude"
    assert answer.content[0].text == HELLO
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (6, 3)
    assert answer._request_id


async def test_an_echo_keeps_to_the_callers_limit(anthropic):
    answer = await anthropic.messages.create(**ASKED | {"max_tokens": 2})
    assert (answer.content[0].text, answer.stop_reason, answer.usage.output_tokens) == ("Hello th", "max_tokens", 2)


async def test_the_events_of_a_stream_in_their_order(anthropic):
    events = [event async for event in await anthropic.messages.create(**ASKED, stream=True)]
    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 3,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[0].message.usage.input_tokens == 3
    assert events[-2].usage.output_tokens == 3


async def test_a_ping_follows_the_start_and_events_have_names(wire):
    body = json.dumps(ASKED | {"stream": True}).encode()
    await wire.send(request("POST", "/v1/messages", "anthropic-version: 2023-06-01", body=body))
    names = [line for line in (await wire.response()).body.splitlines() if line.startswith(b"event: ")]
    assert names[:3] == [b"event: message_start", b"event: ping", b"event: content_block_start"]


async def test_tool_calls(provider, anthropic):
    provider.use({"rules": [{"answer": WEATHER}]})
    whole = await anthropic.messages.create(**ASKED)
    async with anthropic.messages.stream(**ASKED) as stream:
        streamed = await stream.get_final_message()
    for answer in (whole, streamed):
        assert answer.stop_reason == "tool_use"
        assert [block.type for block in answer.content] == ["text", "tool_use"]
        assert (answer.content[1].name, answer.content[1].input) == ("weather", {"city": "Rome"})


@pytest.mark.parametrize(
    ("status", "kind", "raised"),
    [
        (400, "invalid_request_error", sdk.BadRequestError),
        (401, "authentication_error", sdk.AuthenticationError),
        (403, "permission_error", sdk.PermissionDeniedError),
        (404, "not_found_error", sdk.NotFoundError),
        (429, "rate_limit_error", sdk.RateLimitError),
        (500, "api_error", sdk.InternalServerError),
        (529, "overloaded_error", sdk.InternalServerError),
    ],
)
async def test_an_error_is_the_sdks_own_exception(provider, anthropic, status, kind, raised):
    provider.use({"rules": [{"answer": {"status": status, "error": "Not today."}}]})
    with pytest.raises(raised, match=r"Not today\.") as caught:
        await anthropic.messages.create(**ASKED)
    assert caught.value.body["error"]["type"] == kind


async def test_an_error_in_mid_stream(provider, anthropic):
    error = {"message": "Overloaded.", "after_events": 4}
    provider.use({"rules": [{"answer": {"status": 529, "error": error}}]})
    stream = await anthropic.messages.create(**ASKED, stream=True)
    assert [(await anext(stream)).type for _ in range(3)][-1] == "content_block_delta"
    with pytest.raises(sdk.APIStatusError, match="overloaded_error"):
        await anext(stream)


async def test_tokens_read_from_a_cache_are_no_input_tokens(provider, anthropic):
    provider.use({"rules": [{"answer": {"usage": {"input": 100, "output": 20, "cached": 30}}}]})
    usage = (await anthropic.messages.create(**ASKED)).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (70, 30, 20)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role"),
    ],
)
async def test_what_the_vendor_would_refuse_is_refused_by_name(anthropic, more, said):
    with pytest.raises(sdk.BadRequestError, match=said):
        await anthropic.messages.create(**ASKED | more)


async def test_a_request_without_a_version_is_refused(wire):
    await wire.send(request("POST", "/v1/messages", body=json.dumps(ASKED).encode()))
    refused = await wire.response()
    assert refused.status == 400
    assert b"anthropic-version" in refused.body


async def test_a_wrong_key_is_refused_where_the_script_asks_for_one(provider, anthropic):
    provider.use({"require_key": "sk-other"})
    with pytest.raises(sdk.AuthenticationError, match="invalid x-api-key"):
        await anthropic.messages.create(**ASKED)


async def test_a_count_of_tokens_counts_as_the_answer_does(provider, anthropic):
    counted = {"model": "claude", "messages": MESSAGES, "system": "Be brief."}
    assert (await anthropic.messages.count_tokens(**counted)).input_tokens == 6
    provider.use({"rules": [{"match": {"operation": "count_tokens"}, "answer": {"usage": {"input": 9000}}}]})
    assert (await anthropic.messages.count_tokens(**counted)).input_tokens == 9000


async def test_the_list_of_models(provider, anthropic):
    provider.use({"models": ["one", "two"]})
    listed = [model async for model in anthropic.models.list()]
    assert [(model.type, model.id, model.display_name) for model in listed] == [
        ("model", "one", "one"),
        ("model", "two", "two"),
    ]


async def test_the_synchronous_client(provider):
    def use() -> str:
        with Anthropic(base_url=provider.url, api_key="k") as client, client.messages.stream(**ASKED) as stream:
            return "".join(stream.text_stream)

    assert await asyncio.to_thread(use) == HELLO
