"""The Meter over Redis."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.connection import connect
from tollwayd.state.metering.clock import StoreClock
from tollwayd.state.metering.correction import corrections
from tollwayd.state.metering.scripts import CHECKPOINT, REAP, RESERVE, SETTLE, all_keys
from tollwayd.state.metering.wire import (
    LOST,
    MOVED_ON,
    OVER,
    UNKNOWN,
    charge_bytes,
    decision,
    limits_bytes,
)
from tollwayd.state.outage import reach

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limit import Grants, Refusal, Reservation, Settlement
    from tollwayd.state.script import Script

LEASE_MS: Final = 15_000
"""Until a call of which nothing was heard is booked as lost; running ones are heard of every few seconds."""

REAPED: Final = 100
"""Lost calls that one script books at most: a few milliseconds of the store's time."""

_TRIES: Final = 5  # A window or a day that ends between a question and its answer does so once, or a clock is set.

_logger = logging.getLogger(__name__)


class RedisMeter:
    """A `Meter` at a `redis://`, `rediss://` or `unix://` URL. Connects when it is first used; close it."""

    def __init__(self, url: str) -> None:
        self._client = connect(url)
        self._clock = StoreClock()
        self._running: set[asyncio.Task[Any]] = set()

    async def aclose(self) -> None:
        """Waits for what is under way, and closes the connections."""
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._client.aclose()

    async def reserve(self, reservation: Reservation) -> Grants | Refusal:
        lost, dry = charge_bytes(reservation.if_lost), int(reservation.dry)

        def arguments() -> tuple[str | bytes | int, ...]:
            limits = limits_bytes(reservation.limits, self._clock.now_ms())
            return reservation.call, LEASE_MS, dry, limits, lost, self._clock.day()

        answer = await self._ask(RESERVE, reservation.tenant, arguments)
        if answer[0] == OVER:
            # It was booked as lost, or called off: nothing that it does now would be charged.
            raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)
        return decision(answer, reservation.limits)

    def settle(self, settlement: Settlement) -> Awaitable[None]:
        charge = charge_bytes(settlement.charge)
        unreserved = b""
        if settlement.unreserved is not None:
            unreserved = limits_bytes(settlement.unreserved, self._clock.now_ms())
        return asyncio.shield(self._start(self._settle(settlement.tenant, settlement.call, charge, unreserved)))

    def checkpoint(self, tenant: str, call: str, if_lost: Charge) -> None:
        lost = charge_bytes(if_lost)
        self._start(self._checkpoint(tenant, call, lost))

    async def reap(self, tenant: str) -> int:
        """Books a tenant's lost calls, REAPED at most, and gives how many there were. REASON_STORE_UNAVAILABLE."""
        _, _, reaped, _ = await self._ask(REAP, tenant, lambda: (self._clock.day(), REAPED))
        return int(reaped)

    async def _checkpoint(self, tenant: str, call: str, lost: bytes) -> None:
        with suppress(TollwayError):
            await self._ask(CHECKPOINT, tenant, lambda: (call, lost, LEASE_MS))

    async def _settle(
        self, tenant: str, call: str, charge: bytes, unreserved: bytes, wish: str = "", booked: bytes = b""
    ) -> None:
        answer = await self._ask(SETTLE, tenant, lambda: (call, charge, unreserved, self._clock.day(), wish, booked))
        if answer[0] == LOST:
            await self._settle(tenant, call, charge, unreserved, "corrected", corrections(answer[2], charge))
        if answer[0] == UNKNOWN:
            _logger.warning("Call %s was settled, of which the store knows no reservation.", call)

    async def _ask(self, script: Script, tenant: str, arguments: Callable[[], tuple[str | bytes | int, ...]]) -> Any:
        """Runs a script, again where its answer is that a window or the day has moved on."""
        sent = 0

        async def send() -> Any:
            nonlocal sent
            sent += 1
            keys = all_keys(tenant, self._clock.day())
            return await script.run(self._client, keys, *arguments(), int(sent == 1))

        for _ in range(_TRIES):
            answer = await reach(send)
            self._clock.hear(answer[1])
            if answer[0] != MOVED_ON:
                return answer
            sent = 0
        raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
