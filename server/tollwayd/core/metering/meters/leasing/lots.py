"""All slices of a process: where they come from and when they go back."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tollwayd.core.metering.limits.limit import Grants, Reservation, Settlement
from tollwayd.core.metering.meters.leasing.lot import Lot
from tollwayd.core.metering.meters.leasing.slice import Slice, charge_of
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tollwayd.core.metering.limits.limit import Limit, Standing
    from tollwayd.core.ports import Meter

IDLE_SECONDS: Final = 0.05
"""After so long without a call, what is left of a slice goes back."""

TEND_SECONDS: Final = 0.02
"""Between two looks at all slices."""

TELL_SECONDS: Final = 3.0
"""Between two times that the store is told that a slice is still in use."""

FORGOTTEN_SECONDS: Final = 1.0
"""After so long without a call, a limit is forgotten: callers choose the names of some, and each is looked at."""


class Lots:
    """Slices of limits, taken by a `Meter`. `clock` is in seconds, and steady."""

    def __init__(self, meter: Meter, clock: Callable[[], float]) -> None:
        self._meter = meter
        self._clock = clock
        self._lots: dict[tuple[str, str, bool], Lot] = {}
        self._names = (f"slice-{os.urandom(8).hex()}-{number}" for number in itertools.count())
        self._some = asyncio.Event()

    def take(self, tenant: str, limit: Limit, now: float) -> Slice | None:
        """Takes of a slice what a call wants, if there is one that has it at this time of the clock."""
        lot = self._lots.get((tenant, limit.bucket, limit.enforce))
        if lot is None:
            return None
        part = lot.take(limit.amount, now)
        if part and 4 * part.taken >= 3 * part.amount and lot.is_low(part):
            self._refill(lot, limit, now)
        return part

    def fetches(self, tenant: str, limit: Limit, now: float) -> bool:
        """Has a slice brought that has what a call wants; says whether one is on its way, else the call asks for
        itself."""
        lot = self._lot(tenant, limit)
        return (lot.refill or self._refill(lot, limit, now)) is not None

    async def wait(self, tenant: str, limit: Limit) -> Slice | None:
        """Takes of a slice that is on its way, or came meanwhile; None where the call should ask for itself.
        REASON_STORE_UNAVAILABLE."""
        lot = self._lot(tenant, limit)
        part = await self._next(lot, limit)
        if part is None and self.fetches(tenant, limit, self._clock()):  # Others that wait have taken all of the first.
            part = await self._next(lot, limit)
        return part

    async def _next(self, lot: Lot, limit: Limit) -> Slice | None:
        if lot.refill:
            await asyncio.shield(lot.refill)
        return lot.take(limit.amount, self._clock())

    def hear(self, tenant: str, standing: Standing) -> None:
        """Notes how a limit stands, of which a call asked for itself."""
        self._lot(tenant, standing.limit).hear(standing, self._clock())

    def tend(self) -> None:
        """Puts down what is used up, over or not needed, and tells the store of the rest from time to time."""
        now = self._clock()
        for key, lot in [*self._lots.items()]:
            if lot.slices:
                self._tend(lot, now)
            if not lot.slices and not lot.refill and now - lot.seen > FORGOTTEN_SECONDS:
                del self._lots[key]

    def _tend(self, lot: Lot, now: float) -> None:
        for part in [*lot.slices]:
            if _is_done(part, now):
                self._put_down(lot, part)
            elif now - part.told >= TELL_SECONDS:
                part.told = now
                self._meter.checkpoint(lot.tenant, part.call, part.whole())

    async def tend_on(self) -> None:
        """Tends them, as long as there are any."""
        while True:
            await self._some.wait()
            await asyncio.sleep(TEND_SECONDS)
            self.tend()
            if not self._lots:
                self._some.clear()

    async def put_all_down(self) -> None:
        """Gives everything back; no call may take anything any more."""
        await asyncio.gather(*(lot.refill for lot in self._lots.values() if lot.refill), return_exceptions=True)
        parts = [(lot, part) for lot in self._lots.values() for part in lot.slices]
        await asyncio.gather(*(self._put_down(lot, part) for lot, part in parts))

    def _lot(self, tenant: str, limit: Limit) -> Lot:
        # What a limit that refuses nobody gives may be beyond it.
        key = tenant, limit.bucket, limit.enforce
        if (lot := self._lots.get(key)) is None:
            lot = self._lots[key] = Lot(tenant)
            self._some.set()
        return lot

    def _refill(self, lot: Lot, limit: Limit, now: float) -> asyncio.Task[None] | None:
        if size := lot.wanted(limit, now):
            lot.refill = asyncio.create_task(self._fetch(lot, replace(limit, amount=size, least=limit.amount)))
            lot.refill.add_done_callback(_retrieve)
        return lot.refill

    async def _fetch(self, lot: Lot, wanted: Limit) -> None:
        call, sent = next(self._names), self._clock()
        try:
            if_lost = charge_of(wanted.unit, wanted.amount)
            answer = await self._meter.reserve(Reservation(lot.tenant, call, (wanted,), if_lost))
        finally:
            lot.refill = None
        lot.hear(answer.standings[0], self._clock())
        if isinstance(answer, Grants):
            part = Slice(call, answer, sent)
            lot.add(part)
            if part.amount < wanted.amount:
                self._meter.checkpoint(lot.tenant, call, part.whole())

    def _put_down(self, lot: Lot, part: Slice) -> Awaitable[None]:
        lot.remove(part)
        return self._meter.settle(Settlement(lot.tenant, part.call, part.charge()))


def _is_done(part: Slice, now: float) -> bool:
    """Whether a slice can be settled. A call that is let through charges one request, so there is no need to wait for
    its end; what it charges of anything else is not known before."""
    if part.undecided or (part.running and part.limit.unit is not Unit.REQUESTS):
        return False
    return part.left(now) <= 0 or now - part.used_at >= IDLE_SECONDS


def _retrieve(refill: asyncio.Task[None]) -> None:
    """That a slice could not be had is news to those alone who wait for it."""
    if not refill.cancelled():
        refill.exception()
