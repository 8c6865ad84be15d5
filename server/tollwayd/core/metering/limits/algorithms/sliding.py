"""A window that ends now, whenever now is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Limit

SLOTS: Final = 512
"""Parts that a window's time is counted in, of whole milliseconds. What is taken counts for a window and up to one part
more, never less."""


class Sliding:
    """What was taken in each part of the window: a place is a part's number, counted from the Unix epoch."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}  # In the order of time.
        self._total = 0

    def taken(self, limit: Limit, now_ms: int) -> int:
        while self._slots and _leaves_ms(limit, oldest := next(iter(self._slots))) <= now_ms:
            self._total -= self._slots.pop(oldest)
        return self._total

    def take(self, limit: Limit, now_ms: int, amount: int) -> int:
        self.taken(limit, now_ms)
        # A clock that was put back must not make a slot before the last one.
        slot = max(now_ms // _width_ms(limit), self._last())
        self._slots[slot] = self._slots.get(slot, 0) + amount
        self._total += amount
        return slot

    def settle(self, limit: Limit, now_ms: int, place: int, held: int, used: int) -> None:
        self.taken(limit, now_ms)
        if place in self._slots:
            self._slots[place] += used - held
            self._total += used - held

    def reset_ms(self, limit: Limit, now_ms: int) -> int:
        self.taken(limit, now_ms)
        return _leaves_ms(limit, self._last()) - now_ms if self._slots else 0

    def wait_ms(self, limit: Limit, now_ms: int, room: int) -> int:
        self.taken(limit, now_ms)
        slot = 0
        for slot, amount in self._slots.items():  # noqa: B007  # The one that makes the room is what is asked for.
            room -= amount
            if room <= 0:
                break
        return max(0, _leaves_ms(limit, slot) - now_ms)

    def _last(self) -> int:
        return next(reversed(self._slots), 0)


def _width_ms(limit: Limit) -> int:
    return -(-limit.window_ms // SLOTS)


def _leaves_ms(limit: Limit, slot: int) -> int:
    """The first millisecond at which a slot counts no more."""
    return (slot + 1) * _width_ms(limit) + limit.window_ms
