"""What a caller is told of limits that refuse."""

from __future__ import annotations

import pytest

from tollwayd.core.errors import Reason
from tollwayd.core.metering.limit import Algorithm, Limit, Refusal, Standing
from tollwayd.core.metering.unit import Unit
from tollwayd.proxy.metering.refusals import PLACE_SECONDS, refused, retries_in_vain

RATE = Limit("rpm", "rpm.1|k=app", Unit.REQUESTS, Algorithm.SLIDING, 600, 1, 1, window_ms=60_000)
BUDGET = Limit("month", "month.2", Unit.COST, Algorithm.CALENDAR, 10**10, 1, 1, budget=True)
PLACES = Limit("two", "two.3", Unit.CALLS, Algorithm.CONCURRENCY, 2, 1, 1)


def error(*limits, retry_after_ms=7_500):
    refusal = Refusal(
        0, [Standing(limit, 0, limit.limit, 0) for limit in limits], [*range(len(limits))], retry_after_ms
    )
    return refused(refusal, refusal.refused)


@pytest.mark.parametrize(
    ("limits", "reason", "message"),
    [
        ([RATE], Reason.REASON_RATE_LIMIT_EXCEEDED, "The limit rpm is used up: 600 requests in 60 s."),
        ([PLACES, RATE], Reason.REASON_RATE_LIMIT_EXCEEDED, "The limit rpm is used up: 600 requests in 60 s."),
        ([RATE, BUDGET], Reason.REASON_BUDGET_EXCEEDED, "The budget month is used up: 10 USD."),
        ([PLACES], Reason.REASON_CONCURRENCY_EXCEEDED, "The limit two is used up: 2 calls at the same time."),
    ],
)
def test_the_reason_that_keeps_the_caller_waiting_longest_is_told(limits, reason, message):
    told = error(*limits)
    assert (told.reason, told.message, told.retry_after) == (reason, message, 7.5)
    assert {violation.subject for violation in told.quota_violations} == {limit.bucket for limit in limits}


def test_a_place_may_be_free_any_moment():
    assert error(PLACES, retry_after_ms=None).retry_after == PLACE_SECONDS


def test_what_can_never_be_given_is_not_to_be_tried_again():
    told = error(Limit("tpm", "tpm", Unit.TOTAL_TOKENS, Algorithm.SLIDING, 100, 101, 101), retry_after_ms=None)
    assert told.message == "The call asks for more than the limit tpm can ever give: 100 tokens."
    assert told.retry_after is None
    assert retries_in_vain(told)


def test_who_is_out_of_budget_tries_in_vain():
    assert retries_in_vain(error(BUDGET))
    assert not retries_in_vain(error(RATE))
