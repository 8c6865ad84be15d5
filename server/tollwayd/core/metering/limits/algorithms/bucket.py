"""A bucket that fills again steadily (GCRA: ITU-T I.371, as the continuous-state leaky bucket)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Limit

LONGEST_MS: Final = 36_600 * 24 * 3_600_000
"""A century is told in place of more: dates and durations have an end."""


class Bucket:
    """How much is out of the bucket, up to its `burst`. A place is the millisecond at which something was taken.

    `_rem` is what has flowed in beyond whole units, in parts of one `window_ms`th of a unit, so that nothing is lost
    to rounding however often it is looked at.
    """

    def __init__(self) -> None:
        self._level = 0
        self._rem = 0
        self._at = 0

    def taken(self, limit: Limit, now_ms: int) -> int:
        if now_ms > self._at:
            flowed, self._rem = divmod((now_ms - self._at) * limit.limit + self._rem, limit.window_ms)
            self._level -= flowed
            self._at = now_ms
            if self._level <= 0:
                self._level = self._rem = 0
        return self._level

    def take(self, limit: Limit, now_ms: int, amount: int) -> int:
        self._level = self.taken(limit, now_ms) + amount
        return now_ms

    def settle(self, limit: Limit, now_ms: int, place: int, held: int, used: int) -> None:
        self.taken(limit, now_ms)
        back = held - used
        if back > 0:
            # Of what comes back, this may have flowed in already while the call ran.
            flowed = -(-max(0, now_ms - place) * limit.limit // limit.window_ms)
            back = min(max(0, back - flowed), self._level)
        self._level -= back

    def reset_ms(self, limit: Limit, now_ms: int) -> int:
        wait = self.wait_ms(limit, now_ms, self.taken(limit, now_ms))
        return limit.window_ms if wait is None else wait

    def wait_ms(self, limit: Limit, now_ms: int, room: int) -> int | None:
        self.taken(limit, now_ms)
        if room <= 0:
            return 0
        if not limit.limit:
            return None
        return min(LONGEST_MS, -(-(room * limit.window_ms - self._rem) // limit.limit))
