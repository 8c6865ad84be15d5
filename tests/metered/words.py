"""Words for tests of meters: limits, reservations, charges, and a clock that stands still."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tollwayd.core.metering.charge import Charge, Counts, Dimensions
from tollwayd.core.metering.limits.limit import Algorithm, Limit, Reservation, Settlement
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.limits.limit import Grants, Refusal
    from tollwayd.core.ports import Meter

TENANT = "tenants/acme"
NOON = 1_795_780_800_000
"""Unix milliseconds: 2026-11-27, 12:00 UTC."""

TOKENS = {"bucket": "tokens", "unit": Unit.INPUT_TOKENS}
"""What makes a limit one of input tokens."""


class Clock:
    """Unix milliseconds that stand still until they are moved."""

    def __init__(self, now_ms: int = NOON) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


class HoldingStore(LocalMeter):
    """A meter in memory in the place of the store."""

    def hold(self, reservation: Reservation) -> asyncio.Task[Grants | Refusal]:
        return asyncio.create_task(self.reserve(reservation))


def limit(
    most: int, amount: int = 1, *, bucket: str = "rpm", algorithm: Algorithm = Algorithm.FIXED, **others: object
) -> Limit:
    """A limit of requests in a minute, unless told otherwise."""
    others = {"least": amount, "window_ms": 60_000, "unit": Unit.REQUESTS, "burst": most} | others
    return Limit(bucket.partition("|")[0], bucket, limit=most, amount=amount, algorithm=algorithm, **others)


def calls(most: int, **others: object) -> Limit:
    """A limit of calls in flight."""
    others = {"bucket": "calls", "algorithm": Algorithm.CONCURRENCY, "unit": Unit.CALLS, "window_ms": 0} | others
    return limit(most, **others)


def reservation(
    call: str, *limits: Limit, if_lost: Charge | None = None, attempt: int = 0, dry: bool = False
) -> Reservation:
    return Reservation(TENANT, call, limits, if_lost or charge(), attempt, dry)


def settlement(call: str, charged: Charge | None = None, unreserved: Sequence[Limit] | None = None) -> Settlement:
    return Settlement(TENANT, call, charged or charge(), unreserved)


def charge(tokens: int = 0, cost: int = 0, requests: int = 1, provider: str = "") -> Charge:
    """A charge of input tokens."""
    dimensions = Dimensions(model="m", provider=provider)
    return Charge(Counts(input=tokens), cost, requests, dimensions=dimensions, entry=b"e")


async def taken(meter: Meter, *limits: Limit) -> list[int]:
    """What is taken of limits, without taking anything."""
    answer = await meter.reserve(reservation("look", *limits, dry=True))
    return [standing.taken - standing.granted for standing in answer.standings]
