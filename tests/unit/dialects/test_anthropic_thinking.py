from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import ParseDict

from tests.unit.dialects.anthropic_recordings import DIALECT
from tollway.proxy.v1.inference_pb2 import GenerateRequest, ReasoningOptions

USER = {"role": "ROLE_USER", "parts": [{"text": {"text": "Hi"}}]}
RESULT = {"role": "ROLE_TOOL", "parts": [{"toolResult": {"toolCallId": "t"}}]}
CALL = {"toolCall": {"id": "t", "name": "n"}}


def send(model, reasoning, **fields):
    request = ParseDict({"messages": [USER], "reasoning": reasoning, **fields}, GenerateRequest())
    written = DIALECT.write_request(request, model, stream=False)
    return json.loads(written.body), written.dropped


def asked(**fields):
    body = {"model": "m", "max_tokens": 9000, "messages": [{"role": "user", "content": "x"}], **fields}
    return DIALECT.read_request(DIALECT.peek(json.dumps(body).encode())).request


# The table of models in Anthropic's "Troubleshooting thinking".
ADAPTIVE = [
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "anthropic/claude-opus-4.8",
    "claude-opus-5",
    "claude-sonnet-5-5",
    "claude-fable-5-1",
    "claude-mythos-preview",
    "claude-mythos-20261001",
]
BUDGETED = [
    "claude-3-7-sonnet-20250219",
    "claude-opus-4-20250514",
    "claude-opus-4-1-20250805",
    "claude-sonnet-4-5@20250929",
    "claude-haiku-4-5",
    "deepseek-reasoner",
]


@pytest.mark.parametrize("model", ADAPTIVE)
def test_newer_models_are_told_an_effort_in_words(model):
    body, dropped = send(model, {"effort": "REASONING_EFFORT_MEDIUM"})
    assert (body["thinking"], body["output_config"], dropped) == ({"type": "adaptive"}, {"effort": "medium"}, ())


@pytest.mark.parametrize("model", BUDGETED)
def test_older_models_are_given_a_budget_below_the_limit_of_tokens(model):
    body, dropped = send(model, {"effort": "REASONING_EFFORT_HIGH"})
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 24_576}
    assert 24_576 < body["max_tokens"] <= 32_000
    assert "output_config" not in body
    assert dropped == ()


@pytest.mark.parametrize(
    ("budget", "word"),
    [(1, "low"), (2048, "low"), (2049, "medium"), (8192, "medium"), (8193, "high"), (99_999, "high")],
)
def test_a_budget_becomes_the_smallest_effort_that_holds_it(budget, word):
    assert send("claude-opus-5", {"budgetTokens": budget})[0]["output_config"] == {"effort": word}


@pytest.mark.parametrize(
    ("reasoning", "limit", "budget"),
    [
        ({"effort": "REASONING_EFFORT_HIGH"}, 6000, 3000),
        ({"effort": "REASONING_EFFORT_LOW"}, 6000, 2048),
        ({"budgetTokens": 5000}, 6000, 5000),
        ({"budgetTokens": 6000}, 6000, 5999),
        ({"budgetTokens": 10}, 6000, 1024),
    ],
)
def test_the_callers_limit_is_kept_and_the_budget_cut_to_it(reasoning, limit, budget):
    body, _ = send("claude-sonnet-4-5", reasoning, maxOutputTokens=limit)
    assert (body["max_tokens"], body["thinking"]["budget_tokens"]) == (limit, budget)


@pytest.mark.parametrize("limit", [500, 2047])
def test_a_limit_with_no_room_to_think_drops_the_reasoning(limit):
    body, dropped = send("claude-sonnet-4-5", {"effort": "REASONING_EFFORT_LOW"}, maxOutputTokens=limit)
    assert (body["max_tokens"], "thinking" in body, dropped) == (limit, False, ("reasoning",))


@pytest.mark.parametrize("reasoning", [{"effort": "REASONING_EFFORT_NONE"}, {"budgetTokens": 0}])
@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-8", "claude-opus-5", "claude-haiku-5-5"])
def test_no_reasoning_is_asked_for_where_a_model_can_stop(model, reasoning):
    body, dropped = send(model, reasoning)
    assert (body["thinking"], dropped) == ({"type": "disabled"}, ())


@pytest.mark.parametrize("model", ["claude-fable-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-mythos-preview"])
def test_a_model_that_always_thinks_is_asked_for_little(model):
    body, dropped = send(model, {"effort": "REASONING_EFFORT_NONE"})
    assert "thinking" not in body
    assert (body["output_config"], dropped) == ({"effort": "low"}, ("reasoning",))


@pytest.mark.parametrize("reasoning", [None, {}])
def test_reasoning_that_is_left_to_the_provider_is_not_mentioned(reasoning):
    request = {"reasoning": reasoning} if reasoning is not None else {}
    body, _ = send("claude-opus-5", **{"reasoning": None, **request})
    assert "thinking" not in body
    assert "output_config" not in body


def test_an_older_model_that_must_call_a_tool_does_not_think():
    forced = {"tools": [{"name": "t"}], "toolChoice": {"mode": "TOOL_CHOICE_MODE_REQUIRED"}}
    body, dropped = send("claude-sonnet-4-5", {"effort": "REASONING_EFFORT_LOW"}, **forced)
    assert ("thinking" in body, dropped) == (False, ("reasoning",))
    assert "thinking" in send("claude-opus-4-6", {"effort": "REASONING_EFFORT_LOW"}, **forced)[0]


@pytest.mark.parametrize(
    ("parts", "thinks"),
    [
        ([CALL], False),
        ([{"reasoning": {"text": "unsigned"}}, CALL], False),
        ([{"reasoning": {"text": "t", "signature": "s"}}, CALL], True),
        ([{"reasoning": {"redacted": "r"}}, CALL], True),
    ],
)
def test_an_older_model_thinks_on_only_in_a_turn_that_began_with_its_thoughts(parts, thinks):
    messages = [USER, {"role": "ROLE_ASSISTANT", "parts": parts}, RESULT]
    body, dropped = send("claude-sonnet-4-5", {"effort": "REASONING_EFFORT_LOW"}, messages=messages)
    assert ("thinking" in body, "reasoning" in dropped) == (thinks, not thinks)


@pytest.mark.parametrize(
    ("model", "reasoning", "sent", "dropped"),
    [
        ("claude-sonnet-4-5", {}, {"temperature": 0.5, "top_k": 9}, ("top_p",)),
        ("claude-opus-4-6", {}, {"temperature": 0.5, "top_k": 9}, ("top_p",)),
        ("deepseek-chat", {}, {"temperature": 0.5, "top_p": 0.9, "top_k": 9}, ()),
        ("claude-opus-4-7", {}, {}, ("temperature", "top_p", "top_k")),
        ("claude-mythos-preview", {}, {}, ("temperature", "top_p", "top_k")),
        ("claude-opus-4-6", {"effort": "REASONING_EFFORT_LOW"}, {}, ("temperature", "top_p", "top_k")),
        ("claude-sonnet-4-5", {"effort": "REASONING_EFFORT_NONE"}, {"temperature": 0.5, "top_k": 9}, ("top_p",)),
    ],
)
def test_a_model_gets_only_the_sampling_that_it_takes(model, reasoning, sent, dropped):
    body, left_out = send(model, reasoning, temperature=0.5, topP=0.9, topK=9)
    assert {name: body[name] for name in ("temperature", "top_p", "top_k") if name in body} == sent
    assert left_out == dropped


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"thinking": {"type": "adaptive"}}, {"effort": "REASONING_EFFORT_HIGH"}),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, {"effort": "REASONING_EFFORT_LOW"}),
        ({"output_config": {"effort": "medium"}}, {"effort": "REASONING_EFFORT_MEDIUM"}),
        ({"thinking": {"type": "disabled"}}, {"effort": "REASONING_EFFORT_NONE"}),
        ({"thinking": {"type": "between_tools"}}, {"effort": "REASONING_EFFORT_NONE"}),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, {"budgetTokens": 2000}),
    ],
)
def test_every_way_to_ask_for_thinking_is_understood(fields, options):
    assert asked(**fields).reasoning == ParseDict(options, ReasoningOptions())


def test_a_request_that_does_not_speak_of_thinking_leaves_it_open():
    assert not asked().HasField("reasoning")


def test_an_effort_beside_switched_off_thinking_is_dropped():
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    body |= {"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}
    assert DIALECT.read_request(DIALECT.peek(json.dumps(body).encode())).dropped == ("output_config.effort",)
