from __future__ import annotations

import json

import pytest
from anthropic.types import RawMessageStreamEvent
from google.protobuf.json_format import ParseDict
from pydantic import TypeAdapter

from tests.unit.dialects.anthropic_recordings import (
    DIALECT,
    GOLDEN,
    frame,
    last_usage,
    own_streams,
    read,
    streams,
    write,
)
from tollway.proxy.v1.inference_pb2 import StreamGenerateResponse
from tollwayd.core import sse
from tollwayd.core.errors import Reason, TollwayError

SDK_EVENT = TypeAdapter(RawMessageStreamEvent)
START = {
    "type": "message_start",
    "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1, "output_tokens": 1}},
}
TOOL = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "tool_use", "id": "t", "name": "n", "input": {}},
}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
STOP = {"type": "message_stop"}


def canonical(*events):
    return [ParseDict(event, StreamGenerateResponse()) for event in events]


def written(*events):
    """The data of the events that a caller gets."""
    return [json.loads(event.data) for raw in sse.split(write(canonical(*events))) if (event := sse.parse(raw))]


def without_usage(events):
    return [event for event in events if not event.HasField("usage")]


@pytest.mark.parametrize("recording", [pytest.param(recording, id=recording.name) for recording in own_streams()])
def test_a_recorded_stream_becomes_canonical_events(recording):
    expected = json.loads((GOLDEN / f"streams/{recording.name}.json").read_text())
    assert read(recording.stream) == canonical(*expected)


@pytest.mark.parametrize("stream", streams())
def test_a_stream_is_complete_with_its_last_event_and_not_before(stream):
    reader = DIALECT.event_reader()
    *before, last = [event for raw in sse.split(stream) if (event := sse.parse(raw))]
    for event in before:
        reader.read(event)
    assert not reader.complete
    reader.read(last)
    assert reader.complete


@pytest.mark.parametrize("stream", streams())
def test_parts_are_numbered_without_gaps_and_each_ends_once(stream):
    events = read(stream)
    started = [event.part_started.index for event in events if event.HasField("part_started")]
    finished = [event.part_finished.index for event in events if event.HasField("part_finished")]
    assert started == finished == list(range(len(started)))
    assert events[0].HasField("started")
    assert events[-1].HasField("finished")


@pytest.mark.parametrize("stream", streams())
def test_a_stream_survives_the_way_through_the_canonical_form(stream):
    events = read(stream)
    again = read(write(events))
    assert without_usage(again) == without_usage(events)
    usage = last_usage(events)
    for field in ("terms", "parts"):  # They are between the gateway and the provider.
        usage.ClearField(field)
    assert last_usage(again) == usage


@pytest.mark.parametrize("stream", streams())
def test_what_a_caller_gets_are_events_of_the_sdk(stream):
    for raw in sse.split(write(read(stream))):
        event = sse.parse(raw)
        assert SDK_EVENT.validate_json(event.data, strict=True).type == event.name


def test_usage_known_at_the_start_stands_in_the_first_event_and_all_of_it_in_the_last():
    events = written(
        {"started": {"id": "m", "model": "c"}},
        {"usage": {"inputTokens": "5", "cacheReadTokens": "7"}},
        {"usage": {"inputTokens": "4", "cacheReadTokens": "8", "cacheWrite1hTokens": "9", "outputTokens": "2"}},
        {"finished": {"reason": "FINISH_REASON_STOP"}},
    )
    assert [event["type"] for event in events] == ["message_start", "message_delta", "message_stop"]
    first, last = events[0]["message"]["usage"], events[1]["usage"]
    assert (first["input_tokens"], first["cache_read_input_tokens"]) == (5, 7)
    assert last == {
        "input_tokens": 4,
        "cache_read_input_tokens": 8,
        "cache_creation_input_tokens": 9,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 9},
        "output_tokens": 2,
    }


def test_usage_before_the_start_waits_for_it():
    events = written({"usage": {"inputTokens": "5"}}, {"started": {"id": "m"}}, {"finished": {}})
    assert (events[0]["message"]["id"], events[0]["message"]["usage"]["input_tokens"]) == ("m", 5)


def test_usage_after_the_finish_still_reaches_the_caller():
    events = written(
        {"started": {"id": "m"}},
        {"partStarted": {"part": {"text": {}}}},
        {"partFinished": {}},
        {"finished": {"reason": "FINISH_REASON_LENGTH"}},
        {"usage": {"inputTokens": "5", "outputTokens": "2"}},
    )
    assert events[0]["message"]["usage"]["input_tokens"] == 0
    assert events[0]["message"]["model"] == "claude"
    assert events[-2]["delta"] == {"stop_reason": "max_tokens", "stop_sequence": None}
    assert (events[-2]["usage"]["input_tokens"], events[-2]["usage"]["output_tokens"]) == (5, 2)


def test_content_is_written_at_once():
    writer = DIALECT.event_writer(DIALECT.peek(b'{"model": "claude"}'))
    [started, part, delta] = canonical(
        {"started": {"id": "m"}}, {"partStarted": {"part": {"text": {}}}}, {"partDelta": {"text": "Hi"}}
    )
    assert writer.write(started) == b""
    assert b"message_start" in writer.write(part)
    assert b'"Hi"' in writer.write(delta)


def test_a_refusal_is_text_that_ends_as_one():
    events = written(
        {"started": {}},
        {"partStarted": {"part": {"refusal": {}}}},
        {"partDelta": {}},
        {"partDelta": {"text": "No."}},
        {"partFinished": {}},
        {"finished": {"reason": "FINISH_REASON_STOP"}},
    )
    assert events[1]["content_block"] == {"type": "text", "text": ""}
    assert events[-2]["delta"]["stop_reason"] == "refusal"


def test_a_signature_in_pieces_goes_out_as_one_since_sdks_keep_the_last():
    events = written(
        {"started": {}},
        {"partStarted": {"part": {"reasoning": {}}}},
        {"partDelta": {"signature": "ab"}},
        {"partDelta": {"reasoning": "hm"}},
        {"partDelta": {"signature": "cd"}},
        {"partFinished": {}},
        {"finished": {}},
    )
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert deltas == [{"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "abcd"}]


def test_a_part_without_a_block_breaks_off_the_stream():
    with pytest.raises(TollwayError) as caught:
        write(canonical({"started": {}}, {"partStarted": {"part": {"image": {"media": {"url": "https://x"}}}}}))
    assert caught.value.reason == Reason.REASON_FEATURE_UNSUPPORTED


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("overloaded_error", Reason.REASON_UPSTREAM_OVERLOADED),
        ("rate_limit_error", Reason.REASON_UPSTREAM_RATE_LIMITED),
        ("api_error", Reason.REASON_UPSTREAM_FAILED),
        ("invalid_request_error", Reason.REASON_UPSTREAM_REJECTED),
        ("some_later_error", Reason.REASON_UPSTREAM_FAILED),
    ],
)
def test_an_error_within_a_stream_is_raised_as_its_reason(kind, reason):
    with pytest.raises(TollwayError) as caught:
        read(frame([START, {"type": "error", "error": {"type": kind, "message": "Overloaded"}}]))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "stream",
    [
        b"data: [DONE]\n\n",
        b'data: {"type": 1}\n\n',
        b'data: {"index": 0}\n\n',
        b'data: {"type": "content_block_start", "index": 0}\n\n',
        b'data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}\n\n',
        b'data: {"type": "message_delta", "delta": {"stop_reason": 7}}\n\n',
    ],
)
def test_events_of_another_shape_are_the_providers_fault(stream):
    with pytest.raises(TollwayError) as caught:
        read(stream)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


def test_a_block_left_open_ends_where_another_takes_its_index():
    events = read(frame([START, TEXT, TEXT, {"type": "content_block_stop", "index": 0}, STOP]))
    assert [event.WhichOneof("event") for event in events if event.WhichOneof("event").startswith("part_")] == [
        "part_started",
        "part_finished",
    ] * 2


def test_blocks_may_overlap():
    blocks = [TOOL, {**TOOL, "index": 1}]
    stops = [{"type": "content_block_stop", "index": index} for index in (0, 1)]
    delta = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}
    events = read(frame([START, *blocks, *stops, delta, STOP]))
    assert [event.part_delta.index for event in events if event.HasField("part_delta")] == [0, 1]
    assert [event.part_finished.index for event in events if event.HasField("part_finished")] == [0, 1]


def test_what_follows_the_end_is_not_read():
    assert read(frame([START, STOP]) + b"data: [DONE]\n\n")[-1].HasField("finished")


@pytest.mark.parametrize(
    ("after", "arguments"),
    [
        ([{"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}], "{}"),
        ([{"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {}}], "{}"),
        ([{"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {}}], ""),
        ([], ""),
    ],
)
def test_a_call_without_arguments_is_one_of_the_empty_object_unless_it_was_cut(after, arguments):
    events = read(frame([START, TOOL, {"type": "content_block_stop", "index": 0}, *after, STOP]))
    said = "".join(event.part_delta.arguments for event in events)
    assert said == arguments
