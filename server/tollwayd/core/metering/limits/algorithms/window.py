"""Windows one after another, of one length or of the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Limit


class Window:
    """What is taken of the present window. A place is its first millisecond; what was taken of an earlier window has
    no effect on this one when it is settled."""

    def __init__(self) -> None:
        self._start = 0
        self._taken = 0

    def taken(self, limit: Limit, now_ms: int) -> int:
        return self._taken if self._start == _around(limit, now_ms)[0] else 0

    def take(self, limit: Limit, now_ms: int, amount: int) -> int:
        self._taken = self.taken(limit, now_ms) + amount
        self._start = _around(limit, now_ms)[0]
        return self._start

    def settle(self, limit: Limit, now_ms: int, place: int, held: int, used: int) -> None:
        if place == self._start:
            self._taken += used - held

    def reset_ms(self, limit: Limit, now_ms: int) -> int:
        return _around(limit, now_ms)[1] - now_ms

    def wait_ms(self, limit: Limit, now_ms: int, room: int) -> int | None:
        return self.reset_ms(limit, now_ms)


def _around(limit: Limit, now_ms: int) -> tuple[int, int]:
    if limit.calendar:
        return limit.calendar.around(now_ms)
    start = now_ms - now_ms % limit.window_ms
    return start, start + limit.window_ms
