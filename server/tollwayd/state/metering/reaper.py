"""Calls that were lost with their process are booked by those that are left."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

from tollwayd.core.errors import TollwayError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

ROUND_SECONDS: Final = 2.0
"""Between the starts of two rounds, where there are few tenants."""

TENANT_SECONDS: Final = 0.005
"""Between two tenants: in a round of many, no more than a fraction of the store's time goes into it. Tenants whose
programs are calling do not wait for their turn: each call of theirs books a few of those that were lost."""


class Reaps(Protocol):
    """What books a tenant's lost calls, a bounded number at a time, and gives how many there were."""

    async def reap(self, tenant: str) -> int: ...


@asynccontextmanager
async def reap(meter: Reaps, tenants: Callable[[], Iterable[str]]) -> AsyncIterator[None]:
    """Books lost calls of all tenants, round after round, while the context is open."""
    task = asyncio.create_task(_reap_on(meter, tenants), name="book lost calls")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _reap_on(meter: Reaps, tenants: Callable[[], Iterable[str]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        next_round = loop.time() + ROUND_SECONDS
        for tenant in list(tenants()):
            with suppress(TollwayError):
                while await meter.reap(tenant):
                    pass
            await asyncio.sleep(TENANT_SECONDS)
        await asyncio.sleep(next_round - loop.time())
