"""The pieces of tool calls that come mixed: which call is whole, and what it costs to see that."""

from __future__ import annotations

import time

import pytest

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.openai_chat.answer_shapes import CalledFunction, ToolCall
from tollwayd.dialects.openai_chat.tool_deltas import MAX_ARGUMENTS, MAX_CALLS, ToolDeltas

SECONDS = 2
"""Of CPU, for work of some 100 ms; where each piece costs what has come before it, it takes a dozen seconds."""

PIECES = 50_000


def piece(index: int, arguments: str = "", name: str | None = None) -> ToolCall:
    return ToolCall(index, None, CalledFunction(name, arguments))


def two(first: str) -> ToolDeltas:
    """Two calls, of which the second waits for the first, whose arguments begin so."""
    deltas = ToolDeltas()
    for delta in (piece(0, first, "f"), piece(1, "{}", "g")):
        deltas.add(delta)
        list(deltas.turn())
    return deltas


def turned(pieces: list[str]) -> list[bool]:
    """Whether the second call has become current after each of these pieces of the first, whose first comes before."""
    deltas = two(pieces[0])
    second = [deltas.current.name == "g"]
    for arguments in pieces[1:]:
        if not second[-1]:
            deltas.add(piece(0, arguments))
            list(deltas.turn())
        second.append(deltas.current.name == "g")
    return second


WHOLE = [
    "{}",
    '{"a": {"b": [1, {"c": "}"}]}}',
    r'{"a\"}": "\\", "b": "{[\\\"", "c": "\u007d"}',
    '{"é中": "\U0001f600}"}',
]


@pytest.mark.parametrize("text", WHOLE)
def test_the_next_call_begins_with_the_piece_that_makes_the_one_before_whole(text):
    for size in range(1, len(text) + 1):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert turned(pieces) == [False] * (len(pieces) - 1) + [True]


@pytest.mark.parametrize("pieces", [["{}}"], ["{}", "x"], ["{", "]", "}"], ["}", "{"], ["{'a': 1}"], ['{"a', '": 1,}']])
def test_the_next_call_waits_for_the_end_where_the_one_before_is_no_json(pieces):
    deltas = ToolDeltas()
    for delta in (*[piece(0, text, "f" if not at else None) for at, text in enumerate(pieces)], piece(1, "{}", "g")):
        deltas.add(delta)
        list(deltas.turn())
    assert deltas.current.name == "f"
    deltas.add(piece(0, "}"))
    list(deltas.turn())
    assert deltas.current.name == "f"
    assert [call.name for call in deltas.end()] == ["g"]


@pytest.mark.parametrize(("first", "more"), [('{"a": "', "}"), ('{"a": {', '"b": {},'), ("{}}", "}")])
def test_each_piece_costs_what_it_is_and_not_what_came_before(first, more):
    deltas = two(first)
    began = time.process_time()
    for _ in range(PIECES):
        deltas.add(piece(0, more))
        list(deltas.turn())
    assert time.process_time() - began < SECONDS
    assert deltas.current.name == "f"


def test_more_calls_than_any_model_makes_are_the_providers_fault():
    deltas = ToolDeltas()
    for index in range(MAX_CALLS):
        deltas.add(piece(index, "{}", "f"))
        list(deltas.turn())
    with pytest.raises(TollwayError) as caught:
        deltas.add(piece(MAX_CALLS, "{}", "f"))
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


def test_names_and_ids_count_among_what_is_kept():
    deltas = ToolDeltas()
    large = "x" * (MAX_ARGUMENTS // 2)
    deltas.add(piece(0, "", large))
    with pytest.raises(TollwayError):
        deltas.add(ToolCall(1, large, CalledFunction("f", "{}")))


def test_a_piece_of_a_call_that_has_ended_is_the_providers_fault():
    deltas = two("{}")
    assert deltas.current.name == "g"
    with pytest.raises(TollwayError) as caught:
        deltas.add(piece(0, "}"))
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID
