from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.dialects.openai_recordings import DIALECT, shared_answers
from tollway.proxy.v1.inference_pb2 import Usage
from tollwayd.dialects.json_counts import MAX_TOKENS
from tollwayd.dialects.openai_chat.usage import read_usage, usage_members

TOKENS = st.integers(0, 10**7)
ANYTHING = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.none(), st.text(), st.just(MAX_TOKENS), st.just(MAX_TOKENS + 1)
)


def members(prompt, completion, total=None, cached=None, written=None, reasoning=None):
    said = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    return {name: value for name, value in said.items() if value is not None}


def counts(usage):
    return (
        usage.input_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )


@pytest.mark.parametrize(
    ("said", "classes"),
    [
        pytest.param(members(20, 30, 50), (20, 0, 0, 30, 0), id="plain"),
        pytest.param(members(20, 30, 50, cached=8, reasoning=10), (12, 8, 0, 20, 10), id="openai"),
        pytest.param(members(20, 30, 50, cached=8, written=5), (7, 8, 5, 30, 0), id="cache-written"),
        pytest.param(members(12, 2, 334, cached=2, reasoning=320), (10, 2, 0, 2, 320), id="xai"),
        pytest.param(members(12, 400, 732, reasoning=320), (12, 0, 0, 400, 320), id="xai-with-a-long-answer"),
        pytest.param(members(10, 5, 115), (10, 0, 0, 5, 100), id="google-does-not-name-thoughts"),
        pytest.param(members(10, 5, reasoning=100), (10, 0, 0, 5, 100), id="reasoning-beside-without-a-total"),
        pytest.param(members(10, 5, 15, reasoning=100), (10, 0, 0, 5, 100), id="reasoning-beside-a-wrong-total"),
        pytest.param(members(10, 5, 7), (10, 0, 0, 5, 0), id="a-total-too-small"),
        pytest.param(members(10, 5, cached=99, written=99), (0, 10, 0, 5, 0), id="more-cached-than-prompt"),
        pytest.param(
            {"prompt_tokens": 339, "completion_tokens": 92, "prompt_cache_hit_tokens": 320},
            (19, 320, 0, 92, 0),
            id="deepseek",
        ),
        pytest.param({"prompt_tokens": 3}, (3, 0, 0, 0, 0), id="prompt-alone"),
        pytest.param(
            {"prompt_tokens": 3, "prompt_tokens_details": None, "completion_tokens_details": "none"},
            (3, 0, 0, 0, 0),
            id="details-of-no-use",
        ),
        pytest.param({"prompt_tokens": -1, "completion_tokens": 4}, (0, 0, 0, 4, 0), id="negative"),
        pytest.param({"prompt_tokens": 10**13, "completion_tokens": 4}, (0, 0, 0, 4, 0), id="absurd"),
        pytest.param({"prompt_tokens": 1.5, "completion_tokens": 4}, (0, 0, 0, 4, 0), id="fraction"),
        pytest.param({"prompt_tokens": True, "completion_tokens": "4", "total_tokens": 1}, None, id="no-numbers"),
        pytest.param({}, None, id="empty"),
        pytest.param(None, None, id="null"),
        pytest.param([1], None, id="list"),
    ],
)
def test_usage_falls_into_classes_that_do_not_overlap(said, classes):
    usage = read_usage(said)
    assert (None if usage is None else counts(usage)) == classes


@given(prompt=ANYTHING, completion=ANYTHING, total=ANYTHING, cached=ANYTHING, written=ANYTHING, reasoning=ANYTHING)
def test_whatever_a_provider_says_no_class_is_negative_or_too_large(**said):
    usage = read_usage(members(**said))
    assert usage is None or all(0 <= count <= 2 * MAX_TOKENS for count in counts(usage))


@given(prompt=TOKENS, completion=TOKENS, cached=TOKENS, reasoning=TOKENS)
def test_the_classes_sum_up_to_the_total(prompt, completion, cached, reasoning):
    usage = read_usage(
        members(
            prompt, completion, prompt + completion, cached=min(cached, prompt), reasoning=min(reasoning, completion)
        )
    )
    assert sum(counts(usage)) == prompt + completion


@given(fresh=TOKENS, read=TOKENS, written=TOKENS, output=TOKENS, reasoning=TOKENS)
def test_usage_survives_the_way_through_openais_words(fresh, read, written, output, reasoning):
    usage = Usage(
        input_tokens=fresh,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )
    assert read_usage(usage_members(usage)) == usage


@pytest.mark.parametrize("body", shared_answers())
def test_a_recorded_answers_usage_is_found_and_sums_up(body):
    usage = DIALECT.read_usage(body)
    assert usage == DIALECT.read_response(body).usage
    assert sum(counts(usage)) == json.loads(body)["usage"]["total_tokens"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"usage":"none"}', b'{"usage":' + b"[" * 100_000])
def test_a_body_without_usage_has_none(body):
    assert DIALECT.read_usage(body) is None


@pytest.mark.parametrize(
    ("prompt", "completion", "parts"),
    [
        ({"audio_tokens": 0}, {"audio_tokens": 0}, None),
        ({"audio_tokens": 40}, {"audio_tokens": 6}, {"input_audio_tokens": 40, "output_audio_tokens": 6}),
        ({"audio_tokens": 40, "cached_tokens": 50}, {}, {"input_audio_tokens": 40}),
        (
            {"audio_tokens": 40, "cached_tokens": 70},
            {},
            {"input_audio_tokens": 30, "cache_read_audio_tokens": 10},
        ),
        (
            {"audio_tokens": 20, "image_tokens": 30, "cached_tokens": 70},
            {},
            {"input_audio_tokens": 20, "input_image_tokens": 10, "cache_read_image_tokens": 20},
        ),
        ({"image_tokens": 99}, {"image_tokens": 9}, {"input_image_tokens": 99, "output_image_tokens": 9}),
        # No more than there are: sounds first, for they are the dearer.
        (
            {"audio_tokens": 101, "image_tokens": 101},
            {"audio_tokens": 8, "image_tokens": 8, "reasoning_tokens": 1},
            {"input_audio_tokens": 100, "output_audio_tokens": 8, "output_image_tokens": 1},
        ),
        ({"audio_tokens": "many"}, {"audio_tokens": -1, "image_tokens": True}, None),
    ],
)
def test_sounds_and_pictures_are_parts_of_the_classes_they_are_in(prompt, completion, parts):
    said = {"prompt_tokens": 100, "completion_tokens": 10}
    said |= {"prompt_tokens_details": prompt, "completion_tokens_details": completion}
    usage = read_usage(said)
    assert usage.parts == Usage.Parts(**(parts or {}))
    assert usage.HasField("parts") == (parts is not None)
    assert DIALECT.read_usage(json.dumps({"usage": said}).encode()) == usage


def test_searches_that_a_router_ran_are_counted():
    said = {"prompt_tokens": 1, "completion_tokens": 1, "server_tool_use": {"web_search_requests": 3}}
    assert read_usage(said).parts == Usage.Parts(web_searches=3)
