"""Streamed answers whose events do not go together: the provider's fault, whoever the caller is."""

from __future__ import annotations

import pytest

from tests.unit.dialects.anthropic_recordings import frame
from tests.unit.dialects.openai_recordings import envelope
from tollwayd.core.call import Exchange
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects import ANTHROPIC_MESSAGES, OPENAI_CHAT
from tollwayd.proxy.translation import Translation

CALLERS = [ANTHROPIC_MESSAGES, OPENAI_CHAT]

START = {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}}}
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
    given = translation.feed(frame([START, *events, {"type": "message_stop"}]))
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
