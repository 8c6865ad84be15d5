from __future__ import annotations

import json
from functools import cache

import pytest

from tests.unit.dialects.openai_recordings import (
    DIALECT,
    GOLDEN,
    chunk,
    data_of,
    envelope,
    events_of,
    frame,
    last_usage,
    read,
    streams,
)
from tollwayd.core import sse
from tollwayd.core.errors import Reason

NOT_ASKED = envelope()
ASKED = envelope(stream_options={"include_usage": True})
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def relayed(*blocks, request=NOT_ASKED):
    relay = DIALECT.relay_stream(request)
    return b"".join(map(relay.feed, blocks)), relay


def blocks_of(*chunks):
    """The blocks of whole events in a stream that arrives in chunks, and what is left at its end."""
    framer = sse.Framer()
    blocks = [*map(framer.feed, chunks), framer.rest()]
    return tuple(filter(None, blocks))


@cache  # Splits within one event give the same blocks.
def outcome(blocks):
    """What a caller who asked for usage, one who did not, and the gateway make of the blocks."""
    unasked, relay = relayed(*blocks)
    asked, _ = relayed(*blocks, request=ASKED)
    reader = DIALECT.event_reader()
    canonical = [one for block in blocks for event in events_of(block) for one in reader.read(event)]
    return unasked, asked, relay.complete, relay.usage, [*canonical, *reader.end()]


@pytest.mark.parametrize("stream", streams())
def test_a_stream_split_anywhere_is_relayed_and_read_alike(stream):
    canonical = read(stream)
    whole = b"".join(blocks_of(stream))  # There are recordings whose last event lacks its blank line.
    unasked, _ = relayed(whole)
    for place in range(1, len(stream)):
        blocks = blocks_of(stream[:place], stream[place:])
        assert outcome(blocks) == (unasked, whole, True, last_usage(canonical), canonical)


@pytest.mark.parametrize("stream", streams())
def test_a_caller_who_did_not_ask_gets_no_usage_and_everything_else(stream):
    passed, _ = relayed(stream)
    expected = data_of(stream)
    for one in expected:
        one["gone"] = bool(one.pop("usage", None)) and not one["choices"]
    assert data_of(passed) == [
        {key: it for key, it in one.items() if key != "gone"} for one in expected if not one["gone"]
    ]
    assert passed.endswith(b"data: [DONE]\n\n") == stream.endswith(b"data: [DONE]\n\n")


def test_chunks_without_usage_pass_byte_for_byte():
    stream = b'data:{"id" : "x", "choices":[{"delta":{"content":"a"},"finish_reason":null}]}\r\n\r\n: ping\n\n'
    assert relayed(stream)[0] == stream


@pytest.mark.parametrize(
    "usage", [b'"usage": {"prompt_tokens":9, "completion_tokens":3}, "choices":[]', b'"choices": [ ],"usage" :{}']
)
def test_spaces_do_not_hide_usage(usage):
    assert relayed(b"data: {" + usage + b"}\n\n")[0] == b""


def test_what_a_model_says_is_never_taken_for_usage_or_an_end():
    said = '","usage":null,"usage":{"prompt_tokens":1},"finish_reason":"stop","error":{}\ndata: [DONE]\n\n'
    stream = frame(chunk({"content": said}), chunk({"content": "usage"}), chunk({"content": "error"}), done=False)
    passed, relay = relayed(stream)
    assert passed == stream
    assert (relay.complete, relay.usage, relay.error) == (False, None, None)


def test_an_event_whose_usage_is_taken_out_keeps_its_name():
    stream = b"event: chunk\n" + frame(chunk({"content": "a"}, usage=USAGE), done=False)
    passed, _ = relayed(stream)
    [event] = events_of(passed)
    assert (event.name, json.loads(event.data)) == ("chunk", chunk({"content": "a"}))


def test_an_event_with_usage_that_cannot_be_taken_out_passes_as_it_is():
    event = b'data: {"\xe4\xb8":1,"choices":[{"index":0}],"usage":{"prompt_tokens":9,"completion_tokens":3}}\n\n'
    passed, relay = relayed(event)
    assert passed == event
    assert (relay.usage.input_tokens, relay.usage.output_tokens) == (9, 3)


def test_the_last_usage_that_can_be_read_counts():
    _, relay = relayed(frame(chunk(usage=USAGE), chunk(usage={}), chunk(usage=None)))
    assert (relay.usage.input_tokens, relay.usage.output_tokens) == (9, 3)


@pytest.mark.parametrize("member", [{"x_groq": {"usage": USAGE}}, {"choices": [{"delta": {}, "usage": USAGE}]}])
def test_usage_is_found_where_groq_and_moonshot_put_it(member):
    stream = frame({**chunk(finish="stop"), **member})
    passed, relay = relayed(stream)
    assert relay.usage.input_tokens == 9
    assert passed == stream
    assert last_usage(read(stream)) == relay.usage


@pytest.mark.parametrize(
    ("stream", "complete"),
    [
        (frame(chunk({"content": "a"}), done=False), False),
        (frame(chunk(finish="stop"), done=False), True),
        (b'data: {"choices":[{"delta":{},"finish_reason" : "stop"}]}\n\n', True),
        (frame(), True),
        (b"data:[DONE]\r\n\r\n", True),
        (frame()[:-2], True),
    ],
)
def test_an_answer_is_complete_with_done_or_a_finish_reason(stream, complete):
    assert relayed(stream)[1].complete is complete


def finish(index, word="stop"):
    return {"choices": [{"index": index, "delta": {}, "finish_reason": word}]}


@pytest.mark.parametrize(
    ("n", "chunks", "complete"),
    [
        (1, [finish(0, "")], False),
        (1, [finish(0, ""), finish(0)], True),
        (None, [finish(0)], True),
        (2, [finish(0)], False),
        (2, [finish(0), finish(0)], False),
        (2, [finish(0), finish(1, "")], False),
        (2, [finish(1), finish(0)], True),
        (2, [{"choices": finish(0)["choices"] + finish(1)["choices"]}], True),
        ("two", [finish(0)], True),
    ],
)
def test_an_answer_is_complete_when_every_choice_asked_for_has_a_word_for_its_end(n, chunks, complete):
    stream = [frame(one, done=False) for one in chunks]
    assert relayed(*stream, request=envelope(n=n))[1].complete is complete
    assert relayed(b"".join(stream), request=envelope(n=n))[1].complete is complete


def test_an_error_passes_and_is_noted():
    stream = frame(chunk({"content": "a"}), {"error": {"message": "slow down", "code": "rate_limit_exceeded"}})
    passed, relay = relayed(stream)
    assert passed == stream
    assert relay.error.reason == Reason.REASON_UPSTREAM_RATE_LIMITED


def test_no_error_is_none():
    assert relayed(frame(chunk({"content": "a"}, error=None)))[1].error is None


def test_what_cannot_be_read_passes_as_it_is():
    stream = b'data: {"usage":{"prompt_tokens":\n\ndata: {"error":{\n\n'
    passed, relay = relayed(stream)
    assert passed == stream
    assert (relay.usage, relay.error) == (None, None)


def test_a_request_goes_on_byte_for_byte_with_another_model():
    body = b'{"messages": [1.50, {"a":"\\u00e9"}],"model":"fast","x":{ "y" : 1e3 }}'
    sent = DIALECT.relay_request(DIALECT.peek(body), "gpt-5")
    assert sent == b'{"messages":[1.50, {"a":"\\u00e9"}],"model":"gpt-5","x":{ "y" : 1e3 }}'


def test_a_provider_sees_the_field_that_was_judged():
    sent = DIALECT.relay_request(DIALECT.peek(b'{"model":"a","model":"b","n":1,"n":2}'), "gpt-5")
    assert sent == b'{"model":"gpt-5","n":2}'


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (None, {"include_usage": True}),
        ({"include_usage": True}, {"include_usage": True}),
        ({"include_usage": False}, {"include_usage": True}),
        ({"include_obfuscation": False}, {"include_obfuscation": False, "include_usage": True}),
        ("wrong", "wrong"),
        ([], []),
    ],
)
def test_usage_is_asked_for_in_every_stream(options, sent):
    request = envelope(stream_options=options)
    assert json.loads(DIALECT.relay_request(request, "gpt-5"))["stream_options"] == sent
    assert request.fields == envelope(stream_options=options).fields


def test_a_request_for_a_whole_answer_asks_for_no_usage():
    body = DIALECT.relay_request(DIALECT.peek(b'{"model":"fast","stream":false}'), "gpt-5")
    assert json.loads(body) == {"model": "gpt-5", "stream": False}


def test_a_streams_usage_in_the_golden_text_is_what_the_gateway_books():
    _, relay = relayed((GOLDEN / "streams/text.sse").read_bytes())
    assert (relay.usage.input_tokens, relay.usage.cache_read_tokens) == (12, 8)
    assert (relay.usage.output_tokens, relay.usage.reasoning_tokens) == (20, 10)
