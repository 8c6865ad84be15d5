"""The `anthropic` SDK, unchanged but for its base URL, against providers of either dialect."""

from __future__ import annotations

import asyncio

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

HELLO = [{"role": "user", "content": "Hello there!"}]
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CALLS_WEATHER = {"rules": [{"answer": {"tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}]}}]}


@pytest.fixture
async def client(gateway, tenant):
    async with AsyncAnthropic(base_url=gateway.url("proxy_http"), api_key=tenant.key(), max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", ["claude", "gpt"])
async def test_a_whole_answer(client, provider, model):
    answer = await client.messages.create(model=model, max_tokens=64, messages=HELLO)
    assert answer.content[0].text == "Hello there!"
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert (await provider.next_request()).json["model"] == f"{model}-upstream"


@pytest.mark.parametrize("model", ["claude", "gpt"])
async def test_a_streamed_answer(client, model):
    async with client.messages.stream(model=model, max_tokens=64, messages=HELLO) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert text == "Hello there!"
    assert final.stop_reason == "end_turn"
    assert final.usage.input_tokens > 0
    assert final.usage.output_tokens > 0


@pytest.mark.parametrize("model", ["claude", "gpt"])
async def test_a_tool_call_and_its_result(client, provider, model):
    provider.use(CALLS_WEATHER)
    first = await client.messages.create(model=model, max_tokens=64, messages=HELLO, tools=[WEATHER])
    call = next(block for block in first.content if block.type == "tool_use")
    assert first.stop_reason == "tool_use"
    assert (call.name, call.input) == ("weather", {"city": "Rome"})
    provider.use({"rules": [{"answer": {"text": "It is sunny."}}]})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    messages = [
        *HELLO,
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]},
        {"role": "user", "content": [result]},
    ]
    second = await client.messages.create(model=model, max_tokens=64, messages=messages, tools=[WEATHER])
    assert second.content[0].text == "It is sunny."


@pytest.mark.parametrize("model", ["claude", "gpt"])
async def test_a_streamed_tool_call(client, provider, model):
    provider.use(CALLS_WEATHER)
    async with client.messages.stream(model=model, max_tokens=64, messages=HELLO, tools=[WEATHER]) as stream:
        final = await stream.get_final_message()
    call = next(block for block in final.content if block.type == "tool_use")
    assert (call.name, call.input) == ("weather", {"city": "Rome"})


async def test_the_synchronous_client(gateway, tenant):
    def use() -> str:
        with Anthropic(base_url=gateway.url("proxy_http"), api_key=tenant.key()) as client:
            whole = client.messages.create(model="claude", max_tokens=64, messages=HELLO).content[0].text
            with client.messages.stream(model="gpt", max_tokens=64, messages=HELLO) as stream:
                return whole + "".join(stream.text_stream)

    assert await asyncio.to_thread(use) == "Hello there!" * 2


async def test_beta_headers_reach_a_provider_of_the_same_dialect(client, provider):
    await client.messages.create(
        model="claude", max_tokens=64, messages=HELLO, extra_headers={"anthropic-beta": "future-2030-01-01"}
    )
    sent = await provider.next_request()
    assert sent.headers["anthropic-beta"] == "future-2030-01-01"
    assert sent.headers["x-api-key"] != client.api_key


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, anthropic.BadRequestError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.InternalServerError),
        (404, anthropic.NotFoundError),
    ],
)
@pytest.mark.parametrize("model", ["claude", "gpt"])
async def test_a_providers_error_is_the_sdks_own_exception(client, provider, model, status, raised):
    provider.use({"rules": [{"answer": {"status": status}}]})
    with pytest.raises(raised):
        await client.messages.create(model=model, max_tokens=64, messages=HELLO)


async def test_the_callers_own_errors(gateway, client):
    with pytest.raises(anthropic.NotFoundError):
        await client.messages.create(model="unheard-of", max_tokens=64, messages=HELLO)
    with pytest.raises(anthropic.BadRequestError):
        await client.messages.create(model="gpt", max_tokens=64, messages=[{"role": "nobody", "content": "x"}])
    stranger = AsyncAnthropic(base_url=gateway.url("proxy_http"), api_key="tw_" + "x" * 43, max_retries=0)
    async with stranger:
        with pytest.raises(anthropic.AuthenticationError):
            await stranger.messages.create(model="claude", max_tokens=64, messages=HELLO)


@pytest.mark.parametrize("model", ["claude", "gpt"])
async def test_a_stream_that_breaks_off_ends_with_an_error(client, provider, model):
    provider.use({"rules": [{"answer": {"text": "one two three four", "fault": {"kind": "close", "after_events": 4}}}]})
    with pytest.raises(anthropic.APIError, match="broke off"):
        async for _ in await client.messages.create(model=model, max_tokens=64, messages=HELLO, stream=True):
            pass
