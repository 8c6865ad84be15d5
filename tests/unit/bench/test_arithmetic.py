import math

import pytest

from tollwayd.bench.arithmetic import Frontier, Load, Request, percentile

MS = 1_000_000


def request(intended: int, done: int, *, sent: int | None = None, ok: bool = True) -> Request:
    """One whose times are in milliseconds; its first byte comes one before its end."""
    return Request(intended * MS, (intended if sent is None else sent) * MS, (done - 1) * MS, done * MS, ok)


@pytest.mark.parametrize(
    ("count", "percent", "expected"), [(1, 50, 1), (2, 50, 1), (4, 50, 2), (100, 99, 99), (101, 99, 100), (10, 99, 10)]
)
def test_a_percentile_is_a_value_that_was_measured_and_that_so_many_are_not_above(count, percent, expected):
    assert percentile(range(1, count + 1), percent) == expected


def test_of_nothing_there_is_no_percentile():
    assert math.isnan(percentile([], 50))


def test_a_latency_counts_from_when_its_request_was_due_and_so_has_the_wait_for_a_connection():
    stalled = [request(0, 1000), *(request(due, 1001, sent=1000) for due in range(1, 100))]
    load = Load.of(stalled, 1.0)
    assert load.p50 == 951
    assert load.p99 == 1000
    assert load.first_p50 == 950


def test_a_failure_has_no_latency_and_is_not_counted_in_the_rate():
    load = Load.of([request(0, 1), request(0, 2), request(0, 900, ok=False)], 0.5)
    assert load == Load(rate=4.0, p50=1, p99=2, first_p50=0, first_p99=1, failed=1)


def test_the_search_finds_the_highest_rate_that_holds():
    search = Frontier(2000, tries=12)
    for rate in search:
        search.held(rate, rate <= 1234)
    assert search.highest == pytest.approx(1234, abs=1)
    assert search.highest <= 1234


def test_where_no_rate_holds_the_highest_is_none():
    search = Frontier(2000)
    for rate in search:
        search.held(rate, holds=False)
    assert search.highest == 0
