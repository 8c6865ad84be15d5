"""Streamed answers whose events do not go together: the provider's fault, whoever the caller is."""

from __future__ import annotations

import time

import pytest

from tests.unit.dialects.anthropic_recordings import frame
from tests.unit.dialects.openai_recordings import envelope
from tollwayd.core.call import Exchange
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.sse import parse, split
from tollwayd.dialects import ANTHROPIC_MESSAGES, OPENAI_CHAT
from tollwayd.dialects.anthropic_messages.caller_stream import MAX_SIGNATURES
from tollwayd.dialects.anthropic_messages.provider_parts import MAX_OPEN_BLOCKS
from tollwayd.proxy.translation import Translation

CALLERS = [ANTHROPIC_MESSAGES, OPENAI_CHAT]

START = {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}}}
STOP = {"type": "message_stop"}
BLOCKS = {
    "text": {"type": "text", "text": ""},
    "tool_use": {"type": "tool_use", "id": "t", "name": "n", "input": {}},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
    "server_tool_use": {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
}
DELTAS = {
    "text_delta": {"type": "text_delta", "text": "a"},
    "input_json_delta": {"type": "input_json_delta", "partial_json": "{}"},
    "thinking_delta": {"type": "thinking_delta", "thinking": "a"},
    "signature_delta": {"type": "signature_delta", "signature": "a"},
}
FITTING = {
    ("text", "text_delta"),
    ("tool_use", "input_json_delta"),
    ("thinking", "thinking_delta"),
    ("thinking", "signature_delta"),
    *(("server_tool_use", delta) for delta in DELTAS),
}
"""Of a block that is no part of the answer all is passed over."""


def translate(caller, *events) -> bytes:
    """What the caller gets of a message that begins with these events and ends well."""
    reader = ANTHROPIC_MESSAGES.event_reader()
    translation = Translation(Exchange("m", stream=True), reader, caller.event_writer(envelope()))
    given = translation.feed(frame([START, *events, STOP]))
    return given + translation.finish() + translation.end()


@pytest.mark.parametrize("caller", CALLERS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("index", [0, -1])
@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("block", BLOCKS)
def test_a_delta_that_its_block_has_no_place_for_is_the_providers_fault(block, delta, index, caller):
    events = (
        {"type": "content_block_start", "index": index, "content_block": BLOCKS[block]},
        {"type": "content_block_delta", "index": index, "delta": DELTAS[delta]},
    )
    if (block, delta) in FITTING:
        assert translate(caller, *events)
        return
    with pytest.raises(TollwayError) as caught:
        translate(caller, *events)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


@pytest.mark.parametrize("caller", CALLERS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("index", [0, -1])
def test_a_delta_of_a_block_that_never_began_is_the_providers_fault(index, caller):
    with pytest.raises(TollwayError) as caught:
        translate(caller, {"type": "content_block_delta", "index": index, "delta": DELTAS["text_delta"]})
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


def begun(index: int) -> dict:
    return {"type": "content_block_start", "index": index, "content_block": BLOCKS["thinking"]}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda dialect: dialect.name)
def test_more_blocks_at_once_than_any_provider_has_are_its_fault(caller):
    assert translate(caller, *map(begun, range(MAX_OPEN_BLOCKS)))
    with pytest.raises(TollwayError) as caught:
        translate(caller, *map(begun, range(MAX_OPEN_BLOCKS + 1)))
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


def test_blocks_that_end_are_not_counted():
    ended = ({"type": "content_block_stop", "index": index} for index in range(2 * MAX_OPEN_BLOCKS))
    events = [event for pair in zip(map(begun, range(2 * MAX_OPEN_BLOCKS)), ended, strict=True) for event in pair]
    assert translate(ANTHROPIC_MESSAGES, *events).count(b"content_block_stop") == 2 * 2 * MAX_OPEN_BLOCKS


def signed(signature: str) -> dict:
    delta = {"type": "signature_delta", "signature": signature}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def test_a_signature_in_many_pieces_costs_what_they_are():
    """Some 0.1 s of CPU; where each piece costs what has come before it, dozens of seconds."""
    reader = ANTHROPIC_MESSAGES.event_reader()
    writer = ANTHROPIC_MESSAGES.event_writer(envelope())
    events = [one for raw in split(frame([START, begun(0), signed("Z" * 1000)])) for one in reader.read(parse(raw))]
    given = b"".join(map(writer.write, events))
    began = time.process_time()
    for _ in range(10_000):
        given += writer.write(events[-1])
    assert time.process_time() - began < 2
    ended = [one for raw in split(frame([STOP])) for one in reader.read(parse(raw))]
    given = b"".join(map(writer.write, ended))
    assert given.count(b"signature_delta") == 1
    assert given.count(b"Z") == 10_001_000


def test_signatures_larger_than_any_are_the_providers_fault():
    with pytest.raises(TollwayError) as caught:
        translate(ANTHROPIC_MESSAGES, begun(0), *[signed("x" * (MAX_SIGNATURES // 2))] * 2, signed("x"))
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID
