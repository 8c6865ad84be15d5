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
        if not reservation.dry and not reservation.attempt:
            for limit in reservation.limits:
                if limit.leased:
                    return self._reserve(reservation)
        return self._meter.reserve(reservation)

    async def _reserve(self, reservation: Reservation) -> Grants | Refusal:
        tenant, call, limits = reservation.tenant, reservation.call, reservation.limits
        running, rest, lots, now = Running(), [], self._lots, self._clock()
        takes = running.takes
        try:
            for limit in limits:
                part = None
                if limit.leased and not (part := lots.take(tenant, limit, now)):
                    with running:
                        part = await lots.wait(tenant, limit)
                    now = self._clock()
                if part:
                    takes[limit.bucket] = part, limit
                else:
                    rest.append(limit)
            answer = None
            if rest:
                with running:
                    answer = await self._ask_for(rest, reservation)
        except BaseException:
            running.give_back()
            raise
        if len(rest) == len(limits):
            assert answer
            return answer
        if isinstance(answer, Refusal):
            running.give_back()  # Before it is told how the slices stand: of them, too, nothing is taken.
        told = running.told(limits, answer, self._clock())
        if isinstance(told, Refusal):
            return told
        running.grants = told
        self._running[tenant, call] = running
        if not rest:
            running.sent = self._meter.hold(Reservation(tenant, call, (), reservation.if_lost))
        return told

    async def _reserve_more(self, reservation: Reservation, running: Running) -> Grants | Refusal:
        """A further attempt takes of no more slices: it may name what the call has, of the store or of slices."""
        assert running.grants
        if running.attempt >= reservation.attempt:
            return running.grants
        if reservation.dry:
            return await self._meter.reserve(reservation)
        rest = running.rest(reservation.limits)
        answer = await self._ask_for(rest, reservation) if rest else None
        told = running.told(reservation.limits, answer, self._clock())
        if isinstance(told, Grants):
            running.attempt, running.grants = reservation.attempt, told
        return told

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

    async def _ask_for(self, rest: Sequence[Limit], reservation: Reservation) -> Grants | Refusal:
        if len(rest) < len(reservation.limits):
            reservation = replace(reservation, limits=rest)
        answer = await self._meter.reserve(reservation)
        for standing in answer.standings:
            if standing.limit.leased:
                self._lots.hear(reservation.tenant, standing)
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
