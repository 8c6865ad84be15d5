from __future__ import annotations

import pytest

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.json_body import MAX_PUBLIC_TEXT, peek, public_text


def refusal(body):
    with pytest.raises(TollwayError) as caught:
        peek(body)
    return caught.value


def test_a_body_is_read_as_far_as_routing_needs():
    envelope = peek(b' {"messages": [1.50, {"a":"\\u00e9"}], "stream":true,"model":"fast"} ')
    assert (envelope.model, envelope.stream) == ("fast", True)
    assert bytes(envelope.fields["messages"]) == b'[1.50, {"a":"\\u00e9"}]'


def test_a_request_shows_nothing_of_what_it_says():
    assert repr(peek(b'{"model": "gpt", "messages": "canary"}')) == "Envelope('gpt', stream=False)"


@pytest.mark.parametrize(("value", "stream"), [("true", True), ("false", False), ("null", False)])
def test_stream_may_be_null(value, stream):
    assert peek(b'{"model":"m","stream":%s}' % value.encode()).stream is stream


def test_of_a_field_given_twice_the_last_one_counts():
    assert peek(b'{"model":"cheap","model":"dear"}').model == "dear"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b'{"model":"m"} x', b'{"model":"m",}', b'{"a":NaN}', b'{"\xff":1,"model":"m"}']
)
def test_what_is_no_json_is_refused(body):
    assert refusal(body).reason == Reason.REASON_JSON_INVALID


def test_what_nests_too_deep_is_refused():
    assert refusal(b'{"model":"m","a":' + b"[" * 100_000).reason == Reason.REASON_JSON_TOO_DEEP


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "body"),
        (b'"model"', "body"),
        (b"{}", "model"),
        (b'{"model":null}', "model"),
        (b'{"model":["m"]}', "model"),
        (b'{"model":""}', "model"),
        (b'{"model":"%s"}' % (b"m" * 257), "model"),
        (b'{"model":"m","stream":1}', "stream"),
        (b'{"model":"m","stream":"true"}', "stream"),
    ],
)
def test_a_wrong_routing_field_is_named(body, field):
    error = refusal(body)
    assert (error.reason, error.metadata) == (Reason.REASON_FIELD_INVALID, {"field": field})


@pytest.mark.parametrize("name", ["Model", "MODEL", "Stream", "STREAM", "\u017ftream", "Stream_Options"])
def test_a_second_spelling_that_a_lax_provider_would_obey_is_refused(name):
    error = refusal(f'{{"model":"allowed","{name}":"forbidden"}}'.encode())
    assert error.reason == Reason.REASON_FIELD_INVALID
    assert error.message.endswith("must be written in lower case.")


@pytest.mark.parametrize("name", ["models", "route", "preset", "fallbacks", "Models"])
def test_models_beside_the_one_that_is_judged_are_refused(name):
    error = refusal(f'{{"model":"allowed","{name}":["forbidden"]}}'.encode())
    assert (error.reason, error.metadata) == (Reason.REASON_FIELD_INVALID, {"field": name.lower()})
    assert peek(f'{{"model":"allowed","{name}":null}}'.encode()).model == "allowed"


@pytest.mark.parametrize(
    "credential",
    [
        "sk-proj-abcDEF123_456-xyz",
        "sk-ab*****************xyz9",
        "tw_0123456789abcdef",
        "gsk_AbCd1234",
        "xai-AbCd1234",
        "AIzaSyA1234567890abcdefg",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1",
        "0123456789abcdef0123456789abcdef",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "Bearer short",
    ],
)
def test_what_looks_like_a_credential_is_masked(credential):
    text = public_text(f"Incorrect API key provided: {credential}, sorry.")
    assert text in {"Incorrect API key provided: ***, sorry.", "Incorrect API key provided: *** sorry."}


@pytest.mark.parametrize(
    "text",
    [
        "This model's maximum context length is 128000 tokens.",
        "See https://platform.openai.com/docs/guides/structured-outputs/supported-schemas.",
        "The model accounts/fireworks/models/Qwen3-235B-A22B-Instruct-2507 does not exist",
        "a risk-averse task-force",
        "id 123e4567-e89b-12d3-a456-426614174000",
    ],
)
def test_what_helps_the_caller_stays(text):
    assert public_text(text) == text


def test_a_text_is_one_bounded_line():
    assert public_text(" a\r\nb\x00\x1b[31m c\t") == "a b [31m c"
    assert len(public_text("word " * 1_000_000)) == MAX_PUBLIC_TEXT
