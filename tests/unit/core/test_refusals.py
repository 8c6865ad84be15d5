"""What a caller is told of limits that refuse."""

from __future__ import annotations

import pytest

from tests.metered.words import NOON
from tollwayd.core.errors import Reason
from tollwayd.core.metering.calendar import Calendar, Period, zone
from tollwayd.core.metering.limits.limit import Algorithm, Limit, Refusal, Standing
from tollwayd.core.metering.limits.refusals import PLACE_SECONDS, refused, retries_in_vain
from tollwayd.core.metering.unit import Unit

RATE = Limit("rpm", "rpm.1|k=app", Unit.REQUESTS, Algorithm.SLIDING, 600, 1, 1, window_ms=60_000)
MONTHS_END = "2026-12-01T00:00:00Z"
MONTHS = Calendar(Period.MONTH, zone("UTC"))
BUDGET = Limit("month", "month.2", Unit.COST, Algorithm.CALENDAR, 10**10, 1, 1, calendar=MONTHS, budget=True)
PLACES = Limit("two", "two.3", Unit.CALLS, Algorithm.CONCURRENCY, 2, 1, 1)


def error(*limits, retry_after_ms=7_500):
    refusal = Refusal(
        NOON, [Standing(limit, 0, limit.limit, 0) for limit in limits], [*range(len(limits))], retry_after_ms
    )
    return refused(refusal, refusal.refused)


@pytest.mark.parametrize(
    ("limits", "reason", "message"),
    [
        ([RATE], Reason.REASON_RATE_LIMIT_EXCEEDED, "The limit rpm is used up: 600 requests in 60 s."),
        ([PLACES, RATE], Reason.REASON_RATE_LIMIT_EXCEEDED, "The limit rpm is used up: 600 requests in 60 s."),
        (
            [RATE, BUDGET],
            Reason.REASON_BUDGET_EXCEEDED,
            f"The budget month is used up: 10 USD until {MONTHS_END}.",
        ),
        ([PLACES], Reason.REASON_CONCURRENCY_EXCEEDED, "The limit two is used up: 2 calls at the same time."),
    ],
)
def test_the_reason_that_keeps_the_caller_waiting_longest_is_told(limits, reason, message):
    told = error(*limits)
    assert (told.reason, told.message, told.retry_after) == (reason, message, 7.5)
    assert {violation.subject for violation in told.quota_violations} == {limit.bucket for limit in limits}


def test_a_place_may_be_free_any_moment():
    assert error(PLACES, retry_after_ms=None).retry_after == PLACE_SECONDS


@pytest.mark.parametrize(
    ("limit", "wanted", "given", "less"),
    [
        (
            Limit("p", "p", Unit.TOTAL_TOKENS, Algorithm.SLIDING, 100, 101, 101, window_ms=60_000),
            "101 tokens",
            "limit p can ever give: 100 tokens in 60 s",
            "a lower max_tokens or a shorter input",
        ),
        (
            Limit("p", "p", Unit.OUTPUT_TOKENS, Algorithm.BUCKET, 100, 51, 51, window_ms=60_000, burst=50),
            "51 output tokens",
            "limit p can ever give: 50 output tokens at once",
            "a lower max_tokens",
        ),
        (
            Limit("p", "p", Unit.COST, Algorithm.CALENDAR, 10**9, 9 * 10**9, 2 * 10**9, budget=True),
            "at least 2 USD",
            "budget p can ever give: 1 USD",
            "a shorter input",
        ),
    ],
)
def test_what_can_never_be_given_is_not_to_be_tried_again_but_with_less(limit, wanted, given, less):
    told = error(limit, retry_after_ms=None)
    assert told.message == f"The call asks for {wanted}, more than the {given}. Ask with {less}."
    assert told.retry_after is None
    assert retries_in_vain(told)


def test_who_is_out_of_budget_tries_in_vain():
    assert retries_in_vain(error(BUDGET))
    assert not retries_in_vain(error(RATE))
