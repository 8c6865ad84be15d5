from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dialects.anthropic_recordings import DIALECT, frame, read
from tollway.proxy.v1.inference_pb2 import GenerateResponse, Usage
from tollwayd.dialects.anthropic_messages.usage import UsageTally
from tollwayd.dialects.json_counts import MAX_TOKENS

COUNTS = st.integers(0, 10**9)
CLASSES = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
NONSENSE = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.text()
    | st.integers(max_value=-1)
    | st.integers(MAX_TOKENS + 1, 10**30)
)
ANYTHING = NONSENSE | COUNTS | st.lists(COUNTS, max_size=2) | st.dictionaries(st.text(), COUNTS, max_size=2)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "input_tokens": ANYTHING,
        "output_tokens": ANYTHING,
        "cache_read_input_tokens": ANYTHING,
        "cache_creation_input_tokens": ANYTHING,
        "cache_creation": ANYTHING
        | st.dictionaries(st.sampled_from(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]), ANYTHING),
        "output_tokens_details": ANYTHING | st.dictionaries(st.just("thinking_tokens"), ANYTHING),
    },
)


def total(usage):
    return sum(getattr(usage, name) for name in CLASSES)


def usage_of(*said):
    """The usage of a stream: of its start, then of each message_delta."""
    events = [{"type": "message_start", "message": {"usage": said[0]}}]
    events += [{"type": "message_delta", "delta": {}, "usage": usage} for usage in said[1:]]
    relay = DIALECT.relay_stream(DIALECT.peek(b'{"model": "m"}'))
    relay.feed(frame(events))
    return relay.usage


def test_what_a_compaction_used_is_used_by_the_call():
    """As in Anthropic's documentation of compaction: the sums leave it out, and it is billed."""
    compaction = {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500}
    message = {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000}
    said = {"input_tokens": 23_000, "output_tokens": 1_000, "iterations": [compaction, message]}
    used = Usage(input_tokens=203_000, output_tokens=4_500)
    assert DIALECT.read_usage(json.dumps({"usage": said}).encode()) == used
    assert usage_of({"input_tokens": 23_000}, said, {"output_tokens": 1_000}) == used
    odd = {**said, "iterations": [None, 1, {**compaction, "input_tokens": 10**30}]}
    assert usage_of(odd) == Usage(input_tokens=23_000, output_tokens=4_500)


@settings(deadline=None)
@given(st.lists(SAID, min_size=1, max_size=4))
def test_no_usage_that_a_provider_sends_is_ever_negative_or_absurd(said):
    body = [{key: value for key, value in usage.items() if json_can_say(value)} for usage in said]
    usage = usage_of(*body)
    assert all(0 <= getattr(usage, name) <= 2 * MAX_TOKENS for name in CLASSES)


def json_can_say(value):
    try:
        json.dumps(value, allow_nan=False).encode()
    except ValueError:
        return False
    return True


@settings(deadline=None)
@given(st.builds(Usage, **dict.fromkeys(CLASSES, COUNTS)))
def test_usage_survives_the_way_to_a_caller_and_back(usage):
    assert DIALECT.read_usage(DIALECT.write_response(GenerateResponse(usage=usage))) == usage


@settings(deadline=None)
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_classes_sum_up_to_what_anthropic_bills(inputs, cached, written, output):
    said = {
        "input_tokens": inputs,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "output_tokens": output,
    }
    assert total(usage_of(said)) == inputs + cached + written + output


@pytest.mark.parametrize("value", [-1, MAX_TOKENS + 1, 1.5, "7", True, None, [3], {"a": 1}])
@pytest.mark.parametrize(
    "field", ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
)
def test_an_absurd_count_leaves_the_one_before(field, value):
    before = {"input_tokens": 3, "output_tokens": 3, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 3}
    assert usage_of(before, {field: value}) == usage_of(before)


@pytest.mark.parametrize(
    ("said", "short", "long"),
    [
        # The breakdown comes first, later events give the sum.
        ([{"cache_creation": {"ephemeral_5m_input_tokens": 3068}}, {"cache_creation_input_tokens": 3337}], 3337, 0),
        ([{"cache_creation": {"ephemeral_1h_input_tokens": 100}}, {"cache_creation_input_tokens": 120}], 0, 120),
        (
            [
                {"cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}},
                {"cache_creation_input_tokens": 35},
            ],
            15,
            20,
        ),
        (
            [
                {"cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}},
                {"cache_creation_input_tokens": 5},
            ],
            0,
            5,
        ),
        ([{"cache_creation_input_tokens": 50}], 50, 0),
        ([{"cache_creation_input_tokens": 50, "cache_creation": {"ephemeral_5m_input_tokens": 0}}], 50, 0),
    ],
)
def test_cache_writes_keep_their_durations(said, short, long):
    usage = usage_of(*said)
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (short, long)


def test_thinking_is_counted_once():
    usage = usage_of({"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 40}})
    assert (usage.output_tokens, usage.reasoning_tokens) == (50, 40)
    usage = usage_of({"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 400}})
    assert (usage.output_tokens, usage.reasoning_tokens) == (0, 90)


def test_a_stream_names_its_usage_when_it_changes():
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}}
    same = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 1}}
    events = read(frame([start, same, same, {"type": "message_stop"}]))
    assert sum(event.HasField("usage") for event in events) == 1


@pytest.mark.parametrize(
    ("said", "searches"),
    [
        ([{"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 9}}], 2),
        ([{"server_tool_use": None}, {"server_tool_use": {"web_search_requests": 3}}, {}], 3),
        ([{"server_tool_use": {"web_search_requests": 0}}], None),
        ([{"server_tool_use": {"web_search_requests": "2"}}], None),
        ([{"server_tool_use": [2]}], None),
    ],
)
def test_searches_are_counted_and_the_last_count_holds(said, searches):
    tally = UsageTally()
    for each in said:
        usage = tally.add(each)
    assert (usage.parts.web_searches if usage.HasField("parts") else None) == searches


WORDS = NONSENSE | st.sampled_from(["standard", "priority", "batch", "fast", "us", "global", "not_available"])
SAID_WHOLE = st.builds(
    lambda said, more: said | more,
    SAID,
    st.fixed_dictionaries(
        {},
        optional={
            "service_tier": WORDS,
            "speed": WORDS,
            "inference_geo": WORDS,
            "server_tool_use": ANYTHING | st.dictionaries(st.just("web_search_requests"), ANYTHING),
            "iterations": ANYTHING | st.lists(st.fixed_dictionaries({"type": st.just("compaction")}), max_size=2),
        },
    ),
)
USUAL = st.fixed_dictionaries(
    {"input_tokens": COUNTS, "output_tokens": COUNTS},
    optional={
        "cache_read_input_tokens": COUNTS,
        "cache_creation_input_tokens": COUNTS,
        "cache_creation": st.dictionaries(
            st.sampled_from(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]), COUNTS
        ),
        "output_tokens_details": st.dictionaries(st.just("thinking_tokens"), COUNTS),
        "server_tool_use": st.dictionaries(st.just("web_search_requests"), COUNTS),
        "service_tier": st.sampled_from(["standard", "priority", "batch", "else", None]),
        "speed": st.sampled_from(["standard", "fast", None]),
        "inference_geo": st.sampled_from(["us", "global", "else", None]),
    },
)


@given(said=SAID_WHOLE | USUAL)
@settings(max_examples=500)
def test_a_whole_answer_and_a_stream_say_the_same(said):
    said = json.loads(json.dumps(said), parse_constant=lambda _: None)  # JSON has no infinity.
    body = json.dumps({"type": "message", "usage": said}).encode()
    assert DIALECT.read_usage(body) == UsageTally().add(said)
