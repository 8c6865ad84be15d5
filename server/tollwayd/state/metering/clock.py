"""The store's clock, as this process knows it from the store's answers."""

from __future__ import annotations

import time

from tollwayd.state.metering.keys import MS_A_DAY


class StoreClock:
    """Tells the store's time, between its answers by this machine's steady clock; before the first by its wall clock.

    Windows and days are those of the store's time: replicas whose clocks differ count in the same ones.
    """

    def __init__(self) -> None:
        self._ahead_ms = int(time.time() * 1000) - _steady_ms()

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return _steady_ms() + self._ahead_ms

    def day(self) -> int:
        """Days since the Unix epoch."""
        return self.now_ms() // MS_A_DAY

    def hear(self, now_ms: int) -> None:
        """Takes the time that the store has just told."""
        self._ahead_ms = now_ms - _steady_ms()


def _steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000
