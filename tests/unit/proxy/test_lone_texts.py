"""Streamed answers as canonical events: those that are known by the last one are as if they had been read."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from tests.unit.proxy.test_translation import RECORDINGS, TEXTS, WAYS, blocks_of
from tollwayd.core.call import Exchange
from tollwayd.core.errors import TollwayError
from tollwayd.core.sse import parse, split
from tollwayd.proxy.canonical import Seen
from tollwayd.proxy.lone_texts import TypedEvents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tollway.proxy.v1.inference_pb2 import StreamGenerateResponse


class Typed:
    """What a provider's stream is read to."""

    def __init__(self, folder: str) -> None:
        self.reader = WAYS[folder][0].event_reader()
        self.seen = Seen(Exchange("m", stream=True, input_estimate=7), self.reader)
        self.events: list[StreamGenerateResponse] = []
        self.error: TollwayError | None = None

    def feed(self, block: bytes) -> None:
        if self.error is None:
            try:
                self.events += self.read(block)
            except TollwayError as error:
                self.error = error

    def read(self, block: bytes) -> Sequence[StreamGenerateResponse]:
        events = [event for raw in split(block) if (sent := parse(raw)) for event in self.reader.read(sent)]
        self.seen.add(events)
        return events

    def outcome(self) -> tuple:
        reader = self.reader
        return self.events, self.seen.usage(), str(self.error), reader.complete, reader.done, reader.usage_due


def both(folder: str, blocks: list[bytes]) -> tuple[tuple, tuple]:
    known, read = Typed(folder), Typed(folder)
    known.read = TypedEvents(known.reader, known.seen).feed
    for block in blocks:
        known.feed(block)
        read.feed(block)
    return known.outcome(), read.outcome()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("folder", "path"), RECORDINGS, ids=lambda value: getattr(value, "stem", value))
def test_recordings_are_read_alike(folder: str, path: Path, seed: int) -> None:
    blocks = blocks_of(list(split(path.read_bytes())), random.Random(seed))
    known, read = both(folder, blocks)
    assert known == read


def test_thoughts_and_texts_are_read_alike_whatever_they_say() -> None:
    deltas = [{member: text} for member in ("reasoning_content", "content") for text in TEXTS * 2]
    chunks = [{"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    finish = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in [*chunks, finish, chunks[0]]]
    known, read = both("openai_chat", [b"".join(events[:9]), *events[9:], b"data: [DONE]\n\n", events[0]])
    assert known == read
    assert len(known[0]) > 2 * len(TEXTS)
