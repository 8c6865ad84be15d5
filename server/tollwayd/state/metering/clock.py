"""The store's clock, as this process knows it from the store's answers."""

from __future__ import annotations

import time
from typing import Final

_NS_A_MS: Final = 1_000_000


class StoreClock:
    """Tells the store's time, between its answers by this machine's steady clock; before the first by its wall clock.

    Windows and days are those of the store's time: replicas whose clocks differ count in the same ones. `heard_ms` is
    what it has told last.
    """

    def __init__(self) -> None:
        self._ahead_ms = (time.time_ns() - time.monotonic_ns()) // _NS_A_MS
        self.heard_ms = 0

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return time.monotonic_ns() // _NS_A_MS + self._ahead_ms

    def hear(self, now_ms: int) -> None:
        """Takes the time that the store has just told."""
        self.heard_ms = now_ms
        self._ahead_ms = now_ms - time.monotonic_ns() // _NS_A_MS
