"""Windows of the calendar, as people know them: in a time zone, with its changes of the clock."""

from __future__ import annotations

from typing import Protocol


class CalendarWindow(Protocol):
    """A calendar's division into windows: days, weeks, months, quarters or years of one time zone."""

    def around(self, now_ms: int) -> tuple[int, int]:
        """The window that a moment lies in: its first millisecond, and that of the next one. Unix milliseconds."""
        ...
