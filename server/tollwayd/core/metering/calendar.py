"""Calendar windows of a time zone, exact over whatever its clocks do.

A window is between two beginnings of days, and a day begins at its first midnight, or, where the clocks skip that, at
the moment when they do. So windows tile time: the hour that comes twice is in one of them, the day that never was is in
none.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)
_MONTHS_A_QUARTER: Final = 3
_DECEMBER: Final = 12


class Period(IntEnum):
    """The numbers are those of `tollway.admin.v1.Budget.Window`."""

    DAY = 1
    WEEK = 2
    MONTH = 3
    QUARTER = 4
    YEAR = 5


class Calendar:
    """The windows of one period in a time zone. A `CalendarWindow`."""

    __slots__ = ("_last", "period", "zone")

    def __init__(self, period: Period, zone: ZoneInfo) -> None:
        self.period = period
        self.zone = zone
        self._last = (0, 0)

    def around(self, now_ms: int) -> tuple[int, int]:
        last = self._last
        if not last[0] <= now_ms < last[1]:
            last = self._last = self._window(now_ms)
        return last

    def _window(self, now_ms: int) -> tuple[int, int]:
        first = _FIRST[self.period]
        day = first((_EPOCH + now_ms * _MILLISECOND).astimezone(self.zone).date())
        # Clocks set back over midnight show the day before once more, in the day that has begun.
        if now_ms >= (end := self._begin(after := _after(self.period, day))):
            return end, self._begin(_after(self.period, after))
        return self._begin(day), end

    def _begin(self, day: date) -> int:
        midnight = datetime.combine(day, time(), self.zone)
        moment = midnight.astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) != midnight.replace(tzinfo=None):
            moment = self._skip(midnight)
        return (moment - _EPOCH) // _MILLISECOND

    def _skip(self, midnight: datetime) -> datetime:
        """When the clocks skip a midnight: between what it would be by the clocks of after and of before."""
        low, high = midnight.replace(fold=1).astimezone(UTC), midnight.astimezone(UTC)
        before = low.astimezone(self.zone).utcoffset()
        while (span := (high - low) // 2 // _MILLISECOND) > 0:
            middle = low + span * _MILLISECOND
            if middle.astimezone(self.zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        return high


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name, UTC for none. ValueError where there is no such zone."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError("no such time zone") from None


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


def _quarter(day: date) -> date:
    return day.replace(month=day.month - (day.month - 1) % _MONTHS_A_QUARTER, day=1)


_FIRST: Final[dict[Period, Callable[[date], date]]] = {
    Period.DAY: lambda day: day,
    Period.WEEK: _monday,
    Period.MONTH: lambda day: day.replace(day=1),
    Period.QUARTER: _quarter,
    Period.YEAR: lambda day: day.replace(month=1, day=1),
}


def _after(period: Period, first: date) -> date:
    match period:
        case Period.DAY:
            return first + _DAY
        case Period.WEEK:
            return first + 7 * _DAY
        case Period.MONTH:
            return _months(first, 1)
        case Period.QUARTER:
            return _months(first, _MONTHS_A_QUARTER)
        case Period.YEAR:
            return first.replace(year=first.year + 1)


def _months(first: date, count: int) -> date:
    years, month = divmod(first.month - 1 + count, _DECEMBER)
    return first.replace(year=first.year + years, month=month + 1)
