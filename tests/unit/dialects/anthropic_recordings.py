"""Anthropic's answers for tests: this project's own recordings, and those of others beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tollwayd.core import sse
from tollwayd.dialects.anthropic_messages import AnthropicMessages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tollway.proxy.v1.inference_pb2 import StreamGenerateResponse, Usage

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests/golden/anthropic_messages"
SHARED = ROOT.parent / "shared/fixtures/vercel-ai/anthropic"
DIALECT = AnthropicMessages()

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
    """The streams beside the project; a file that holds several answers gives several."""
    for file in sorted(SHARED.glob("*.chunks.txt")):
        answers: list[list[str]] = [[]]
        for line in filter(str.strip, file.read_text().splitlines()):
            answers[-1].append(line)
            if '"message_stop"' in line:
                answers.append([])
        for number, lines in enumerate(filter(None, answers)):
            yield Recording(f"{file.name.removesuffix('.chunks.txt')}[{number}]", frame(map(json.loads, lines)))


def streams() -> list[pytest.ParameterSet]:
    """Every recorded stream, for parametrising."""
    found = [pytest.param(recording.stream, id=recording.name) for recording in [*own_streams(), *shared_streams()]]
    return found if SHARED.is_dir() else [*found, pytest.param(b"", id="recorded-by-others", marks=needs_shared)]


def frame(events: Iterable[dict[str, Any]]) -> bytes:
    """Events as the stream that Anthropic sends."""
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events
    )


def read(stream: bytes) -> list[StreamGenerateResponse]:
    """The canonical events of a stream."""
    reader = DIALECT.event_reader()
    events = [canonical for raw in sse.split(stream) if (event := sse.parse(raw)) for canonical in reader.read(event)]
    return [*events, *reader.end()]


def write(events: Iterable[StreamGenerateResponse], model: str = "claude") -> bytes:
    """The stream that a caller gets for canonical events."""
    writer = DIALECT.event_writer(DIALECT.peek(json.dumps({"model": model, "stream": True}).encode()))
    return b"".join(map(writer.write, events)) + writer.end()


def last_usage(events: Iterable[StreamGenerateResponse]) -> Usage | None:
    """The usage that counts."""
    return ([None, *(event.usage for event in events if event.HasField("usage"))])[-1]
