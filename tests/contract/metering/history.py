"""What calls got and what became of it, written down by a test: whether any limit was exceeded, in the plainest words.

It shares no code with any meter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tollwayd.core.metering.limits.limit import Algorithm
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Limit


@dataclass
class Take:
    """What one call has of one limit: what it was granted and, once it is charged, what it used."""

    limit: Limit
    at: int
    amount: int


@dataclass
class Call:
    """One call: `charged` is None while it runs."""

    takes: list[Take] = field(default_factory=list)
    attempt: int = 0
    charged: Charge | None = None


class History:
    """All calls of a tenant."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}

    def admit(self, name: str, attempt: int, now: int, granted: Sequence[tuple[Limit, int]]) -> None:
        """Writes down what a call got, which must have been there."""
        call = self.calls.setdefault(name, Call())
        for limit, amount in granted:
            if any(take.limit.bucket == limit.bucket for take in call.takes):
                continue
            if limit.enforce:
                room = self.room(limit, now)
                assert amount <= room, f"{name} got {amount} of {limit.bucket}, which had {room}"
            call.takes.append(Take(limit, now, amount))
        call.attempt = attempt

    def charge(self, name: str, charge: Charge) -> None:
        """Writes down what a call used, in the place of what was known before."""
        call = self.calls[name]
        call.charged = charge
        for take in call.takes:
            left = take.limit.provider and charge.dimensions.provider not in {"", take.limit.provider}
            take.amount = 0 if left and take.limit.unit is not Unit.REQUESTS else charge.amount(take.limit.unit)

    def room(self, limit: Limit, now: int) -> int:
        """What may still be given of a limit."""
        takes = [take for call in self.calls.values() for take in call.takes if take.limit.bucket == limit.bucket]
        match limit.algorithm:
            case Algorithm.CONCURRENCY:
                return limit.limit - sum(take.amount for take in takes)
            case Algorithm.BUCKET:
                starts = {take.at for take in takes}
                return min((self._flowed(limit, takes, start, now) for start in starts), default=limit.burst)
            case Algorithm.SLIDING:
                return limit.limit - sum(take.amount for take in takes if take.at > now - limit.window_ms)
        start = limit.calendar.around(now)[0] if limit.calendar else now - now % limit.window_ms
        return limit.limit - sum(take.amount for take in takes if take.at >= start)

    @staticmethod
    def _flowed(limit: Limit, takes: Sequence[Take], start: int, now: int) -> int:
        """What a bucket that was full at a moment has left now; a part of a unit counts as one."""
        flowed = limit.limit * (now - start) // limit.window_ms + 1
        return limit.burst + flowed - sum(take.amount for take in takes if take.at >= start)

    @property
    def running(self) -> list[str]:
        return [name for name, call in self.calls.items() if call.charged is None]

    @property
    def cost(self) -> int:
        """What all calls cost that are to be in the ledger."""
        return sum(call.charged.cost for call in self.calls.values() if call.charged and call.charged.entry)
