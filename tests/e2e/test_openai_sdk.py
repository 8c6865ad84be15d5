"""The `openai` SDK, unchanged but for its base URL, against providers of either dialect."""

from __future__ import annotations

import asyncio
import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

HELLO = [{"role": "user", "content": "Hello there!"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALLS_WEATHER = {
    "rules": [{"answer": {"tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}]}}],
}


@pytest.fixture
async def client(gateway, tenant):
    async with AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=tenant.key(), max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_whole_answer(client, provider, model):
    answer = await client.chat.completions.create(model=model, messages=HELLO)
    assert answer.choices[0].message.content == "Hello there!"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    sent = await provider.next_request()
    assert sent.json["model"] == f"{model}-upstream"


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_streamed_answer(client, model):
    stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there!"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks), "usage that nobody asked for"


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_streamed_answer_with_usage(client, model):
    stream = await client.chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 0


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_tool_call_and_its_result(client, provider, model):
    provider.use(CALLS_WEATHER)
    first = await client.chat.completions.create(model=model, messages=HELLO, tools=[WEATHER])
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls[0].function.name == "weather"
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Rome"}
    provider.use({"rules": [{"answer": {"text": "It is sunny."}}]})
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}
    second = await client.chat.completions.create(
        model=model, messages=[*HELLO, message.model_dump(exclude_none=True), result], tools=[WEATHER]
    )
    assert second.choices[0].message.content == "It is sunny."


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_streamed_tool_call(client, provider, model):
    provider.use(CALLS_WEATHER)
    async with client.chat.completions.stream(model=model, messages=HELLO, tools=[WEATHER]) as stream:
        completion = await stream.get_final_completion()
    call = completion.choices[0].message.tool_calls[0]
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == {"city": "Rome"}


async def test_the_synchronous_client(gateway, tenant):
    def use() -> str:
        with OpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=tenant.key()) as client:
            whole = client.chat.completions.create(model="gpt", messages=HELLO).choices[0].message.content
            stream = client.chat.completions.create(model="claude", messages=HELLO, stream=True)
            return whole + "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert await asyncio.to_thread(use) == "Hello there!" * 2


async def test_fields_that_the_gateway_does_not_know_reach_the_provider(client, provider):
    body = {"brand_new": {"nested": [1, 2.50, None]}}
    await client.chat.completions.create(model="gpt", messages=HELLO, extra_body=body)
    assert (await provider.next_request()).json["brand_new"] == body["brand_new"]


async def test_what_a_foreign_provider_cannot_be_told_is_named_in_the_answer(client):
    answer = await client.chat.completions.with_raw_response.create(
        model="claude", messages=HELLO, seed=7, frequency_penalty=0.5
    )
    assert {"seed", "frequency_penalty"} <= set(answer.headers["x-tollway-dropped"].split(","))


async def test_names_that_a_caller_invents_stay_within_the_answers_head(client):
    invented = {"a\r\nx-evil: 1": 1, "é": 1, **{f"field_{number}": 1 for number in range(5000)}}
    answer = await client.chat.completions.with_raw_response.create(model="claude", messages=HELLO, extra_body=invented)
    names = answer.headers["x-tollway-dropped"].split(",")
    assert (names[0], names[-1], len(names)) == ("field_0", "...", 21)
    assert "x-evil" not in answer.headers


async def test_the_list_of_models(client, tenant, gateway):
    assert [model.id async for model in await client.models.list()] == ["claude", "gpt"]
    assert (await client.models.retrieve("gpt")).id == "gpt"
    restricted = AsyncOpenAI(
        base_url=gateway.url("proxy_http") + "/v1", api_key=tenant.key(allowedModels=["gpt"]), max_retries=0
    )
    async with restricted:
        assert [model.id async for model in await restricted.models.list()] == ["gpt"]
        assert (await restricted.models.retrieve("gpt")).id == "gpt"
        with pytest.raises(openai.NotFoundError):
            await restricted.models.retrieve("claude")
        with pytest.raises(openai.PermissionDeniedError):
            await restricted.chat.completions.create(model="claude", messages=HELLO)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ({"status": 400, "error": {"message": "no such parameter"}}, openai.BadRequestError),
        ({"status": 429, "headers": {"retry-after": "7"}}, openai.RateLimitError),
        ({"status": 500}, openai.InternalServerError),
        ({"status": 503}, openai.InternalServerError),
        ({"status": 404}, openai.NotFoundError),
        ({"status": 401}, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("model", ["gpt", "claude"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_providers_error_is_the_sdks_own_exception(client, provider, model, stream, answer, raised):
    provider.use({"rules": [{"answer": answer}]})
    with pytest.raises(raised) as error:
        await client.chat.completions.create(model=model, messages=HELLO, stream=stream)
    if answer["status"] == 429:
        assert error.value.response.headers["retry-after"] == "7"
    if answer["status"] == 400:
        assert "no such parameter" in error.value.message


async def test_the_callers_own_errors(gateway, tenant, client):
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(model="unheard-of", messages=HELLO)
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="claude", messages=[{"role": "nobody", "content": "x"}])
    stranger = AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key="tw_" + "x" * 43, max_retries=0)
    async with stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.chat.completions.create(model="gpt", messages=HELLO)


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_stream_that_breaks_off_ends_with_an_error(client, provider, model):
    provider.use({"rules": [{"answer": {"text": "one two three four", "fault": {"kind": "close", "after_events": 3}}}]})
    with pytest.raises(openai.APIError, match="broke off"):
        async for _ in await client.chat.completions.create(model=model, messages=HELLO, stream=True):
            pass
