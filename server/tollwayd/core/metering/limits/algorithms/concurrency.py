"""Calls in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Limit


class Concurrency:
    """A number that goes up and down."""

    def __init__(self) -> None:
        self._taken = 0

    def taken(self, limit: Limit, now_ms: int) -> int:
        return self._taken

    def take(self, limit: Limit, now_ms: int, amount: int) -> int:
        self._taken += amount
        return 0

    def settle(self, limit: Limit, now_ms: int, place: int, held: int, used: int) -> None:
        self._taken += used - held

    def reset_ms(self, limit: Limit, now_ms: int) -> int:
        return 0

    def wait_ms(self, limit: Limit, now_ms: int, room: int) -> int | None:
        return None
