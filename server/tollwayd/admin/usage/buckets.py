"""The time that a query of usage is about, and how it is divided: in whole hours, counted from the Unix epoch."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tollway.admin.v1.usage_pb2 import QueryUsageRequest
from tollwayd.core.errors import invalid_field
from tollwayd.core.metering.calendar import Calendar, Period, zone
from tollwayd.core.metering.usage import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.timestamp_pb2 import Timestamp

__all__ = ["HOUR_SECONDS", "Buckets", "buckets"]

HOUR_SECONDS: Final = 3_600

MAX_DAYS: Final = 400
"""Of one query: a year, and the rest of a month at either end."""

_LAST_SECOND: Final = 32_503_680_000
"""The year 3000. Calendars end a little later."""

_UTC_HOURS = 24


@dataclass(frozen=True, slots=True)
class Buckets:
    """Stretches of hours one after another: each begins at one of `starts`, and the last ends at `end`."""

    starts: Sequence[int]
    end: int

    @property
    def start(self) -> int:
        """The first hour."""
        return self.starts[0]

    def index(self, hour: int) -> int:
        """Which one an hour lies in."""
        return bisect_right(self.starts, hour) - 1

    def end_of(self, index: int) -> int:
        """The hour at which one ends."""
        return self.starts[index + 1] if index + 1 < len(self.starts) else self.end

    def days(self, first: int) -> Iterator[tuple[int, int]]:
        """The hours from one on, by the days of UTC."""
        while first < self.end:
            last = min(first - first % _UTC_HOURS + _UTC_HOURS, self.end)
            yield first, last
            first = last


def buckets(request: QueryUsageRequest, default_end: int) -> Buckets:
    """The buckets that are asked for; those that reach beyond the time asked for are cut. REASON_FIELD_INVALID."""
    start = _hour("startTime", request.start_time)
    end = _hour("endTime", request.end_time) if request.HasField("end_time") else default_end
    if start >= end:
        raise invalid_field("startTime", "has to be before endTime, or before now where that is absent")
    if end - start > MAX_DAYS * _UTC_HOURS:
        raise invalid_field("endTime", f"may be {MAX_DAYS} days after startTime at most")
    if request.bucket in (QueryUsageRequest.DAY, QueryUsageRequest.MONTH):
        calendar = _calendar(Period[QueryUsageRequest.Bucket.Name(request.bucket)], request.time_zone)
        return Buckets([start, *_boundaries(start, end, calendar)], end)
    if request.time_zone:
        raise invalid_field("timeZone", "is where days and months begin; ask for a bucket of DAY or MONTH")
    return Buckets(range(start, end) if request.bucket == QueryUsageRequest.HOUR else [start], end)


def _hour(field: str, moment: Timestamp) -> int:
    if moment.seconds % HOUR_SECONDS or moment.nanos:
        raise invalid_field(field, "has to be a whole hour of UTC, by which usage is kept")
    if not 0 <= moment.seconds <= _LAST_SECOND:
        raise invalid_field(field, "has to be from 1970 to 3000")
    return moment.seconds // HOUR_SECONDS


def _calendar(period: Period, name: str) -> Calendar:
    try:
        return Calendar(period, zone(name))
    except ValueError:
        raise invalid_field("timeZone", "is no zone of the IANA database, such as Europe/Berlin") from None


def _boundaries(start: int, end: int, calendar: Calendar) -> Iterator[int]:
    """The hours between two at which a window of the calendar begins."""
    _, begins = calendar.around(start * HOUR_MS)
    while begins < end * HOUR_MS:
        if begins % HOUR_MS:
            raise invalid_field("timeZone", "its days begin within an hour of UTC, and usage is kept by whole ones")
        yield begins // HOUR_MS
        _, begins = calendar.around(begins)
