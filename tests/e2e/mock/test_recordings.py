"""Recorded answers of real providers, played back byte by byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anthropic import AsyncAnthropic

from tests.wire.http1 import connect, request
from tollwayd.mock import MockProvider, ScriptError

RECORDINGS = Path(__file__).parents[4] / "shared" / "fixtures" / "vercel-ai"
PATHS = {
    "openai/chat": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "google": "/v1beta/models/gemini:{verb}?alt=sse",
}
HELLO = [{"role": "user", "content": "Hello there!"}]

recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")


def found(suffix: str) -> list[object]:
    return [
        pytest.param(folder, path, id=path.name)
        for folder in PATHS
        for path in sorted((RECORDINGS / folder).glob(f"*{suffix}"))
    ]


def call(folder: str, *, stream: bool) -> bytes:
    verb = "streamGenerateContent" if stream else "generateContent"
    body = {"model": "m", "max_tokens": 5, "messages": HELLO, "stream": stream, "contents": [{}]}
    return request(
        "POST", PATHS[folder].format(verb=verb), "anthropic-version: 2023-06-01", body=json.dumps(body).encode()
    )


async def played(path: Path, sent: bytes, **answer: object):
    script = {"rules": [{"answer": {"recording": str(path), **answer}}]}
    async with MockProvider(script) as provider, connect((provider.host, provider.port)) as wire:
        await wire.send(sent)
        return await wire.response()


@recorded
@pytest.mark.parametrize(("folder", "path"), found(".json"))
async def test_a_whole_answer(folder, path):
    response = await played(path, call(folder, stream=False), status=429)
    assert response.status == 429
    assert response.headers["content-type"] == "application/json"
    assert response.body == path.read_bytes()


@recorded
@pytest.mark.parametrize(("folder", "path"), found(".chunks.txt"))
async def test_a_stream_with_the_vendors_framing_around_each_line(folder, path):
    response = await played(path, call(folder, stream=True))
    events = response.body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]
    if folder == "openai/chat":
        assert events.pop() == b"data: [DONE]"
    data = [event.rpartition(b"data: ")[2] for event in events]
    assert data == [line for line in path.read_bytes().splitlines() if line]
    if folder == "anthropic":
        names = [event.partition(b"\n")[0].removeprefix(b"event: ").decode() for event in events]
        assert names == [json.loads(line)["type"] for line in data]
    assert len(response.chunks) >= len(data), "each event is sent as one"


@recorded
async def test_a_framed_stream():
    path = RECORDINGS / "openai-compatible" / "chat" / "anthropic-fallback-tool-call.sse"
    response = await played(path, call("openai/chat", stream=True))
    assert response.headers["content-type"] == "text/event-stream"
    assert response.body == path.read_bytes()
    assert all(chunk.endswith(b"\n\n") and chunk.count(b"\n\n") == 1 for chunk in response.chunks[:-1])


@recorded
async def test_the_sdk_reads_a_recorded_stream(provider):
    path = RECORDINGS / "anthropic" / "anthropic-tool-no-args.chunks.txt"
    provider.use({"rules": [{"answer": {"recording": str(path), "split": 3}}]})
    async with (
        AsyncAnthropic(base_url=provider.url, api_key="k") as client,
        client.messages.stream(model="m", max_tokens=5, messages=HELLO) as stream,
    ):
        message = await stream.get_final_message()
    assert [block.type for block in message.content] == ["text", "tool_use"]
    assert message.usage.output_tokens == 48


async def test_recordings_stand_beside_the_script(tmp_path):
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "crlf.sse").write_bytes(b"data: 1\r\n\r\ndata: 2\r\n\r\n: end")
    script = tmp_path / "script.yaml"
    script.write_text("rules: [{answer: {recording: answers/crlf.sse}}]")
    async with MockProvider(script) as provider, connect((provider.host, provider.port)) as wire:
        await wire.send(call("openai/chat", stream=True))
        assert (await wire.response()).chunks == (b"data: 1\r\n\r\n", b"data: 2\r\n\r\n", b": end")


async def test_any_other_file_is_a_whole_body(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(b"\x1f\x8b\x00")
    response = await played(path, call("anthropic", stream=False), headers={"content-encoding": "gzip"})
    assert response.body == b"\x1f\x8b\x00"
    assert response.headers["content-type"] == "application/octet-stream"


def test_a_recording_that_is_not_there_is_told_at_once():
    with pytest.raises(ScriptError, match=r"nowhere\.json: No such file"):
        MockProvider({"rules": [{"answer": {"recording": "nowhere.json"}}]})
