"""The meter that admits by slices."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol, Self

from msgspec.structs import replace

from tollwayd.core.metering.limits.limit import Grants, Refusal, Reservation
from tollwayd.core.metering.meters.leasing.lots import Lots
from tollwayd.core.metering.meters.leasing.running import Running
from tollwayd.core.ports import Meter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from types import TracebackType

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Limit, Settlement


class HoldingMeter(Meter, Protocol):
    """A `Meter` that can be told of a call without being asked."""

    def hold(self, reservation: Reservation) -> asyncio.Future[Any]:
        """Reserves without limits, which is never refused. It is under way when this returns.
        REASON_STORE_UNAVAILABLE."""
        ...


class Slices:
    """A `Meter` that takes slices of the limits that are `leased`, by the meter behind it, and admits calls from them.

    A slice is a reservation like any other, so in all never more is admitted than the limit, and one that is lost with
    its process counts whole. A call that is admitted by slices alone waits for nothing: its own reservation, by which
    it outlives the process in the ledger, is sent and not waited for. Slices go back when the context ends. `clock` is
    in seconds, and steady.
    """

    def __init__(self, meter: HoldingMeter, clock: Callable[[], float] = time.monotonic) -> None:
        self._meter = meter
        self._clock = clock
        self._lots = Lots(meter, clock)
        self._running: dict[tuple[str, str], Running] = {}
        self._tending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._tending = asyncio.create_task(self._lots.tend_on(), name="slices")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tending
        self._tending.cancel()
        await asyncio.wait([self._tending])
        await self._lots.put_all_down()

    def reserve(self, reservation: Reservation) -> Coroutine[Any, Any, Grants | Refusal]:
        if self._running and (running := self._running.get((reservation.tenant, reservation.call))):
            return self._reserve_more(reservation, running)
        if not reservation.dry:
            for limit in reservation.limits:
                if limit.leased:
                    attempt = reservation.attempt
                    return self._ask_for(reservation.limits, reservation) if attempt else self._reserve(reservation)
        return self._meter.reserve(reservation)

    async def _reserve(self, reservation: Reservation) -> Grants | Refusal:
        tenant, call, limits = reservation.tenant, reservation.call, reservation.limits
        take, now = self._lots.take, self._clock()
        running = Running(limits, [take(tenant, limit, now) if limit.leased else None for limit in limits])
        answer: Grants | Refusal | None = None
        if None in running.slices:
            answer = await self._ask_beside(running, reservation)
            if answer and len(answer.standings) == len(limits):
                return answer
            now = self._clock()
        answer = running.told(limits, running.slices, answer, now)
        if isinstance(answer, Grants):
            running.grants = answer
            self._running[tenant, call] = running
            if None not in running.slices:
                running.sent = self._meter.hold(Reservation(tenant, call, (), reservation.if_lost))
        return answer

    async def _ask_beside(self, running: Running, reservation: Reservation) -> Grants | Refusal | None:
        """What the store says of limits of which the call has no slice; None where it got slices of all of them. What
        it has taken goes back where that fails or refuses."""
        try:
            rest = running.rest()
            for limit in rest:
                if limit.leased:
                    rest = await self._wait(running, reservation.tenant)
                    break
            if not rest:
                return None
            with running:
                answer = await self._ask_for(rest, reservation)
        except BaseException:
            running.give_back()
            raise
        if isinstance(answer, Refusal):
            running.give_back()  # Before it is told how the slices stand: of them, too, nothing is taken.
        return answer

    async def _wait(self, running: Running, tenant: str) -> list[Limit]:
        """Takes of the slices that are on their way, and tells what limits have none even then. All slices that are
        missing are asked for at once: a call waits for one round trip."""
        lots, limits, slices, now = self._lots, running.limits, running.slices, self._clock()
        missing = [place for place, limit in enumerate(limits) if limit.leased and slices[place] is None]
        for place in [place for place in missing if lots.fetches(tenant, limits[place], now)]:
            with running:
                part = await lots.wait(tenant, limits[place])
            slices[place] = part
        return running.rest()

    async def _reserve_more(self, reservation: Reservation, running: Running) -> Grants | Refusal:
        """A further attempt takes of no more slices: it may name what the call has, of the store or of slices."""
        assert running.grants
        if running.attempt >= reservation.attempt:
            return running.grants
        if reservation.dry:
            return await self._meter.reserve(reservation)
        limits, slices = reservation.limits, running.slices_of(reservation.limits)
        rest = [limit for limit, part in zip(limits, slices, strict=True) if part is None]
        answer = await self._ask_for(rest, reservation) if rest else None
        answer = running.told(limits, slices, answer, self._clock())
        if isinstance(answer, Grants):
            running.attempt, running.grants = reservation.attempt, answer
        return answer

    def settle(self, settlement: Settlement) -> Awaitable[None]:
        call = settlement.tenant, settlement.call
        running = self._running.get(call) if self._running else None
        if running is None:
            return self._meter.settle(settlement)
        if running.booked:
            return running.booked
        running.settle(settlement.charge)
        if running.is_under_way:
            running.booked = self._settle_later(running, settlement)
            return running.booked
        del self._running[call]
        return self._settle_held(running, settlement)

    def checkpoint(self, tenant: str, call: str, if_lost: Charge) -> None:
        self._meter.checkpoint(tenant, call, if_lost)

    async def _ask_for(self, limits: Sequence[Limit], reservation: Reservation) -> Grants | Refusal:
        """Asks the store for some of a call's limits. How those stand of which there may be slices is noted."""
        tenant, call, attempt = reservation.tenant, reservation.call, reservation.attempt
        answer = await self._meter.reserve(Reservation(tenant, call, limits, reservation.if_lost, attempt))
        for standing in answer.standings:
            if standing.limit.leased:
                self._lots.hear(tenant, standing)
        return answer

    def _settle_held(self, running: Running, settlement: Settlement) -> Awaitable[None]:
        if not running.is_held and settlement.unreserved is None:
            # The store may know nothing of the call, and would take it for settled.
            settlement = replace(settlement, unreserved=())
        return self._meter.settle(settlement)

    def _settle_later(self, running: Running, settlement: Settlement) -> asyncio.Future[None]:
        booked: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def held(_: object) -> None:
            del self._running[settlement.tenant, settlement.call]
            asyncio.ensure_future(self._settle_held(running, settlement)).add_done_callback(ended)

        def ended(_: object) -> None:
            if not booked.done():  # Who awaits it may have been cancelled.
                booked.set_result(None)

        assert running.sent
        running.sent.add_done_callback(held)
        return booked
