"""Calendar windows: exact over changes of the clock, leap days and the ends of years."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.core.metering.calendar import Calendar, Period, zone

HOUR = 3_600_000
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Africa/Cairo",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Africa/Casablanca",
]
MOMENTS = st.integers(0, int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1000)
CALENDARS = st.builds(lambda period, name: (period, name), st.sampled_from(Period), st.sampled_from(ZONES))


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def window(period: Period, name: str, moment: str) -> tuple[str, str]:
    """The window around a moment as UTC tells it."""
    start, end = Calendar(period, zone(name)).around(ms(moment))
    return tuple(datetime.fromtimestamp(at / 1000, UTC).isoformat().removesuffix("+00:00") for at in (start, end))


@pytest.mark.parametrize(
    ("period", "name", "moment", "start", "end"),
    [
        (Period.DAY, "UTC", "2026-03-01T12:00Z", "2026-03-01T00:00:00", "2026-03-02T00:00:00"),
        (Period.DAY, "UTC", "2026-03-01T00:00Z", "2026-03-01T00:00:00", "2026-03-02T00:00:00"),
        # 23 and 25 hours.
        (Period.DAY, "Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00:00", "2026-03-29T22:00:00"),
        (Period.DAY, "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-24T22:00:00", "2026-10-25T23:00:00"),
        # No midnight: the day begins at one o'clock.
        (Period.DAY, "America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00:00", "2018-11-05T02:00:00"),
        (Period.DAY, "America/Sao_Paulo", "2018-11-04T02:59Z", "2018-11-03T03:00:00", "2018-11-04T03:00:00"),
        # Midnight twice: it begins at the first.
        (Period.DAY, "America/Havana", "2026-11-01T05:30Z", "2026-11-01T04:00:00", "2026-11-02T05:00:00"),
        # At 00:01 back to 23:01: the day before is not opened again.
        (Period.DAY, "America/St_Johns", "2010-11-07T02:45Z", "2010-11-07T02:30:00", "2010-11-08T03:30:00"),
        # From half past eleven to half past twelve at once: the day begins in the middle of that.
        (Period.DAY, "America/Toronto", "1919-03-31T12:00Z", "1919-03-31T04:30:00", "1919-04-01T04:00:00"),
        # A day that never was.
        (Period.DAY, "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00:00", "2011-12-31T10:00:00"),
        (Period.DAY, "Pacific/Apia", "2011-12-30T09:59Z", "2011-12-29T10:00:00", "2011-12-30T10:00:00"),
        (Period.WEEK, "UTC", "2027-01-03T23:59Z", "2026-12-28T00:00:00", "2027-01-04T00:00:00"),
        (Period.MONTH, "UTC", "2028-02-29T23:59Z", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        (Period.MONTH, "Asia/Kathmandu", "2026-12-31T18:14Z", "2026-11-30T18:15:00", "2026-12-31T18:15:00"),
        (Period.QUARTER, "UTC", "2026-12-31T23:59Z", "2026-10-01T00:00:00", "2027-01-01T00:00:00"),
        (Period.QUARTER, "America/New_York", "2026-04-01T03:59Z", "2026-01-01T05:00:00", "2026-04-01T04:00:00"),
        (Period.YEAR, "Europe/Berlin", "2026-12-31T22:59Z", "2025-12-31T23:00:00", "2026-12-31T23:00:00"),
    ],
)
def test_a_window_is_as_people_there_know_it(period, name, moment, start, end):
    assert window(period, name, moment) == (start, end)


@given(CALENDARS, MOMENTS)
def test_windows_tile_time(calendar, now):
    period, name = calendar
    windows = Calendar(period, zone(name))
    start, end = windows.around(now)

    assert start <= now < end
    fresh = Calendar(period, zone(name))
    for moment in (start, (start + end) // 2, end - 1):
        assert fresh.around(moment) == (start, end)
    assert fresh.around(end)[0] == end
    assert Calendar(period, zone(name)).around(start - 1)[1] == start


@given(CALENDARS, MOMENTS, st.lists(st.integers(-(10**9), 10**9), max_size=8))
def test_a_window_is_the_same_for_whoever_was_asked_before(calendar, now, steps):
    period, name = calendar
    used = Calendar(period, zone(name))
    for step in steps:
        used.around(now + step)

    assert used.around(now) == Calendar(period, zone(name)).around(now)


@given(CALENDARS, MOMENTS)
def test_a_window_begins_at_midnight_or_where_that_is_skipped(calendar, now):
    period, name = calendar
    start, _ = Calendar(period, zone(name)).around(now)
    at, before = (
        datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone(name)).replace(tzinfo=None)
        for moment in (start, start - 1)
    )

    midnight = datetime.combine(at.date(), datetime.min.time())
    assert at == midnight or before < midnight < at
    assert before < midnight


def test_days_of_every_zone_have_their_hours():
    """A year of days in every zone there is, each beginning where the last one ended."""
    for name in sorted(available_timezones()):
        days = Calendar(Period.DAY, zone(name))
        at = ms("2026-01-01T12:00Z")
        for _ in range(366):
            start, end = days.around(at)
            assert 22 * HOUR <= end - start <= 26 * HOUR, (name, start)
            at = end
            assert days.around(at)[0] == end


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "Europe", "/etc/localtime", "a\x00b", "x" * 300])
def test_a_zone_that_there_is_not(name):
    with pytest.raises(ValueError, match="no such time zone"):
        zone(name)
