from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import ParseDict
from openai.types.chat import ChatCompletionChunk

from tests.unit.dialects.openai_recordings import (
    DIALECT,
    GOLDEN,
    chunk,
    data_of,
    envelope,
    events_of,
    frame,
    last_usage,
    own_streams,
    read,
    streams,
    write,
)
from tollway.proxy.v1.inference_pb2 import StreamGenerateResponse
from tollwayd.core.errors import Reason, TollwayError


def canonical(*events):
    return [ParseDict(event, StreamGenerateResponse()) for event in events]


def without_usage(events):
    return [event for event in events if not event.HasField("usage")]


def call(arguments=None, **members):
    """A chunk with one piece of a tool call."""
    function = {"name": members.pop("name", None), "arguments": arguments}
    return chunk({"tool_calls": [{**members, "function": {key: it for key, it in function.items() if it is not None}}]})


def calls_in(*chunks):
    """Name, id and arguments of the tool calls in a stream of these chunks, in order."""
    calls = {}
    for event in read(frame(*chunks, chunk(finish="tool_calls"))):
        if event.HasField("part_started"):
            started = event.part_started.part.tool_call
            calls[event.part_started.index] = [started.name, started.id, started.arguments]
        elif event.HasField("part_delta"):
            calls[event.part_delta.index][2] += event.part_delta.arguments
    return [tuple(one) for one in calls.values()]


def refusal_of(stream):
    with pytest.raises(TollwayError) as caught:
        read(stream)
    return caught.value


@pytest.mark.parametrize("recording", [pytest.param(recording, id=recording.name) for recording in own_streams()])
def test_a_recorded_stream_becomes_canonical_events(recording):
    expected = json.loads((GOLDEN / f"streams/{recording.name}.json").read_text())
    assert read(recording.stream) == canonical(*expected)


@pytest.mark.parametrize("stream", streams())
def test_parts_come_one_after_the_other_between_start_and_finish(stream):
    events = [event.WhichOneof("event") for event in without_usage(read(stream))]
    assert (events[0], events[-1]) == ("started", "finished")
    parts = " ".join(events[1:-1]).replace("part_delta ", "")
    assert parts.split() == ["part_started", "part_finished"] * parts.count("part_started")


@pytest.mark.parametrize("stream", streams())
def test_a_stream_survives_the_way_through_the_canonical_form(stream):
    events = read(stream)
    again = read(write(events))
    assert without_usage(again) == without_usage(events)
    assert last_usage(again) == last_usage(events)


@pytest.mark.parametrize("stream", streams())
def test_what_a_caller_gets_are_chunks_of_the_sdk(stream):
    written = write(read(stream))
    assert events_of(written)[-1].data == b"[DONE]"
    chunks = [ChatCompletionChunk.model_validate(data, strict=True) for data in data_of(written)]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({(one.id, one.created, one.model) for one in chunks}) == 1
    assert [one.choices[0].finish_reason for one in chunks if one.choices and one.choices[0].finish_reason]


@pytest.mark.parametrize("stream", streams())
def test_usage_is_written_only_where_it_was_asked_for(stream):
    events = read(stream)
    assert b'"usage"' not in write(events, usage=False)
    asked = data_of(write(events, usage=True))
    if last_usage(events) is not None:
        usage = asked.pop()
        assert usage["choices"] == []
        assert usage["usage"]["total_tokens"] > 0
    assert all(one["usage"] is None and len(one["choices"]) == 1 for one in asked)


@pytest.mark.parametrize("stream", streams())
def test_a_stream_without_its_end_is_not_complete(stream):
    reader = DIALECT.event_reader()
    for event in events_of(stream):
        ends = event.data == b"[DONE]" or b'"finish_reason":"' in event.data.replace(b" ", b"")
        if not ends:
            reader.read(event)
            assert not reader.complete
    reader.read(events_of(stream)[-1])


def test_done_ends_an_answer_without_finish_reason():
    events = read(frame(chunk({"content": "Hi"})))
    assert [event.WhichOneof("event") for event in events[-2:]] == ["part_finished", "finished"]
    assert events[-1].finished.reason == 0


def test_an_answer_of_nothing_starts_and_finishes():
    events = read(frame(chunk({"role": "assistant", "content": ""}), chunk(finish="stop")))
    assert [event.WhichOneof("event") for event in events] == ["started", "finished"]


def test_a_second_choice_is_not_mixed_into_the_first():
    second = {**chunk({"content": "B"}), "choices": [{"index": 1, "delta": {"content": "B"}, "finish_reason": None}]}
    events = read(frame(chunk({"content": "A"}), second, chunk(finish="stop")))
    assert [event.part_delta.text for event in events if event.HasField("part_delta")] == ["A"]


@pytest.mark.parametrize(
    ("chunks", "calls"),
    [
        pytest.param(
            [call("", index=1, id="a", name="f"), call('{"x"', index=1), call(":1}", index=1)],
            [("f", "a", '{"x":1}')],
            id="index-from-1",
        ),
        pytest.param(
            [call("{}", index=0, id="a", name="f"), call("{}", index=0, id="b", name="f")],
            [("f", "a", "{}"), ("f", "b", "{}")],
            id="all-at-index-0",
        ),
        pytest.param(
            [call('{"x":', id="a", name="f"), call("1}"), call('{"y":', id="b", name="g"), call("2}")],
            [("f", "a", '{"x":1}'), ("g", "b", '{"y":2}')],
            id="no-index",
        ),
        pytest.param(
            [call('{"x":', index=0, id="a", name="f"), call("1}", index=0, id="a", name="f")],
            [("f", "a", '{"x":1}')],
            id="id-and-name-repeated",
        ),
        pytest.param(
            [call('{"x":', index=0, id="a", name="f"), call("1}", index=0, id="", name="")],
            [("f", "a", '{"x":1}')],
            id="id-and-name-emptied",
        ),
        pytest.param(
            [call('{"x":', index=0, id="a", name="f"), call("1}", index=0, name="f")],
            [("f", "a", '{"x":1}')],
            id="name-repeated",
        ),
        pytest.param(
            [call('{"x":', index=0, id="a", name="f"), call("1}", index=0, id="b")],
            [("f", "a", '{"x":1}')],
            id="a-new-id-with-each-piece",
        ),
        pytest.param(
            [call("", index=0, id="a", name="f"), call("", index=1, id="b", name="g"), call("{}", index=0)],
            [("f", "a", "{}"), ("g", "b", "")],
            id="all-begun-first",
        ),
        pytest.param(
            [call('{"x', index=0, id="a", name="f"), call('{"y"', index=1, id="b", name="g"), call(":2}", index=1)],
            [("f", "a", '{"x'), ("g", "b", '{"y":2}')],
            id="mixed-and-cut",
        ),
        pytest.param(
            [call('{"x":{}', index=0, id="a", name="f"), call("{}", index=1, id="b", name="g"), call("}", index=0)],
            [("f", "a", '{"x":{}}'), ("g", "b", "{}")],
            id="a-brace-is-no-end",
        ),
        pytest.param([call({"x": 1}, index=0, id="a", name="f")], [("f", "a", '{"x":1}')], id="object-arguments"),
    ],
)
def test_pieces_of_tool_calls_are_joined(chunks, calls):
    assert calls_in(*chunks) == calls


def test_calls_without_ids_get_different_ones():
    (_, first, _), (_, second, _) = calls_in(call("{}", index=0, name="f"), call("{}", index=0, name="f"))
    assert first.startswith("call_")
    assert second.startswith("call_")
    assert first != second


def test_arguments_stream_as_they_come():
    reader = DIALECT.event_reader()
    pieces = ["{", '"a":', "1", "}"]
    chunks = [call("", index=0, id="a", name="f"), *(call(piece, index=0) for piece in pieces)]
    events = [reader.read(event) for event in events_of(frame(*chunks, done=False))]
    assert [event.part_delta.arguments for [event] in events[1:]] == pieces


def test_a_piece_of_a_call_that_has_ended_is_not_lost_in_silence():
    stream = frame(call("{", index=0, id="a", name="f"), chunk({"content": "So:"}), call("}", index=0))
    assert refusal_of(stream).reason == Reason.REASON_UPSTREAM_INVALID


def test_arguments_are_kept_up_to_a_limit():
    piece = "x" * (4 * 1024 * 1024)
    stream = frame(call("", index=0, id="a", name="f"), *[call(piece, index=0)] * 5)
    assert refusal_of(stream).reason == Reason.REASON_UPSTREAM_INVALID


@pytest.mark.parametrize("data", [b"nonsense", b"[]", b'{"choices":{}}', b'{"choices":[{"delta":{"content":1}}]}'])
def test_events_of_another_shape_are_the_providers_fault(data):
    assert refusal_of(b"data: " + data + b"\n\n").reason == Reason.REASON_UPSTREAM_INVALID


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"message": "x", "type": "server_error", "code": None}, Reason.REASON_UPSTREAM_FAILED),
        ({"message": "x", "type": "tokens", "code": "rate_limit_exceeded"}, Reason.REASON_UPSTREAM_RATE_LIMITED),
        ({"message": "x", "type": "insufficient_quota"}, Reason.REASON_UPSTREAM_RATE_LIMITED),
        ({"message": "x", "type": "invalid_request_error"}, Reason.REASON_UPSTREAM_REJECTED),
        ({"message": "x", "code": 503}, Reason.REASON_UPSTREAM_OVERLOADED),
        ({"message": "x", "code": "400"}, Reason.REASON_UPSTREAM_REJECTED),
        ("something", Reason.REASON_UPSTREAM_FAILED),
    ],
)
def test_an_error_within_a_stream_is_raised_as_its_reason(error, reason):
    assert refusal_of(frame(chunk({"content": "Hi"}), {"error": error})).reason == reason


def test_content_is_written_at_once():
    writer = DIALECT.event_writer(envelope())
    started, part, delta, ended, finished = canonical(
        {"started": {"id": "m"}},
        {"partStarted": {"part": {"text": {"text": "Oh, "}}}},
        {"partDelta": {"text": "hi"}},
        {"partFinished": {}},
        {"finished": {"reason": "FINISH_REASON_STOP"}},
    )
    [first] = data_of(writer.write(started))
    assert (first["id"], first["model"], first["choices"][0]["delta"]["role"]) == ("m", "fast", "assistant")
    assert b'"Oh, "' in writer.write(part)
    assert b'"hi"' in writer.write(delta)
    assert writer.write(ended) == b""
    assert writer.write(finished).endswith(b'"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    assert writer.end() == b""


def test_what_anthropic_says_is_said_in_openais_words():
    written = write(
        canonical(
            {"usage": {"inputTokens": "3"}},
            {"started": {"id": "msg_1", "model": "claude"}},
            {"partStarted": {"part": {"reasoning": {"text": "Hm"}}}},
            {"partDelta": {"signature": "sig"}},
            {"partFinished": {}},
            {"partStarted": {"index": 1, "part": {"toolCall": {"id": "a", "name": "f"}}}},
            {"partStarted": {"index": 2, "part": {"toolCall": {"id": "b", "name": "g", "arguments": "{}"}}}},
            {"partDelta": {"index": 1, "arguments": "{}"}},
            {"partFinished": {"index": 1}},
            {"partFinished": {"index": 2}},
            {"finished": {"reason": "FINISH_REASON_PAUSED"}},
            {"usage": {"inputTokens": "3", "cacheReadTokens": "2", "cacheWrite1hTokens": "1", "outputTokens": "4"}},
        )
    )
    *chunks, finish, usage = data_of(written)
    deltas = [one["choices"][0]["delta"] for one in chunks]
    function = {"type": "function"}
    assert deltas == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Hm"},
        {"tool_calls": [{"index": 0, "id": "a", **function, "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "id": "b", **function, "function": {"name": "g", "arguments": "{}"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
    ]
    assert finish["choices"][0]["finish_reason"] == "length"
    assert (usage["usage"]["prompt_tokens"], usage["usage"]["completion_tokens"]) == (6, 4)


def test_a_part_that_openai_has_no_words_for_breaks_off_the_stream():
    with pytest.raises(TollwayError) as caught:
        write(canonical({"started": {}}, {"partStarted": {"part": {"image": {"media": {"url": "https://x"}}}}}))
    assert caught.value.reason == Reason.REASON_FEATURE_UNSUPPORTED
