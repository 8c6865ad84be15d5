"""OpenAI's answers, and those of its relatives, for tests: this project's own recordings, and those of others beside
the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tollwayd.core import sse
from tollwayd.dialects.openai_chat import OpenAIChat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tollway.proxy.v1.inference_pb2 import StreamGenerateResponse, Usage

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests/golden/openai_chat"
SHARED = ROOT.parent / "shared/fixtures/vercel-ai"
PROVIDERS = ("azure", "deepseek", "groq", "mistral", "openai", "openai-compatible", "xai")
DIALECT = OpenAIChat()

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the recordings of real traffic are not beside the project"
)


class Case(NamedTuple):
    """A golden case: its name and what its file says."""

    name: str
    data: dict[str, Any]


def cases(folder: str) -> list[pytest.ParameterSet]:
    """The golden cases of a folder, for parametrising."""
    files = sorted((GOLDEN / folder).glob("*.json"))
    return [pytest.param(Case(file.stem, json.loads(file.read_text())), id=file.stem) for file in files]


class Recording(NamedTuple):
    """A recorded stream: its name and bytes."""

    name: str
    stream: bytes


def own_streams() -> list[Recording]:
    """The streams of this project."""
    return [Recording(file.stem, file.read_bytes()) for file in sorted((GOLDEN / "streams").glob("*.sse"))]


def shared_streams() -> Iterator[Recording]:
    """The streams of chat completions beside the project."""
    for file in _shared("*.chunks.txt"):
        lines = [line for line in file.read_text().splitlines() if line.strip()]
        if any('"chat.completion.chunk"' in line for line in lines):
            yield Recording(_name(file), frame(*map(json.loads, lines)))
    for file in _shared("*.sse"):
        yield Recording(_name(file), file.read_bytes())


def shared_answers() -> list[pytest.ParameterSet]:
    """The whole chat completions beside the project, for parametrising."""
    files = [file for file in _shared("*.json") if '"chat.completion"' in file.read_text()]
    found = [pytest.param(file.read_bytes(), id=_name(file)) for file in files]
    return found or [pytest.param(b"", id="recorded-by-others", marks=needs_shared)]


def streams() -> list[pytest.ParameterSet]:
    """Every recorded stream, for parametrising."""
    found = [pytest.param(recording.stream, id=recording.name) for recording in [*own_streams(), *shared_streams()]]
    return found if SHARED.is_dir() else [*found, pytest.param(b"", id="recorded-by-others", marks=needs_shared)]


def _shared(pattern: str) -> list[Path]:
    return sorted(file for provider in PROVIDERS for file in (SHARED / provider).rglob(pattern))


def _name(file: Path) -> str:
    return f"{file.relative_to(SHARED).parts[0]}/{file.name.split('.')[0]}"


def frame(*chunks: dict[str, Any], done: bool = True) -> bytes:
    """Chunks as the stream that OpenAI sends."""
    events = [json.dumps(chunk, ensure_ascii=False, separators=(",", ":")) for chunk in chunks]
    return b"".join(f"data: {event}\n\n".encode() for event in [*events, *(["[DONE]"] if done else [])])


def chunk(delta: dict[str, Any] | None = None, *, finish: str | None = None, **members: Any) -> dict[str, Any]:
    """A chunk with one choice."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-x", "choices": [choice], **members}


def envelope(**fields: Any) -> Any:
    """A request for a stream, as the gateway holds it."""
    return DIALECT.peek(json.dumps({"model": "fast", "stream": True, **fields}).encode())


def read(stream: bytes) -> list[StreamGenerateResponse]:
    """The canonical events of a stream."""
    reader = DIALECT.event_reader()
    events = [canonical for event in events_of(stream) for canonical in reader.read(event)]
    return [*events, *reader.end()]


def write(events: Iterable[StreamGenerateResponse], *, usage: bool = True) -> bytes:
    """The stream that a caller gets for canonical events."""
    writer = DIALECT.event_writer(envelope(stream_options={"include_usage": usage}))
    return b"".join(map(writer.write, events)) + writer.end()


def events_of(stream: bytes) -> list[sse.ServerSentEvent]:
    """The events of a stream."""
    return [event for raw in sse.split(stream) if (event := sse.parse(raw))]


def data_of(stream: bytes) -> list[Any]:
    """The chunks of a stream, without the mark of its end."""
    return [json.loads(event.data) for event in events_of(stream) if event.data != b"[DONE]"]


def last_usage(events: Iterable[StreamGenerateResponse]) -> Usage | None:
    """The usage that counts."""
    return ([None, *(event.usage for event in events if event.HasField("usage"))])[-1]
