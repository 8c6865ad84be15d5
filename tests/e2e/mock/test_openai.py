"""OpenAI's dialect, as its SDK reads it."""

from __future__ import annotations

import asyncio
import json

import openai as sdk
import pytest
from openai import OpenAI

from tests.e2e.mock.calls import HELLO, chat

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": HELLO}]
WEATHER = {"tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}, {"name": "clock"}]}


async def test_the_echo_of_a_call_without_a_script(openai):
    answer = await openai.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    assert answer.model == "gpt-4o"
    assert answer.choices[0].message.content == HELLO
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (6, 3, 9)
    assert answer._request_id


async def test_a_stream_tells_its_usage_only_to_those_who_ask(openai):
    plain = [chunk async for chunk in await openai.chat.completions.create(model="m", messages=MESSAGES, stream=True)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in plain) == HELLO
    assert plain[-1].choices[0].finish_reason == "stop"
    assert not any("usage" in chunk.model_fields_set for chunk in plain)

    stream = await openai.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = [chunk async for chunk in stream]
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in chunks)
    assert last.choices == []
    assert last.usage.total_tokens == 9


async def test_a_stream_ends_with_done(provider, wire):
    await wire.send(chat(stream=True))
    assert (await wire.response()).body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("words", ["", "Let me see."])
async def test_tool_calls(provider, openai, words):
    provider.use({"rules": [{"answer": WEATHER | ({"text": words} if words else {})}]})
    choice = (await openai.chat.completions.create(model="m", messages=MESSAGES)).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == (words or None)
    assert [call.function.name for call in choice.message.tool_calls] == ["weather", "clock"]
    assert len({call.id for call in choice.message.tool_calls}) == 2
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"city": "Rome"}


async def test_streamed_tool_calls_come_in_pieces_joined_by_their_index(provider, openai):
    provider.use({"rules": [{"answer": WEATHER}]})
    async with openai.chat.completions.stream(model="m", messages=MESSAGES) as stream:
        calls = (await stream.get_final_completion()).choices[0].message.tool_calls
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("weather", {"city": "Rome"}),
        ("clock", {}),
    ]


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, sdk.BadRequestError),
        (401, sdk.AuthenticationError),
        (403, sdk.PermissionDeniedError),
        (404, sdk.NotFoundError),
        (429, sdk.RateLimitError),
        (503, sdk.InternalServerError),
    ],
)
async def test_an_error_is_the_sdks_own_exception(provider, openai, status, raised):
    error = {"message": "Not today.", "code": "closed"}
    provider.use({"rules": [{"answer": {"status": status, "error": error, "headers": {"retry-after": 7}}}]})
    with pytest.raises(raised, match=r"Not today\.") as caught:
        await openai.chat.completions.create(model="m", messages=MESSAGES)
    assert caught.value.code == "closed"
    assert caught.value.response.headers["retry-after"] == "7"


async def test_an_error_in_mid_stream(provider, openai, wire):
    error = {"message": "Overloaded.", "after_events": 3}
    provider.use({"rules": [{"answer": {"status": 503, "error": error, "text": HELLO}}]})
    stream = await openai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert [(await anext(stream)).choices[0].delta.content for _ in range(3)] == ["", "Hell", "o th"]
    with pytest.raises(sdk.APIError, match="Overloaded"):
        await anext(stream)
    with pytest.raises(sdk.InternalServerError, match="Overloaded"):
        await openai.chat.completions.create(model="m", messages=MESSAGES)
    await wire.send(chat(stream=True))
    assert b"[DONE]" not in (await wire.response()).body


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"model": 1}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "model", "content": "x"}]}, "role"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
    ],
)
async def test_what_the_vendor_would_refuse_is_refused_by_name(openai, more, said):
    with pytest.raises(sdk.BadRequestError, match=said):
        await openai.chat.completions.create(**({"model": "m", "messages": MESSAGES} | more))


async def test_a_missing_key_is_refused_where_the_script_asks_for_one(provider, openai, wire):
    provider.use({"require_key": True})
    await wire.send(chat())
    refused = await wire.response()
    assert refused.status == 401
    assert json.loads(refused.body)["error"]["code"] == "invalid_api_key"
    assert (await openai.chat.completions.create(model="m", messages=MESSAGES)).choices
    provider.use({"require_key": "sk-other"})
    with pytest.raises(sdk.AuthenticationError):
        await openai.chat.completions.create(model="m", messages=MESSAGES)


async def test_the_list_of_models(provider, openai):
    provider.use({"models": ["one", "two"]})
    assert [model.id async for model in await openai.models.list()] == ["one", "two"]


async def test_the_synchronous_client(provider):
    def use() -> str:
        with OpenAI(base_url=f"{provider.url}/any/path/v1", api_key="k") as client:
            stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert await asyncio.to_thread(use) == HELLO
