"""What every algorithm answers for one count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Limit


class Count(Protocol):
    """What is taken of one bucket. `now_ms` is Unix milliseconds; the limit may change from call to call."""

    def taken(self, limit: Limit, now_ms: int) -> int:
        """What is taken now, in the limit's unit."""
        ...

    def take(self, limit: Limit, now_ms: int, amount: int) -> int:
        """Takes an amount, and gives the place in time where it lies, for `settle`."""
        ...

    def settle(self, limit: Limit, now_ms: int, place: int, held: int, used: int) -> None:
        """Turns what was taken at a place from the amount held into the amount used."""
        ...

    def reset_ms(self, limit: Limit, now_ms: int) -> int:
        """In how many milliseconds nothing of what is taken now counts any more; 0 where time alone does not tell."""
        ...

    def wait_ms(self, limit: Limit, now_ms: int, room: int) -> int | None:
        """In how many milliseconds `room` less is taken, of what is; None where time alone does not tell."""
        ...
