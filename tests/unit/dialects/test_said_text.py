"""How much a model has said, told from blocks of events that nobody reads."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from tests.unit.dialects.openai_recordings import envelope
from tollwayd.core.call import Exchange
from tollwayd.core.dialect import Said
from tollwayd.dialects import ANTHROPIC_MESSAGES, OPENAI_CHAT
from tollwayd.dialects.said_text import KEPT_BYTES
from tollwayd.proxy.translation import Translation

TEXTS = ["Hello", " there", "é", "中文", '"quoted" \\ and\nbroken', "\U0001f600", ""]
SAID = Said(len('Hello there"quoted" \\ and\nbroken'), 2 + 6 + 4, 6)


def chunk(plain, **delta):
    data = json.dumps({"choices": [{"index": 0, "delta": delta}]}, ensure_ascii=plain)
    return f"data: {data}\n\n".encode()


def delta(plain, text):
    data = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return f"event: content_block_delta\ndata: {json.dumps(data, ensure_ascii=plain)}\n\n".encode()


@pytest.mark.parametrize("plain", [True, False])
def test_texts_are_measured_as_they_are_and_not_as_they_are_written(plain):
    openai = OPENAI_CHAT.relay_stream(envelope())
    anthropic = ANTHROPIC_MESSAGES.relay_stream(envelope())
    for text in TEXTS:
        openai.feed(chunk(plain, content=text))
        anthropic.feed(delta(plain, text))
    assert openai.said() == anthropic.said() == SAID
    assert openai.said() == SAID, "asking changes nothing"


def test_thoughts_and_calls_are_said_too_and_nothing_twice():
    relay = OPENAI_CHAT.relay_stream(envelope())
    relay.feed(chunk(True, reasoning="think", reasoning_content="think"))
    relay.feed(chunk(True, tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a":1}'}}]))
    relay.feed(chunk(True, content="done", refusal=None))
    assert relay.said() == Said(len('think{"a":1}done'), 0, 3)


def test_what_a_model_writes_is_no_member():
    relay = OPENAI_CHAT.relay_stream(envelope())
    relay.feed(chunk(True, content='{"content":"x"}'))
    assert relay.said().ascii_bytes == len('{"content":"x"}')


def test_long_streams_are_measured_on_the_way():
    relay = OPENAI_CHAT.relay_stream(envelope())
    events = KEPT_BYTES // 10
    for _ in range(events):
        relay.feed(chunk(True, content="four"))
    assert relay.said() == Said(4 * events, 0, events)


def held(feed, events: int, size: int) -> int:
    """The bytes that a stream holds on to, of so many events with a text of this size each."""
    for text in ("a", "b", "c"):
        feed(chunk(True, content=text))
    tracemalloc.start()
    try:
        for number in range(events):
            feed(chunk(True, content=f"{number:0{size}}"))
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [4, 250, 2_000, 8_000, 100_000])
def test_a_stream_holds_on_to_little_of_what_is_said_however_long_its_texts_are(size):
    relay = OPENAI_CHAT.relay_stream(envelope())
    assert held(relay.feed, 60, size) < 32 * 1024
    writer = ANTHROPIC_MESSAGES.event_writer(envelope())
    translation = Translation(Exchange("m", stream=True, input_estimate=1), OPENAI_CHAT.event_reader(), writer)
    assert held(translation.feed, 60, size) < 32 * 1024
    assert relay.said() == Said(3 + 60 * size, 0, 63)
    assert translation.usage().output_tokens == max(63, -(-(3 + 60 * size) // 4))


def test_half_a_surrogate_pair_is_counted_for_something():
    relay = OPENAI_CHAT.relay_stream(envelope())
    relay.feed(b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n')
    assert relay.said().pieces == 1


def test_whole_answers():
    body = json.dumps({"choices": [{"message": {"content": "Hello there", "tool_calls": None}}]}).encode()
    assert OPENAI_CHAT.said(body) == Said(11, 0, 1)
    body = json.dumps({"content": [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "bc"}]}).encode()
    assert ANTHROPIC_MESSAGES.said(body) == Said(3, 0, 2)
