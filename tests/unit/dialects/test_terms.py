"""What requests leave open of their price, and what answers tell of it."""

from __future__ import annotations

import json

import pytest

from tollwayd.core.metering.prices.terms import CacheWrites, Terms
from tollwayd.core.sse import ServerSentEvent
from tollwayd.dialects.anthropic_messages.dialect import AnthropicMessages
from tollwayd.dialects.openai_chat.dialect import OpenAIChat

OPENAI, ANTHROPIC = OpenAIChat(), AnthropicMessages()
ANY = Terms()
UNREADABLE = Terms(unsaid="unknown")
HOUR = json.dumps({"type": "ephemeral", "ttl": "1h"})


def envelope(dialect, **fields):
    return dialect.peek(json.dumps({"model": "m", "messages": [], **fields}).encode())


@pytest.mark.parametrize(
    ("tier", "terms"),
    [
        (None, ANY),
        ("auto", ANY),
        ("default", Terms(("standard",))),
        ("on_demand", Terms(("standard",))),
        ("flex", Terms(("standard", "flex"))),
        ("priority", Terms(("standard", "priority"), "priority")),
        ("fast", Terms(("standard", "priority"), "priority")),
        ("scale", UNREADABLE),
        ("Default", UNREADABLE),
        (1, UNREADABLE),
        ([1], UNREADABLE),
        ({"a": 1}, UNREADABLE),
    ],
)
def test_a_tier_allows_itself_and_the_standard_and_none_or_auto_allow_all(tier, terms):
    assert OPENAI.terms(envelope(OPENAI, service_tier=tier).fields) == terms


def test_a_request_without_a_tier_leaves_all_open():
    assert OPENAI.terms({}) == ANY


def test_a_tier_that_is_said_twice_in_different_letters_is_not_believed():
    fields = envelope(OPENAI, service_tier="default", Service_Tier="priority").fields
    assert OPENAI.terms(fields) == UNREADABLE


@pytest.mark.parametrize(
    ("fields", "terms"),
    [
        ({}, Terms(("standard", "us"))),
        ({"service_tier": "auto"}, Terms(("standard", "us"))),
        ({"speed": None}, Terms(("us", "standard"))),
        ({"speed": "fast"}, Terms(("fast+us", "fast"), "fast")),
        ({"inference_geo": "us"}, Terms(("us",), "us")),
        ({"inference_geo": "global"}, Terms(("standard",))),
        ({"speed": "fast", "inference_geo": "us"}, Terms(("fast+us",), "fast+us")),
        ({"speed": "ludicrous"}, UNREADABLE),
        ({"inference_geo": "eu"}, UNREADABLE),
        ({"speed": []}, UNREADABLE),
    ],
)
def test_speed_and_place_are_asked_for_and_without_a_place_it_may_be_the_dearer_one(fields, terms):
    assert ANTHROPIC.terms(envelope(ANTHROPIC, **fields).fields) == terms


@pytest.mark.parametrize("dialect", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize(
    ("body", "writes"),
    [
        ('"messages":[]', CacheWrites.NONE),
        ('"messages":[{"content":"\\"cache_control\\" \\"ttl\\""}]', CacheWrites.NONE),
        ('"cache_control":{"type":"ephemeral"}', CacheWrites.SHORT),
        ('"cache\\u005fcontrol": {"type": "ephemeral"}', CacheWrites.SHORT),
        ('"cache_control": {"type": "ephemeral", "ttl": "1h"}', CacheWrites.HOUR),
        ('"messages":[{"content":[{"cache_control":{"type":"ephemeral"}}]}]', CacheWrites.SHORT),
        ('"messages":[{"content":[{"cache\\u005fcontrol":{"type":"ephemeral"}}]}]', CacheWrites.SHORT),
        ('"messages":[{"content":[{"cache_control":{"\\u0074tl":"1h"}}]}]', CacheWrites.HOUR),
        ('"tools":[{"cache_control" :{"ttl" :"1h"}}]', CacheWrites.HOUR),
        ('"system":[{"cache_control":{}}],"messages":[{"cache_control":{"ttl":"5m"}}]', CacheWrites.HOUR),
    ],
)
def test_only_marks_have_a_prompt_cached_and_for_an_hour_only_those_with_a_time(dialect, body, writes):
    envelope = dialect.peek(b'{"model":"m",%b}' % body.encode())
    assert dialect.cache_writes(dialect.relay_request(envelope, "m")) == writes


USAGE = {"prompt_tokens": 3, "completion_tokens": 4}


@pytest.mark.parametrize(
    ("tier", "terms"),
    [
        (None, ""),
        ("auto", ""),
        ("default", "standard"),
        ("flex", "flex"),
        ("priority", "priority"),
        ("fast", "priority"),
        ("batch", "batch"),
        ("scale", "unknown"),
        ("", ""),
        (7, ""),
    ],
)
def test_a_chat_completion_tells_its_tier(tier, terms):
    body = json.dumps({"service_tier": tier, "choices": [{"message": {}}], "usage": USAGE}).encode()
    assert OPENAI.read_usage(body).terms == OPENAI.read_response(body).usage.terms == terms
    odd = json.dumps({"service_tier": tier, "usage": {**USAGE, "total_tokens": "7"}}).encode()
    assert OPENAI.read_usage(odd).terms == terms


@pytest.mark.parametrize("tier_of_usage", [None, "priority"])
def test_chunks_tell_the_tier_before_the_usage_comes(tier_of_usage):
    first = json.dumps({"id": "x", "service_tier": "priority", "choices": [{"delta": {"content": "Hi"}}]}).encode()
    last = json.dumps({"service_tier": tier_of_usage, "choices": [], "usage": USAGE}).encode()
    relay, reader = OPENAI.relay_stream(envelope(OPENAI)), OPENAI.event_reader()
    for data in (first, last):
        relay.feed(b"data: %b\n\n" % data)
        events = list(reader.read(ServerSentEvent("", data)))
        assert relay.terms == reader.terms == "priority"
    assert relay.usage.terms == events[-1].usage.terms == "priority"


@pytest.mark.parametrize(
    ("said", "terms"),
    [
        ({}, ""),
        ({"service_tier": None, "speed": None}, ""),
        ({"service_tier": "standard"}, "standard"),
        ({"service_tier": "priority", "inference_geo": "global"}, "standard"),
        ({"service_tier": "standard", "speed": "fast", "inference_geo": "not_available"}, "fast"),
        ({"service_tier": "standard", "speed": "fast", "inference_geo": "us"}, "fast+us"),
        ({"speed": "standard", "inference_geo": "us"}, "us"),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "premium"}, "unknown"),
        ({"inference_geo": "eu", "speed": "fast"}, "unknown"),
        ({"speed": 1}, "unknown"),
    ],
)
def test_a_message_tells_its_terms_in_its_usage(said, terms):
    usage = {"input_tokens": 1, "output_tokens": 2, **said}
    body = json.dumps({"content": [], "usage": usage}).encode()
    assert ANTHROPIC.read_usage(body).terms == ANTHROPIC.read_response(body).usage.terms == terms
    start = json.dumps({"type": "message_start", "message": {"usage": usage}}).encode()
    delta = json.dumps({"type": "message_delta", "usage": {"output_tokens": 9}}).encode()
    relay, reader = ANTHROPIC.relay_stream(envelope(ANTHROPIC)), ANTHROPIC.event_reader()
    for data in (start, delta):
        relay.feed(b"data: %b\n\n" % data)
        reader.read(ServerSentEvent("", data))
        assert relay.terms == reader.terms == terms
    assert relay.usage.output_tokens == 9
