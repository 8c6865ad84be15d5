"""What a running call holds of its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Limit


@dataclass(slots=True)
class Held:
    """What a call holds of one limit: where in time it was taken, how much, and whether it exceeded the limit."""

    limit: Limit
    place: int
    amount: int
    exceeded: bool


@dataclass(slots=True)
class Hold:
    """What a call holds of all its limits, by their buckets. After `ends_ms` it counts as lost, and costs `if_lost`."""

    if_lost: Charge
    ends_ms: int
    held: dict[str, Held] = field(default_factory=dict)


def used(limit: Limit, charge: Charge) -> int:
    """What of a call's charge counts against one of its limits, in that one's unit.

    A provider that was left for another one has served a request, and no more.
    """
    left = limit.provider and charge.dimensions.provider not in {"", limit.provider}
    return 0 if left and limit.unit is not Unit.REQUESTS else charge.amount(limit.unit)
