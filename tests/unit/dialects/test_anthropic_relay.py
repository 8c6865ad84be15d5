from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dialects.anthropic_recordings import (
    DIALECT,
    GOLDEN,
    SHARED,
    frame,
    last_usage,
    needs_shared,
    read,
    streams,
)
from tollwayd.core import sse
from tollwayd.core.errors import Reason

ENVELOPE = DIALECT.peek(b'{"model": "claude", "stream": true}')


def blocks_of(*chunks):
    """The blocks of whole events in a stream that arrives in chunks."""
    framer = sse.Framer()
    return tuple(filter(None, map(framer.feed, chunks)))


def outcome(blocks):
    """What a caller and the gateway make of the blocks."""
    passed, relay = relayed(*blocks)
    events = [event for block in blocks for raw in sse.split(block) if (event := sse.parse(raw))]
    reader = DIALECT.event_reader()
    canonical = [canonical for event in events for canonical in reader.read(event)]
    return passed, relay.complete, relay.usage, canonical


def relayed(*blocks):
    relay = DIALECT.relay_stream(ENVELOPE)
    return b"".join(map(relay.feed, blocks)), relay


@pytest.mark.parametrize("stream", streams())
def test_a_stream_split_anywhere_is_relayed_to_the_byte_and_read_alike(stream):
    canonical = read(stream)
    expected = (stream, True, last_usage(canonical), canonical)
    # Splits within one event give the same blocks, so that the few which differ stand for all.
    firsts = set()
    for place in range(1, len(stream)):
        first, *others = blocks_of(stream[:place], stream[place:])
        assert len(first) + sum(map(len, others)) == len(stream)
        firsts.add(len(first))
    for end in firsts:
        assert outcome(tuple(filter(None, (stream[:end], stream[end:])))) == expected


def test_the_last_usage_counts_and_a_correction_downwards_holds():
    stream = (GOLDEN / "streams/input_corrected_at_the_end.sse").read_bytes()
    _, relay = relayed(stream)
    assert (relay.usage.input_tokens, relay.usage.cache_read_tokens, relay.usage.output_tokens) == (3883, 30464, 1204)


def test_a_second_start_does_not_double():
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 17, "output_tokens": 1}}}
    _, relay = relayed(frame([start, start, {"type": "message_delta", "usage": {"output_tokens": 227}}]))
    assert (relay.usage.input_tokens, relay.usage.output_tokens) == (17, 227)
    assert not relay.complete


def test_usage_is_known_before_the_end_for_callers_who_leave():
    _, relay = relayed(
        frame([{"type": "message_start", "message": {"usage": {"input_tokens": 17, "output_tokens": 1}}}])
    )
    assert relay.usage.input_tokens == 17


def test_an_error_within_a_stream_is_kept_and_passes_on():
    stream = frame([{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}])
    passed, relay = relayed(stream)
    assert passed == stream
    assert relay.error.reason == Reason.REASON_UPSTREAM_OVERLOADED
    assert not relay.complete


@pytest.mark.parametrize(
    "text", ['"message_stop"', '{"type": "message_stop"}', 'event: error\ndata: {"type":"error"}\n\n']
)
def test_a_model_cannot_forge_the_end_of_its_stream(text):
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    _, relay = relayed(frame([delta]))
    assert (relay.complete, relay.error) == (False, None)


@pytest.mark.parametrize(
    "data", [b"[DONE]", b'"message_"', b'{"type": "message_start", "message": 1}', b'{"message_": \xff}']
)
def test_events_of_another_shape_pass_on(data):
    stream = b"data: " + data + b"\n\n"
    passed, relay = relayed(stream)
    assert passed == stream
    assert (relay.usage, relay.complete, relay.error) == (None, False, None)


def test_a_request_is_relayed_with_the_model_replaced_and_all_else_to_the_byte():
    messages = '[ {"role":"user", "content":"\\u00fc 1.50"} ]'
    body = f'{{"max_tokens": 1e2, "model": "alias", "messages": {messages}, "later_option": {{"a":  1}}}}'
    relayed_body = DIALECT.relay_request(DIALECT.peek(body.encode()), "claude-opus-5")
    assert json.loads(relayed_body) == {**json.loads(body), "model": "claude-opus-5"}
    for part in (messages, "1e2", '{"a":  1}'):
        assert part.encode() in relayed_body


@given(st.dictionaries(st.text(min_size=1), st.integers() | st.text() | st.lists(st.none() | st.booleans())))
@settings(max_examples=50, deadline=None)
def test_whatever_the_caller_adds_is_relayed(extra):
    fields = {key: value for key, value in extra.items() if key.casefold() not in {"model", "stream"}}
    envelope = DIALECT.peek(json.dumps({"model": "a", **fields}).encode())
    assert json.loads(DIALECT.relay_request(envelope, "b")) == {"model": "b", **fields}


@needs_shared
@pytest.mark.parametrize("body", [pytest.param(f.read_bytes(), id=f.stem) for f in sorted(SHARED.glob("*.json"))])
def test_a_whole_answers_usage_is_read_as_in_the_canonical_form(body):
    assert DIALECT.read_usage(body) == DIALECT.read_response(body).usage


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"usage": null}', b'{"usage": 3}', b'{"usage": "\xff"}']
)
def test_an_answer_without_usage_has_none(body):
    assert DIALECT.read_usage(body) is None
