"""Recorded answers of real providers, through the whole gateway, into the real SDKs of both dialects.

The recordings stand beside the checkout where there are any; those of the project's own are in tests/golden.
"""

from __future__ import annotations

import json

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.running.gateway import ROOT

SHARED = ROOT.parent / "shared" / "fixtures" / "vercel-ai"
HELLO = [{"role": "user", "content": "Hello there!"}]
CHAT = ("openai/chat", "openai-compatible/chat", "deepseek/chat", "groq", "mistral")
MESSAGES = ("anthropic",)


def found(folders: tuple[str, ...], suffix: str) -> list:
    paths = [path for folder in folders for path in sorted((SHARED / folder).glob(f"*{suffix}"))]
    skip = pytest.mark.skip(reason="no recordings beside the checkout")
    return [pytest.param(path, id=path.name) for path in paths] or [pytest.param(None, marks=skip, id="none")]


def script(path) -> dict:
    return {"rules": [{"answer": {"recording": str(path)}}]}


@pytest.fixture
async def openai_client(gateway, tenant):
    async with AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=tenant.key(), max_retries=0) as made:
        yield made


@pytest.fixture
async def anthropic_client(gateway, tenant):
    async with AsyncAnthropic(base_url=gateway.url("proxy_http"), api_key=tenant.key(), max_retries=0) as made:
        yield made


async def openai_stream(client, model: str) -> tuple[str, str]:
    """The text, and the arguments of all tool calls."""
    text, arguments = "", ""
    async for chunk in await client.chat.completions.create(model=model, messages=HELLO, stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            arguments += "".join(call.function.arguments or "" for call in choice.delta.tool_calls or [])
    return text, arguments


async def anthropic_stream(client, model: str) -> tuple[str, str]:
    """The text, and the arguments of all tool calls."""
    text, arguments = "", ""
    async for event in await client.messages.create(model=model, max_tokens=64, messages=HELLO, stream=True):
        if event.type == "content_block_delta":
            text += getattr(event.delta, "text", "")
            arguments += getattr(event.delta, "partial_json", "")
    return text, arguments


def chat_said(path) -> tuple[str, str]:
    text, arguments = "", ""
    for line in path.read_text().splitlines():
        for choice in json.loads(line).get("choices", []) if line.strip() else []:
            content = choice["delta"].get("content")
            pieces = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
            text += "".join(piece.get("text", "") for piece in pieces if piece.get("type") == "text")
            arguments += "".join(
                call["function"].get("arguments") or "" for call in choice["delta"].get("tool_calls") or []
            )
    return text, arguments


@pytest.mark.parametrize("path", [each for each in found(CHAT, ".chunks.txt") if "mistral-reasoning" not in each.id])
async def test_a_recorded_chat_stream_reaches_both_sdks(openai_client, anthropic_client, provider, path):
    provider.use(script(path))
    said = chat_said(path)
    assert await openai_stream(openai_client, "gpt") == said
    assert await anthropic_stream(anthropic_client, "gpt") == said


@pytest.mark.parametrize("path", found(MESSAGES, ".chunks.txt"))
async def test_a_recorded_message_stream_reaches_the_anthropic_sdk_event_by_event(anthropic_client, provider, path):
    provider.use(script(path))
    first_answer, stop, _ = path.read_text().partition('"message_stop"')
    recorded = [json.loads(line)["type"] for line in first_answer.splitlines()[:-1] if line.strip()] + [stop[1:-1]]
    stream = await anthropic_client.messages.create(model="claude", max_tokens=64, messages=HELLO, stream=True)
    seen = [event.type async for event in stream]
    seen = seen[: seen.index(stop[1:-1]) + 1]  # What comes with it in one piece passes too.
    assert seen == [kind for kind in recorded if kind != "ping"]


@pytest.mark.parametrize("path", found(MESSAGES, ".chunks.txt"))
async def test_a_recorded_message_stream_reaches_the_openai_sdk(openai_client, provider, path):
    provider.use(script(path))
    text, _ = await openai_stream(openai_client, "claude")
    first_answer = path.read_text().partition('"message_stop"')[0]  # Some files hold the answers of two turns.
    deltas = [json.loads(line).get("delta", {}) for line in first_answer.splitlines()[:-1] if line.strip()]
    assert text == "".join(delta.get("text", "") for delta in deltas)


@pytest.mark.parametrize("path", found(CHAT, "-text.json"))
async def test_a_recorded_chat_answer(openai_client, anthropic_client, provider, path):
    provider.use(script(path))
    said = json.loads(path.read_text())["choices"][0]["message"]["content"]
    whole = await openai_client.chat.completions.create(model="gpt", messages=HELLO)
    assert whole.choices[0].message.content == said
    message = await anthropic_client.messages.create(model="gpt", max_tokens=64, messages=HELLO)
    assert "".join(block.text for block in message.content if block.type == "text") == said


async def test_an_error_within_a_stream_is_raised(openai_client, anthropic_client, provider):
    provider.use({"rules": [{"answer": {"text": "a b c", "error": {"message": "Overloaded", "after_events": 2}}}]})
    for model in ("gpt", "claude"):
        with pytest.raises(openai.APIError):
            await openai_stream(openai_client, model)
        with pytest.raises(anthropic.APIError):
            await anthropic_stream(anthropic_client, model)
