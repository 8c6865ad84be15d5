"""Calls that are metered without pause, with a record of what was acknowledged, and what the store has of it after."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from tests.metered.over_redis import spent
from tests.metered.words import calls, limit, reservation, settlement
from tests.running.redis_topologies import until
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.limits.limit import Grants
from tollwayd.core.metering.unit import Unit
from tollwayd.state.metering import keys
from tollwayd.state.metering.commands import LEASE_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from tollwayd.core.ports import Meter

SOON = 30.0
BUDGET = 10**12
PATH = "budget"


class MeteredLoad:
    """Calls of several tenants, `workers` of each at once, from entering it until leaving it. Every call costs another
    amount, so that one lost and one doubled cannot make up for each other.

    `acknowledged` holds the costs of the calls that were settled, by tenant and call; `errors` counts calls that were
    not admitted; `longest` is the longest time that one call took, in seconds.
    """

    def __init__(self, meter: Meter, tenants: Sequence[str], workers: int = 4) -> None:
        self.acknowledged: dict[str, dict[str, int]] = {tenant: {} for tenant in tenants}
        self.errors: Counter[str] = Counter()
        self.longest = 0.0
        self.settled = 0
        self._meter = meter
        self._workers = workers
        self._stop = False

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._call_on(tenant, worker))
            for tenant in self.acknowledged
            for worker in range(self._workers)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop = True
        async with asyncio.timeout(SOON):
            await asyncio.gather(*self._tasks)

    async def more(self, count: int) -> None:
        """Returns when so many more calls were settled."""
        wanted = self.settled + count
        async with asyncio.timeout(SOON):
            while self.settled < wanted:
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.01)

    async def _call_on(self, tenant: str, worker: int) -> None:
        number = 0
        while not self._stop:
            began = time.monotonic()
            await self._call(tenant, f"{worker}-{number}", 1 + worker + self._workers * number)
            self.longest = max(self.longest, time.monotonic() - began)
            number += 1

    async def _call(self, tenant: str, call: str, cost: int) -> None:
        wanted = limit(BUDGET, 2 * cost, bucket=PATH, unit=Unit.COST, window_ms=keys.MS_A_DAY), calls(1_000)
        asked = replace(reservation(call, *wanted, if_lost=spent(cost=2 * cost, call=call)), tenant=tenant)
        try:
            answer = await self._meter.reserve(asked)
        except TollwayError as error:
            self.errors[str(error.__cause__ or error)] += 1
            await asyncio.sleep(0.01)
            return
        assert isinstance(answer, Grants)
        await self._meter.settle(replace(settlement(call, spent(cost=cost, call=call)), tenant=tenant))
        self.acknowledged[tenant][call] = cost
        self.settled += 1

    async def differences(self, client: Redis) -> list[str]:
        """What the store has else than what was acknowledged, a line each: of ledgers, budgets and usage. Waits until
        no reservation is held, which the ends of leases would take longer for."""

        async def nothing_is_held() -> bool:
            return not any([await client.hlen(keys.holds(tenant)) for tenant in self.acknowledged])

        await until(nothing_is_held, LEASE_MS / 2_000)
        return [line for tenant in self.acknowledged for line in await self._differences(client, tenant)]

    async def _differences(self, client: Redis, tenant: str) -> list[str]:
        raw = await client.xrange(keys.ledger(tenant))
        entries = [LedgerEntry.FromString(fields[b"e"]) for _, fields in raw]
        counts = Counter(entry.call for entry in entries)
        costs = {entry.call: entry.cost_nanos for entry in entries}
        acknowledged = self.acknowledged[tenant]
        lines = [f"{tenant} {call}: acknowledged, not in the ledger" for call in acknowledged.keys() - costs.keys()]
        lines += [f"{tenant} {call}: {count} entries" for call, count in counts.items() if count > 1]
        lines += [f"{tenant} {call}: in the ledger, not acknowledged" for call in costs.keys() - acknowledged.keys()]
        total = sum(entry.cost_nanos for entry in entries)
        for what, amount in (await self._sums(client, tenant)).items():
            if amount != total:
                lines.append(f"{tenant}: the ledger's sum is {total}, {what} is {amount}")
        return lines

    async def _sums(self, client: Redis, tenant: str) -> dict[str, int]:
        taken, settled, used = 0, 0, 0
        for field, value in (await client.hgetall(keys.limits(tenant))).items():
            if field.startswith(f"{PATH}\x1f".encode()):
                taken, settled = (taken, int(value)) if field.endswith(b"s") else (int(value), settled)
        day = int((await client.time())[0]) // 86_400
        for field, value in (await client.hgetall(keys.usage(tenant, day))).items():
            used += int(value) if field.endswith(b"\x1fcost") else 0
        return {"what is taken of the budget": taken, "what is settled of it": settled, "the usage": used}
