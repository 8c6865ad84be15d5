"""Bounds and guesses of what a call may use."""

from __future__ import annotations

import pytest

from tollwayd.core.dialect import Load, OutputAsked, Said
from tollwayd.core.metering.policies.demand import OUTPUT_TOKENS
from tollwayd.core.metering.prices.tariff import Rates, Tariff
from tollwayd.proxy import estimate
from tollwayd.proxy.metering.demands import (
    FILE_TOKENS,
    IMAGE_TOKENS,
    MAX_OUTPUT,
    MEDIA_TOKENS,
    TOOLS_TOKENS,
    input_bound,
    input_guess,
    output_bound,
)


@pytest.mark.parametrize(
    ("load", "more"),
    [
        (Load(), 0),
        (Load(images=2), 2 * IMAGE_TOKENS),
        (Load(files=1, tools=True), FILE_TOKENS + TOOLS_TOKENS),
        (Load(images=1, inline_bytes=80), IMAGE_TOKENS),
    ],
)
def test_no_byte_is_more_than_a_token_and_what_bytes_do_not_tell_has_a_bound(load, more):
    assert input_bound(100, load) == 100 + more


def test_the_guess_leaves_out_what_is_no_text():
    assert input_guess(300, Load()) == 100
    assert input_guess(10_300, Load(images=1, inline_bytes=10_000)) == 100 + MEDIA_TOKENS
    assert input_guess(100, Load(inline_bytes=200)) == 0


def price(max_output_tokens):
    return Tariff("v", Rates(1, 1, 1, 1, 1, 1, 0), max_output_tokens=max_output_tokens)


@pytest.mark.parametrize(
    ("asked", "prices", "bound"),
    [
        (OutputAsked(7, 3), [price(100)], 21),
        (OutputAsked(None, 2), [price(100), price(300)], 600),
        (OutputAsked(), [price(100), price(None)], OUTPUT_TOKENS),
        (OutputAsked(), [None], OUTPUT_TOKENS),
        (OutputAsked(10**9, 10**9), [price(100)], MAX_OUTPUT),
    ],
)
def test_the_output_is_bound_by_the_caller_or_by_the_target_that_can_say_most(asked, prices, bound):
    assert output_bound(asked, prices) == bound


@pytest.mark.parametrize(
    ("text", "pieces", "tokens"),
    [
        ("", 0, 0),
        ("The quick brown fox jumps over the lazy dog. ", 1, 12),
        ("a b c", 5, 5),
        ("中文字", 1, 3),
        ("abc中", 1, 2),
    ],
)
def test_what_was_said_is_measured_by_its_text_and_its_pieces(text, pieces, tokens):
    assert estimate.tokens(Said.of(text, pieces)) == tokens
