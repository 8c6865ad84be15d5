"""Headers about limits and costs."""

from __future__ import annotations

import pytest

from tollwayd.core.metering.charge import Counts
from tollwayd.core.metering.limits.limit import Algorithm, Grants, Limit, Standing
from tollwayd.core.metering.money import decimal, money
from tollwayd.core.metering.unit import Unit
from tollwayd.proxy.metering.entries import Used
from tollwayd.proxy.metering.headers import MAX_TOLD, allowances, rate_limit, told, usage_line


def standing(unit=Unit.REQUESTS, *, limit=600, taken=1, policy="rpm", **fields):
    fields = {"algorithm": Algorithm.SLIDING, "window_ms": 60_000, **fields}
    return Standing(Limit(policy, policy, unit, limit=limit, amount=1, least=1, **fields), 1, taken, 1_500)


def seen(standings):
    """Each as its caller is told of it, in this order."""
    return [one for each in standings for one in told(Grants(0, [each]))]


def test_limits_in_the_form_of_the_ietf():
    standings = [
        standing(),
        standing(Unit.TOTAL_TOKENS, policy="tpm", taken=700),
        standing(Unit.COST, policy="month", algorithm=Algorithm.CALENDAR, window_ms=0),
        standing(Unit.CALLS, policy="two", limit=2, algorithm=Algorithm.CONCURRENCY, window_ms=0),
        standing(policy="burst", algorithm=Algorithm.BUCKET, burst=900),
    ]
    assert rate_limit(seen(standings)) == {
        "ratelimit-policy": '"rpm";q=600;w=60, "tpm";q=600;qu="tokens";w=60, "month";q=600;qu="nano-usd", '
        '"two";q=2;qu="concurrent-requests", "burst";q=600;w=60',
        "ratelimit": '"rpm";r=599;t=2, "tpm";r=0;t=2, "month";r=599;t=2, "two";r=1, "burst";r=899;t=2',
    }


def test_the_tightest_are_told_first_and_a_providers_not_at_all():
    many = [standing(policy=f"p{number}", taken=number) for number in range(20)]
    answer = Grants(0, [standing(provider="openai", taken=600), *many])
    assert [each.limit.policy for each in told(answer)] == [f"p{number}" for number in range(19, 19 - MAX_TOLD, -1)]


def test_nobody_is_told_of_a_limit_that_refuses_nothing():
    answer = Grants(0, [standing(policy="seen", taken=600, enforce=False), standing(policy="rpm")])
    assert [each.limit.policy for each in told(answer)] == ["rpm"]
    assert not told(Grants(0, answer.standings[:1]))


def test_dialects_are_told_of_the_tightest_of_each_unit_that_they_have_a_word_for():
    standings = [standing(taken=9), standing(taken=1), standing(Unit.COST), standing(Unit.OUTPUT_TOKENS)]
    assert [(each.unit, each.remaining) for each in allowances(seen(standings), 7)] == [
        ("requests", 591),
        ("output-tokens", 599),
    ]


@pytest.mark.parametrize(
    ("nanos", "text"),
    [(0, "0"), (1, "0.000000001"), (1_500, "0.0000015"), (10**9, "1"), (12 * 10**9 + 50_000_000, "12.05")],
)
def test_money_is_exact(nanos, text):
    assert decimal(nanos) == text
    assert (money(nanos).units, money(nanos).nanos) == divmod(nanos, 10**9)


def test_a_usage_line_says_what_there_is():
    assert usage_line(Used(Counts(1, 2, 3, 4, 5, 6), estimated=False)) == (
        "input=1, cache-read=2, cache-write=3, cache-write-hour=4, output=5, reasoning=6"
    )
    assert usage_line(Used(Counts(1), estimated=True)) == "input=1, estimated"
