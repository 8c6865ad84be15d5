"""Billing periods: ends of months, leap days, time zones and their changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.core.billing.period import is_period, month

HOUR = 3_600_000
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Africa/Cairo",
]
PERIODS = st.builds("{:04}-{:02}".format, st.integers(2000, 2199), st.integers(1, 12))


def moments(period: str, zone: str) -> list[str]:
    return [datetime.fromtimestamp(ms / 1000, UTC).strftime("%m-%d %H:%M") for ms in month(period, ZoneInfo(zone))]


@pytest.mark.parametrize(
    ("period", "zone", "expected"),
    [
        ("2026-11", "UTC", ["11-01 00:00", "12-01 00:00"]),
        ("2026-12", "UTC", ["12-01 00:00", "01-01 00:00"]),
        ("2027-02", "UTC", ["02-01 00:00", "03-01 00:00"]),
        ("2026-11", "Asia/Kolkata", ["10-31 18:30", "11-30 18:30"]),
        # Summer time begins on 29 March and ends on 25 October 2026 in Berlin.
        ("2026-03", "Europe/Berlin", ["02-28 23:00", "03-31 22:00"]),
        ("2026-10", "Europe/Berlin", ["09-30 22:00", "10-31 23:00"]),
        # And on 8 March and 1 November 2026 in New York: the month begins before its first night's change.
        ("2026-11", "America/New_York", ["11-01 04:00", "12-01 05:00"]),
        # Fourteen hours ahead.
        ("2026-11", "Pacific/Kiritimati", ["10-31 10:00", "11-30 10:00"]),
        # Samoa skipped 30 December 2011 whole.
        ("2011-12", "Pacific/Apia", ["12-01 10:00", "12-31 10:00"]),
    ],
)
def test_a_month_is_from_midnight_to_midnight_of_its_zone(period, zone, expected):
    assert moments(period, zone) == expected


@pytest.mark.parametrize(
    ("period", "zone", "hours"),
    [
        ("2028-02", "UTC", 29 * 24),  # A leap day.
        ("2027-02", "UTC", 28 * 24),
        ("2100-02", "UTC", 28 * 24),  # A century without one.
        ("2026-03", "Europe/Berlin", 31 * 24 - 1),
        ("2026-10", "Europe/Berlin", 31 * 24 + 1),
        ("2011-12", "Pacific/Apia", 30 * 24),
    ],
)
def test_a_month_has_the_hours_that_it_has(period, zone, hours):
    start, end = month(period, ZoneInfo(zone))
    assert (end - start) == hours * HOUR


@given(PERIODS, st.sampled_from(ZONES))
def test_months_tile_time(period, zone):
    year, number = int(period[:4]), int(period[5:])
    following = f"{year + number // 12:04}-{number % 12 + 1:02}"
    assert month(period, ZoneInfo(zone))[1] == month(following, ZoneInfo(zone))[0]


@pytest.mark.parametrize("period", ["2026-11", "2000-01", "2999-12"])
def test_a_month_is_named_by_year_and_number(period):
    assert is_period(period)


@pytest.mark.parametrize(
    "period", ["", "2026", "2026-1", "2026-00", "2026-13", "1999-12", "3000-01", "2026-11-01", "２026-11"]
)
def test_nothing_else_is_a_period(period):
    assert not is_period(period)
