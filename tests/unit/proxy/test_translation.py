"""Streamed answers from one dialect into another: what is written by the last event's cast is what would be without."""

from __future__ import annotations

import json
import random
import re
from time import process_time
from typing import TYPE_CHECKING

import pytest

from tests.running.gateway import ROOT
from tests.unit.dialects.openai_recordings import envelope
from tollwayd.core.call import Exchange
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.sse import split
from tollwayd.dialects import ANTHROPIC_MESSAGES, OPENAI_CHAT
from tollwayd.proxy.translation import Translation

if TYPE_CHECKING:
    from pathlib import Path

GOLDEN = ROOT / "tests" / "golden"
WAYS = {"openai_chat": (OPENAI_CHAT, ANTHROPIC_MESSAGES), "anthropic_messages": (ANTHROPIC_MESSAGES, OPENAI_CHAT)}
"""A provider's dialect and a caller's, by the folder of the provider's recordings."""

RECORDINGS = [(folder, path) for folder in WAYS for path in sorted((GOLDEN / folder / "streams").glob("*.sse"))]
TEXTS = ["Hello", "", " there", "é中文", '"quoted" \\ and\nbroken', "\U0001f600", "text", "a" * 9000, "data: [DONE]"]


class Slow(Translation):
    """Reads and writes every event."""

    def _recast(self, raw: bytes, texts: list[str]) -> None:
        return None

    def _recast_run(self, block: bytes, texts: list[str]) -> tuple[bytes, int]:
        return b"", 0


class Side:
    """A translation and all that it gave."""

    def __init__(self, folder: str, *, slow: bool) -> None:
        provider, caller = WAYS[folder]
        self.exchange = Exchange("m", stream=True, input_estimate=7)
        self.reader = provider.event_reader()
        translation = Slow if slow else Translation
        self.translation = translation(self.exchange, self.reader, caller.event_writer(envelope()))
        self.given = b""
        self.error: TollwayError | None = None

    def feed(self, block: bytes) -> None:
        if self.error is None:
            try:
                self.given += self.translation.feed(block)
            except TollwayError as error:
                self.error = error

    def outcome(self) -> tuple:
        usage, reader = self.translation.usage(), self.reader
        ended = self.translation.finish() + self.translation.end() if self.error is None else b""
        given = re.sub(rb'"created":\d+|chatcmpl-\w+', b"", self.given + ended)
        return given, usage, str(self.error), reader.complete, reader.done, reader.usage_due, reader.terms


def sides(folder: str) -> tuple[Side, Side]:
    return Side(folder, slow=False), Side(folder, slow=True)


def blocks_of(events: list[bytes], chance: random.Random) -> list[bytes]:
    """The events, some of which arrive together."""
    blocks = []
    while events:
        size = chance.choice([1, 1, 1, 2, 5, 40])
        blocks.append(b"".join(events[:size]))
        events = events[size:]
    return blocks


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("folder", "path"), RECORDINGS, ids=lambda value: getattr(value, "stem", value))
def test_recordings_are_the_same_with_casts_and_without(folder: str, path: Path, seed: int):
    fast, slow = sides(folder)
    for block in blocks_of(list(split(path.read_bytes())), random.Random(seed)):
        fast.feed(block)
        slow.feed(block)
    assert fast.outcome() == slow.outcome()


def openai(**fields) -> bytes:
    return f"data: {json.dumps({'id': 'c', 'model': 'm', **fields})}\n\n".encode()


def openai_event(chance: random.Random) -> bytes:
    text = chance.choice(TEXTS)
    delta = chance.choice(
        [
            *[{"content": text}] * 8,
            *[{"reasoning": text}] * 2,
            {"content": text, "reasoning": text},
            {"refusal": text},
            {"tool_calls": [{"index": chance.randrange(2), "id": "t", "function": {"name": "f", "arguments": "{"}}]},
            {"content": [{"type": "text", "text": text}]},
        ]
    )
    padding = {"obfuscation": "x" * chance.randrange(5)} if chance.random() < 0.5 else {}
    choice = {"index": int(chance.random() < 0.05), "delta": delta, "finish_reason": None}
    return chance.choice(
        [
            *[openai(choices=[choice], **padding)] * 20,
            b": ping\n\n",
            openai(choices=[choice], usage={"prompt_tokens": 3, "completion_tokens": chance.randrange(9)}),
            openai(choices=[choice], service_tier="flex"),
            *[openai(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])] * (chance.random() < 0.2),
            *[openai(error={"message": "no"})] * (chance.random() < 0.1),
            *[b"data: {\n\n"] * (chance.random() < 0.1),
        ]
    )


def anthropic(kind: str, **fields) -> bytes:
    padding = " " * random.Random(str(fields)).randrange(4)
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})[:-1]}{padding}}}\n\n".encode()


ANTHROPIC_BEGIN = anthropic("message_start", message={"id": "m", "usage": {"input_tokens": 3, "output_tokens": 1}})
BLOCKS = [
    {"type": "text", "text": ""},
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "tool_use", "id": "t", "name": "f", "input": {}},
]


def anthropic_event(chance: random.Random) -> bytes:
    text = chance.choice(TEXTS)
    index, delta = chance.choice(
        [
            *[(0, {"type": "text_delta", "text": text})] * 6,
            *[(1, {"type": "thinking_delta", "thinking": text})] * 2,
            (1, {"type": "signature_delta", "signature": text}),
            (2, {"type": "input_json_delta", "partial_json": text}),
        ]
    )
    return chance.choice(
        [
            *[anthropic("content_block_delta", index=index, delta=delta)] * 20,
            anthropic("content_block_start", index=index, content_block=BLOCKS[index]),
            *[anthropic("content_block_stop", index=index)] * (chance.random() < 0.2),
            anthropic("ping"),
            *[anthropic("message_stop")] * (chance.random() < 0.1),
            *[anthropic("error", error={"type": "overloaded_error", "message": "no"})] * (chance.random() < 0.1),
        ]
    )


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("folder", WAYS)
def test_whatever_comes_is_the_same_with_casts_and_without(folder: str, seed: int):
    chance = random.Random(seed)
    made = openai_event if folder == "openai_chat" else anthropic_event
    begin = [] if folder == "openai_chat" else [ANTHROPIC_BEGIN]
    if begin:
        begin += [anthropic("content_block_start", index=index, content_block=BLOCKS[index]) for index in range(3)]
    events = begin + [event for _ in range(60) for event in [made(chance)] * chance.choice([1, 1, 3])]
    fast, slow = sides(folder)
    for block in blocks_of(events, chance):
        fast.feed(block)
        slow.feed(block)
    assert fast.outcome() == slow.outcome()


@pytest.mark.parametrize("folder", WAYS)
def test_events_that_differ_in_their_text_alone_are_not_read_again(folder: str):
    fast, _ = sides(folder)
    chunk = {"choices": [{"index": 0, "delta": {"content": "TEXT"}, "finish_reason": None}]}
    delta = {"index": 0, "delta": {"type": "text_delta", "text": "TEXT"}}
    event = openai(**chunk) if folder == "openai_chat" else anthropic("content_block_delta", **delta)
    if folder == "anthropic_messages":
        fast.feed(ANTHROPIC_BEGIN + anthropic("content_block_start", index=0, content_block=BLOCKS[0]))
    for text in (b"one", b"two"):
        fast.feed(event.replace(b"TEXT", text))
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(type(fast.reader), "read")
        for text in (b"three", b"", b"four"):
            fast.feed(event.replace(b"TEXT", text))
    assert re.findall(rb'"((?:one|two|three|four))"', fast.given) == [b"one", b"two", b"three", b"four"]


def test_a_text_that_is_no_json_is_refused_as_ever():
    fast, _ = sides("openai_chat")
    event = openai(choices=[{"index": 0, "delta": {"content": "TEXT"}, "finish_reason": None}])
    for text in (b"one", b"two"):
        fast.feed(event.replace(b"TEXT", text))
    assert fast.error is None
    fast.feed(event.replace(b"TEXT", b"\x01"))
    assert fast.error is not None
    assert fast.error.reason == Reason.REASON_UPSTREAM_INVALID


def test_a_block_of_many_kinds_of_events_takes_no_longer_for_each():
    """Were all that is left of it looked through at each change, sixteen times as many would take 150 times as long."""

    def seconds(count: int) -> float:
        block = b"".join(
            b'data: {"id":"%d","choices":[{"index":0,"delta":{"content":"abc"}}]}\n\n' % (place // 2 % 10)
            for place in range(count)
        )
        translation = Translation(
            Exchange("m", stream=True), OPENAI_CHAT.event_reader(), ANTHROPIC_MESSAGES.event_writer(envelope())
        )
        began = process_time()
        translation.feed(block)
        return process_time() - began

    assert seconds(8000) < 60 * min(seconds(500) for _ in range(3))
