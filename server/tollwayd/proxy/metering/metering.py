"""Metering as the engine uses it, for all calls of a process."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from tollwayd.proxy.metering.ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.core.call import Call
    from tollwayd.core.ports import Meter
    from tollwayd.core.snapshot import Model
    from tollwayd.proxy.engine import Request

CHECKPOINT_SECONDS: Final = 3.0
"""Between two notes of what a running call has used: a fifth of a lease, so four of them can be lost."""

AT_ONCE: Final = 100
"""Calls that are noted in one turn of the event loop, which takes a millisecond or two."""


_logger = logging.getLogger(__name__)


class Metering:
    """Lets calls through by a meter, and settles them with it. `now` is in Unix seconds."""

    def __init__(self, meter: Meter, now: Callable[[], float] = time.time) -> None:
        self.meter: Final = meter
        self.now: Final = now
        self.running: Final[dict[str, Ticket]] = {}

    def ticket(self, call: Call, model: Model, request: Request) -> Ticket:
        """The ticket of a call. REASON_POLICY_DENIED, REASON_MODEL_NOT_ALLOWED, REASON_MAX_TOKENS_EXCEEDED."""
        return Ticket(self, call, model, request)

    async def keep(self) -> None:
        """Tells the meter of the running calls every few seconds, without end."""
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            await self.checkpoint()

    async def checkpoint(self) -> None:
        """Tells it now."""
        for number, (call_id, ticket) in enumerate(list(self.running.items()), 1):
            if call_id in self.running:
                self._note(call_id, ticket)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _note(self, call_id: str, ticket: Ticket) -> None:
        try:
            self.meter.checkpoint(ticket.tenant, call_id, ticket.so_far())
        except Exception:  # A defect in one call must not end the leases of all.
            _logger.exception("What call %s has used cannot be told.", call_id)
