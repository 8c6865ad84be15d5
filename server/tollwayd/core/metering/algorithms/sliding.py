"""A window that ends now, whenever now is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tollwayd.core.metering.limit import Limit

SLOTS: Final = 512
"""Parts that a window's time is counted in. What is taken counts for a window and up to one part more, never less."""


class Sliding:
    """What was taken in each part of the window: a place is a part's number, counted from the Unix epoch."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}
        self._total = 0

    def taken(self, limit: Limit, now_ms: int) -> int:
        first = _slot(limit, now_ms) - SLOTS
        for slot in [slot for slot in self._slots if slot < first]:
            self._total -= self._slots.pop(slot)
        return self._total

    def take(self, limit: Limit, now_ms: int, amount: int) -> int:
        slot = _slot(limit, now_ms)
        self._add(slot, amount)
        return slot

    def settle(self, limit: Limit, now_ms: int, place: int, held: int, used: int) -> None:
        if place >= _slot(limit, now_ms) - SLOTS:
            self._add(place, used - held)

    def reset_ms(self, limit: Limit, now_ms: int) -> int:
        return self.wait_ms(limit, now_ms, self.taken(limit, now_ms))

    def wait_ms(self, limit: Limit, now_ms: int, room: int) -> int:
        self.taken(limit, now_ms)
        last = 0
        for slot in sorted(self._slots):
            if room <= 0:
                break
            room -= self._slots[slot]
            last = slot
        return _leaves_ms(limit, last) - now_ms if last else 0

    def _add(self, slot: int, amount: int) -> None:
        self._total += amount
        if left := self._slots.get(slot, 0) + amount:
            self._slots[slot] = left
        else:
            self._slots.pop(slot, None)


def _slot(limit: Limit, now_ms: int) -> int:
    return now_ms * SLOTS // limit.window_ms


def _leaves_ms(limit: Limit, slot: int) -> int:
    """The first millisecond at which a slot counts no more."""
    return -(-(slot + SLOTS + 1) * limit.window_ms // SLOTS)
