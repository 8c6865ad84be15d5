"""Billing periods: the months of the calendar, in a time zone, by the ids that invoices have."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.calendar import Calendar, Period

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["is_period", "month", "period_at"]

_ID: Final = re.compile("(2[0-9]{3})-(0[1-9]|1[0-2])")


def is_period(period: str) -> bool:
    """Whether it is a month as invoices are named: `2026-11`."""
    return _ID.fullmatch(period) is not None


def period_at(moment_ms: int, zone: ZoneInfo) -> str:
    """The month that a moment, in Unix milliseconds, lies in."""
    return datetime.fromtimestamp(moment_ms / 1000, zone).strftime("%Y-%m")


def month(period: str, zone: ZoneInfo) -> tuple[int, int]:
    """Its first millisecond and that of the month after, since the Unix epoch. ValueError for another id."""
    # No zone is half a month from another.
    middle = datetime.strptime(f"{period}-15", "%Y-%m-%d").replace(tzinfo=UTC)
    return Calendar(Period.MONTH, zone).around(int(middle.timestamp()) * 1000)
