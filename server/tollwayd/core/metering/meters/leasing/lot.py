"""The slices that a process has of one limit, and how large the next one should be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.limits.judgement import most
from tollwayd.core.metering.limits.limit import Algorithm

if TYPE_CHECKING:
    import asyncio

    from tollwayd.core.metering.limits.limit import Limit, Standing
    from tollwayd.core.metering.meters.leasing.slice import Slice

PART: Final = 16
"""A slice is at most this part of what is left of the limit: the more is taken, the less lies about unused."""

FIRST_CALLS: Final = 8
"""How many calls the first slice is for."""

FEWEST_CALLS: Final = 2
"""A slice for fewer calls than this saves nothing: each then asks for itself."""

KNOWN_SECONDS: Final = 0.1
"""How long it is believed how much is left."""

BUSY_SECONDS: Final = 0.05
"""Calls that come further apart than this ask for themselves: a slice would have been given back between them."""

SHORTEST_PART_MS: Final = 20
"""In a sliding window a slice lasts for a 512th of it; where that is shorter than this, it is not worth its trouble."""


class Lot:
    """The slices of one limit, by the process's clock in seconds."""

    __slots__ = ("_known_until", "_left", "_size", "refill", "seen", "slices", "tenant")

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.slices: list[Slice] = []
        self.refill: asyncio.Task[None] | None = None
        self.seen = -math.inf
        self._size = 0
        self._left = 0
        self._known_until = -math.inf

    def take(self, amount: int, now: float) -> Slice | None:
        """Takes an amount of one of the slices, if one has it."""
        for part in self.slices:
            if part.take(amount, now):
                self.seen = now
                return part
        return None

    def is_low(self, part: Slice) -> bool:
        """Whether it is time for another slice, after a call has taken most of one."""
        return part is self.slices[-1] and not self.refill

    def wanted(self, limit: Limit, now: float) -> int:
        """How large the next slice should be; 0 where the call should ask for itself."""
        busy, self.seen = now - self.seen < BUSY_SECONDS, now
        if not busy or (limit.algorithm is Algorithm.SLIDING and limit.window_ms < 512 * SHORTEST_PART_MS):
            return 0
        left = self._left if now < self._known_until else most(limit)
        size = min(max(self._size, FIRST_CALLS * limit.amount), left // PART)
        return size if size >= FEWEST_CALLS * limit.amount else 0

    def hear(self, standing: Standing, now: float) -> None:
        """Notes how much is left of the limit."""
        self._left = max(0, most(standing.limit) - standing.taken)
        self._known_until = now + min(KNOWN_SECONDS, standing.reset_ms / 1_000)

    def add(self, part: Slice) -> None:
        """One more slice: it was needed, so the next is larger."""
        self.slices.append(part)
        self._size = 2 * part.amount

    def remove(self, part: Slice) -> None:
        """A slice is put down; where most of it was not needed, the next is smaller."""
        self.slices.remove(part)
        if 2 * part.taken < part.amount:
            self._size = part.amount // 2
