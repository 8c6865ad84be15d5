"""What is read of a request before it is let through, in both dialects, and what is changed in it."""

from __future__ import annotations

import json

import pytest

from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollwayd.core.dialect import Allowance, Load, OutputAsked
from tollwayd.core.errors import TollwayError
from tollwayd.dialects import ANTHROPIC_MESSAGES, OPENAI_CHAT
from tollwayd.dialects.openai_chat.admission import duration
from tollwayd.dialects.output_bound import MAX_ASKED


def envelope(dialect, body):
    return dialect.peek(body if isinstance(body, bytes) else json.dumps({"model": "m", **body}).encode())


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, OutputAsked()),
        ({"max_tokens": 7}, OutputAsked(7)),
        ({"max_completion_tokens": 7, "n": 3}, OutputAsked(7, 3)),
        ({"max_tokens": 9, "max_completion_tokens": 7}, OutputAsked(9)),
        ({"max_tokens": None, "n": None}, OutputAsked()),
        # What lenient servers take for a number, or for no bound at all.
        ({"max_tokens": "12", "n": "2"}, OutputAsked(12, 2)),
        ({"max_tokens": 1e3}, OutputAsked(1000)),
        ({"max_tokens": -1}, OutputAsked()),
        ({"max_tokens": 0}, OutputAsked()),
        ({"max_tokens": True, "n": {}}, OutputAsked()),
        ({"max_tokens": "many", "n": []}, OutputAsked()),
        ({"Max_Tokens": 50, "max_tokens": 5, "N": 4}, OutputAsked(50, 4)),
        ({"max_tokens": 10**400}, OutputAsked(MAX_ASKED)),
        ({"max_tokens": 1e300}, OutputAsked(MAX_ASKED)),
    ],
)
def test_how_much_output_a_chat_completion_asks_for(fields, asked):
    assert OPENAI_CHAT.output_asked(envelope(OPENAI_CHAT, fields)) == asked


def test_a_message_has_one_answer():
    assert ANTHROPIC_MESSAGES.output_asked(envelope(ANTHROPIC_MESSAGES, {"max_tokens": 7, "n": 5})) == OutputAsked(7)


def test_a_number_that_no_float_can_hold_bounds_nothing():
    body = b'{"model":"m","max_tokens":1e999}'
    assert OPENAI_CHAT.output_asked(envelope(OPENAI_CHAT, body)).tokens is None


@pytest.mark.parametrize(
    ("fields", "lowered"),
    [
        ("", {"max_completion_tokens": 9}),
        ('"max_tokens": 50 ,', {"max_tokens": 9}),
        ('"max_tokens": null,', {"max_tokens": None, "max_completion_tokens": 9}),
        ('"max_tokens": 3, "max_completion_tokens": 50,', {"max_tokens": 3, "max_completion_tokens": 9}),
        ('"max_tokens": "many", "MAX_TOKENS": 99,', {"max_tokens": 9, "MAX_TOKENS": 9}),
    ],
)
def test_lowering_the_output_changes_no_other_byte(fields, lowered):
    odd = '"messages": [ {"content" : "\\u0068i"} ]'
    body = f'{{"model": "m", {fields} {odd}, "x": 1.50}}'.encode()
    sent = OPENAI_CHAT.relay_request(OPENAI_CHAT.with_output(envelope(OPENAI_CHAT, body), 9), "up")
    assert b'[ {"content" : "\\u0068i"} ]' in sent
    assert b'"x":1.50' in sent
    bounds = {name: value for name, value in json.loads(sent).items() if "tokens" in name.lower()}
    assert bounds == lowered


@pytest.mark.parametrize("host", ["api.deepseek.com", "api.mistral.ai"])
def test_servers_that_know_the_older_name_alone_are_told_the_bound_by_it(host):
    there = OPENAI_CHAT.at(host)
    asked = envelope(OPENAI_CHAT, {"max_completion_tokens": 7, "max_tokens": None, "n": 1})
    assert json.loads(there.relay_request(asked, "up")) == {"model": "up", "n": 1, "max_tokens": 7}
    assert json.loads(there.relay_request(OPENAI_CHAT.with_output(asked, 5), "up"))["max_tokens"] == 5
    assert json.loads(there.relay_request(envelope(OPENAI_CHAT, {}), "up")) == {"model": "up"}
    written = there.write_request(GenerateRequest(max_output_tokens=9), "up", stream=False)
    assert json.loads(written.body) == {"model": "up", "messages": [], "max_tokens": 9}
    assert OPENAI_CHAT.at("api.openai.com") is OPENAI_CHAT


def test_lowering_the_output_of_a_message():
    body = envelope(ANTHROPIC_MESSAGES, {"max_tokens": 100, "n": 1})
    assert json.loads(ANTHROPIC_MESSAGES.relay_request(ANTHROPIC_MESSAGES.with_output(body, 9), "up")) == {
        "model": "up",
        "max_tokens": 9,
        "n": 1,
    }


def chat(*parts):
    return {"messages": [{"role": "user", "content": list(parts)}]}


IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
INLINE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AAAAAA", "format": "base64"}}


@pytest.mark.parametrize(
    ("body", "load"),
    [
        ({}, Load()),
        ({"messages": [{"role": "user", "content": 'an image_url, a "image_url": and "file_id": "x"'}]}, Load()),
        (chat(IMAGE, IMAGE), Load(images=2)),
        (chat(INLINE), Load(images=1, inline_bytes=4)),
        (chat({"type": "file", "file": {"file_id": "file-1"}}), Load(files=1)),
        (
            chat({"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}),
            Load(files=1, inline_bytes=4),
        ),
        (chat({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}), Load(files=1)),
        (chat(SOUND), Load(sounds=1, inline_bytes=6)),
        # Text that only looks like base64, whatever is around it, is text.
        (chat({"type": "text", "text": 'data:image/png;base64,AAAA "data":"AAAA'}, IMAGE), Load(images=1)),
        (chat({"type": "file", "file": {"file_data": "data:text/plain;base64,AAAA"}}), Load(files=1)),
        ({"tools": [{}]}, Load(tools=True)),
        ({"tools": [], "messages": []}, Load()),
        ({"tools": [{"function": {"parameters": {"properties": {"image_url": {}}}}}]}, Load(tools=True)),
    ],
)
def test_what_a_chat_completion_holds_beside_text(body, load):
    assert OPENAI_CHAT.load(envelope(OPENAI_CHAT, body)) == load


def test_a_member_written_with_escapes_does_not_hide():
    body = json.dumps({"model": "m", **chat(IMAGE)}).replace("image_url", "\\u0069mage\\u005furl").encode()
    assert OPENAI_CHAT.load(envelope(OPENAI_CHAT, body)) == Load(images=1)


@pytest.mark.parametrize(
    "text",
    [
        r"\u0022url\u0022:\u0022data:image/png;base64,AAAA",
        r"\u0022source\u0022:{\u0022type\u0022:\u0022base64\u0022,\u0022data\u0022:\u0022AAAA",
    ],
)
@pytest.mark.parametrize("dialect", [OPENAI_CHAT, ANTHROPIC_MESSAGES])
def test_text_with_escaped_quotes_does_not_pass_for_content_that_is_no_text(dialect, text):
    body = '{"model":"m","messages":[{"content":[{"type":"image","image_url":1,"source":1},"TEXT"]}]}'
    body = body.replace("TEXT", text)
    assert dialect.load(envelope(dialect, body.encode())).inline_bytes == 0


PLAIN = {"type": "text", "media_type": "text/plain", "data": "A long text, and no base64 at all."}


def message(*blocks):
    return {"messages": [{"role": "user", "content": list(blocks)}]}


@pytest.mark.parametrize(
    ("body", "load"),
    [
        ({}, Load()),
        (message({"type": "text", "text": '"source" "type":"image"'}), Load()),
        (message({"type": "image", "source": {"type": "base64", "data": "AAAA"}}), Load(images=1, inline_bytes=4)),
        (message({"type": "image", "source": {"type": "url", "url": "https://example.com"}}), Load(images=1)),
        (message({"type": "document", "source": {"type": "url", "url": "https://example.com"}}), Load(files=1)),
        (message({"type": "document", "source": {"type": "text", "data": "short"}}), Load()),
        (
            message(
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}
            ),
            Load(files=1, inline_bytes=4),
        ),
        (message({"type": "text", "text": "base64"}, {"type": "document", "source": PLAIN}), Load()),
        (message({"type": "document", "source": {"data": "AAAA", "type": "base64"}}), Load(files=1, inline_bytes=4)),
        (message({"type": "container_upload", "file_id": "file-1"}), Load(files=1)),
        (message({"type": "tool_use", "input": {"source": {"type": "base64", "data": "A text"}}}), Load()),
        (message({"type": "tool_use", "input": {"url": "https://example.com", "source": "web"}}), Load()),
        (
            message({"type": "tool_result", "content": [{"type": "image", "source": {"type": "url", "url": "x"}}]}),
            Load(images=1),
        ),
        (
            message(
                {"type": "tool_result", "content": [{"type": "image", "source": {"type": "base64", "data": "AAAA"}}]}
            ),
            Load(images=1, inline_bytes=4),
        ),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_what_a_message_holds_beside_text(body, load, separators):
    text = json.dumps({"model": "m", **body}, separators=separators).encode()
    assert ANTHROPIC_MESSAGES.load(envelope(ANTHROPIC_MESSAGES, text)) == load


@pytest.mark.parametrize("name", ["model", "mod\\u0065l"])
def test_a_tool_that_is_another_model_is_refused(name):
    advisor = '{"type":"advisor_20260301","name":"advisor","%s":"dear"}'.replace("%s", name)
    with pytest.raises(TollwayError) as caught:
        envelope(ANTHROPIC_MESSAGES, f'{{"model":"m","tools":[{{"name":"t"}},{advisor}]}}'.encode())
    assert caught.value.metadata == {"field": "tools[1].model"}
    schema = {"type": "object", "properties": {"model": {"type": "string"}}}
    envelope(ANTHROPIC_MESSAGES, {"tools": [{"name": "t", "input_schema": schema, "model": None}]})


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0ms"), (120, "120ms"), (1000, "1s"), (1500, "1.5s"), (360_000, "6m0s"), (3_600_000, "1h0m0s")],
)
def test_times_as_openai_writes_them(milliseconds, text):
    assert duration(milliseconds) == text


STANDINGS = [
    Allowance("requests", 600, 599, 100, 1_795_651_200_001),
    Allowance("input-tokens", 1000, 10, 60_000, 1_795_651_200_001),
    Allowance("tokens", 5000, 4000, 90_000, 1_795_651_200_001),
]


def test_openais_headers_tell_of_the_tighter_kind_of_tokens():
    assert dict(OPENAI_CHAT.allowance_headers(STANDINGS)) == {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "599",
        "x-ratelimit-reset-requests": "100ms",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "10",
        "x-ratelimit-reset-tokens": "1m0s",
    }
    assert OPENAI_CHAT.allowance_headers([]) == ()


def test_anthropics_headers_tell_of_each_kind_and_of_moments():
    told = dict(ANTHROPIC_MESSAGES.allowance_headers(STANDINGS))
    assert told["anthropic-ratelimit-requests-limit"] == "600"
    assert told["anthropic-ratelimit-requests-remaining"] == "599"
    assert told["anthropic-ratelimit-requests-reset"] == "2026-11-26T00:00:01Z"
    assert told["anthropic-ratelimit-input-tokens-remaining"] == "10"
    assert told["anthropic-ratelimit-tokens-reset"] == "2026-11-26T00:01:31Z"
