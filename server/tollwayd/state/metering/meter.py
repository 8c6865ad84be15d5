"""The Meter over Redis."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tollwayd.core.failpoint import failpoint
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Grants
from tollwayd.state.metering.clock import StoreClock
from tollwayd.state.metering.commands import Checkpointing, Holding, Reaping, Record, Reserving, Settling
from tollwayd.state.metering.payload import charge_bytes, limits_bytes, reached
from tollwayd.state.metering.shards import Shards
from tollwayd.state.metering.spool_port import MemorySpool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Limit, Refusal, Reservation, Settlement
    from tollwayd.core.metering.limits.reached import Reached
    from tollwayd.state.metering.spool_port import Spool

CLOSING_SECONDS: Final = 5.0
"""How long the end of the process waits for the store, where there is no spool on disk."""

_NOTHING: Final = charge_bytes(NOTHING)
_encode: Final = msgspec.msgpack.Encoder().encode
_record: Final = msgspec.msgpack.Decoder(Record).decode

_logger = logging.getLogger(__name__)


class RedisMeter:
    """A `Meter` in the Redis, the Sentinel group or the cluster of a URL. Connects when it is first used; close it.

    Settlements that the store cannot take go to the spool, and from there to `book`, as often as it takes.
    `on_reached` is told of thresholds that were reached by what this process booked; all are in the tenant's stream.
    """

    def __init__(
        self, url: str, spool: Spool | None = None, on_reached: Callable[[Reached], None] = lambda _: None
    ) -> None:
        self._clock = StoreClock()
        self._shards = Shards(url, self._clock, self._tell)
        self._on_reached = on_reached
        self._memory = MemorySpool(self.book)
        self._spool = spool or self._memory
        self._keeping: set[asyncio.Task[None]] = set()
        self._held: dict[tuple[str, str], Sequence[Limit]] = {}

    async def aclose(self) -> None:
        """Waits for what is under way, and closes the connections. What only memory has, and the store does not take
        within CLOSING_SECONDS, is lost."""
        await self._shards.drained()
        if self._keeping:
            _, left = await asyncio.wait(self._keeping, timeout=CLOSING_SECONDS)
            for task in left:
                task.cancel()
            if left:
                _logger.error(
                    "%d settlements were in memory only and are lost: the store did not come back.", len(left)
                )
        await self._shards.aclose()

    async def reserve(self, reservation: Reservation) -> Grants | Refusal:
        failpoint("meter.reserving")
        tenant, shards = reservation.tenant, self._shards
        future, lost = asyncio.get_running_loop().create_future(), charge_bytes(reservation.if_lost)
        command = Reserving(tenant, future, shards, reservation=reservation, lost=lost)
        shards.send(tenant, command)
        try:
            answer: Grants | Refusal = await future
        except BaseException:
            command.wanted = False
            if command.sends and not reservation.dry and reservation.attempt == 0:
                self._call_off(reservation)
            raise
        failpoint("meter.reserved")
        if isinstance(answer, Grants) and not reservation.dry:
            # Noted until it is settled: the store may lose it.
            call, limits = (tenant, reservation.call), reservation.limits
            self._held[call] = _joined(self._held[call], limits) if call in self._held else limits
        return answer

    def hold(self, reservation: Reservation) -> asyncio.Future[Any]:
        """Reserves without limits, which is never refused. It is under way when this returns, and fails as `reserve`
        does."""
        tenant, shards = reservation.tenant, self._shards
        self._held[tenant, reservation.call] = ()  # Its settlement may come before it is known to be held.
        future, lost = asyncio.get_running_loop().create_future(), charge_bytes(reservation.if_lost)
        shards.send(tenant, Holding(tenant, future, shards, reservation=reservation, lost=lost, unheld=self._unheld))
        return future

    def _unheld(self, command: Holding, reservation: Reservation) -> None:
        self._held.pop((reservation.tenant, reservation.call), None)
        if command.sends:
            self._call_off(reservation)

    def settle(self, settlement: Settlement) -> Awaitable[None]:
        failpoint("meter.settling")
        tenant, call, shards = settlement.tenant, settlement.call, self._shards
        unreserved = b""
        if settlement.unreserved is not None:
            unreserved = limits_bytes(settlement.unreserved, self._clock.now_ms())
        future, charge = asyncio.get_running_loop().create_future(), charge_bytes(settlement.charge)
        held = self._held.pop((tenant, call), None)
        shards.send(
            tenant,
            Settling(
                tenant, future, shards, call=call, charge=charge, unreserved=unreserved, keep=self._keep, held=held
            ),
        )
        return future

    def checkpoint(self, tenant: str, call: str, if_lost: Charge) -> None:
        future, lost = asyncio.get_running_loop().create_future(), charge_bytes(if_lost)
        self._shards.send(tenant, Checkpointing(tenant, future, self._shards, call=call, lost=lost))

    async def reap(self, tenant: str) -> int:
        """Books a tenant's lost calls, REAPED at most, and gives how many there were. REASON_STORE_UNAVAILABLE."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._shards.send(tenant, Reaping(tenant, future, self._shards))
        return int(await future)

    async def book(self, record: bytes) -> None:
        """Books what a spool has kept; safe to repeat. REASON_STORE_UNAVAILABLE: later, then. ValueError for what is no
        record."""
        try:
            settled = _record(record).at(self._clock.now_ms())
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from error
        await self._settling(settled)

    def _settling(self, record: Record, keep: Callable[[Settling], None] | None = None) -> asyncio.Future[Any]:
        """Has a record settled; under way when this returns."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        settling = Settling(
            record.tenant,
            future,
            self._shards,
            call=record.call,
            charge=record.charge,
            unreserved=record.unreserved,
            called_off=record.called_off,
            keep=keep,
        )
        self._shards.send(record.tenant, settling)
        return future

    def _tell(self, tenant: str, told: Sequence[Any]) -> None:
        for each in reached(tenant, told):
            self._on_reached(each)

    def _call_off(self, reservation: Reservation) -> None:
        # Sent, and no answer: what was taken, or is taken yet, must not be charged as if the call had run and vanished.
        self._settling(Record(reservation.tenant, reservation.call, _NOTHING, called_off=True), self._keep)

    def _keep(self, settling: Settling) -> None:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(self._spooled(settling))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _spooled(self, settling: Settling) -> None:
        record = _encode(settling.kept)
        try:
            if not await self._spool.append(record):
                await self._memory.append(record)
        except ValueError:
            _logger.exception("Call %s cannot be booked: its record in the store is damaged.", settling.call)
        settling.done()


def _joined(before: Sequence[Limit], more: Sequence[Limit]) -> Sequence[Limit]:
    """Each bucket once: a further attempt may name what the call has."""
    return [*{limit.bucket: limit for limit in (*before, *more)}.values()]
