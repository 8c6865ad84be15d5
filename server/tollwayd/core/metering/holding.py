"""What a running call holds of its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limit import Limit


@dataclass(slots=True)
class Held:
    """What a call holds of one limit: where in time it was taken, how much, by which attempt, and whether it exceeded
    the limit."""

    limit: Limit
    place: int
    amount: int
    attempt: int
    exceeded: bool


@dataclass(slots=True)
class Hold:
    """What a call holds of all its limits. After `ends_ms` it counts as lost, and costs `if_lost`."""

    attempt: int
    if_lost: Charge
    ends_ms: int
    held: list[Held] = field(default_factory=list)

    def of(self, bucket: str, attempt: int | None = None) -> Held | None:
        """What it holds of a bucket, by any attempt or by one."""
        found = (held for held in self.held if held.limit.bucket == bucket and attempt in {None, held.attempt})
        return next(found, None)

    def used(self, held: Held, charge: Charge) -> int:
        """What of the call's charge counts against one of its limits, in that one's unit.

        A provider that was left for another one has served a request, and no more.
        """
        left = held.limit.provider and held.attempt < self.attempt
        return 0 if left and held.limit.unit is not Unit.REQUESTS else charge.amount(held.limit.unit)
