"""What metering costs a worker: CPU time of a whole call's admission and settlement, while fifty calls run at once.

Measured is the gateway's own code from what a request may use to the ledger in a real Redis, less the same loop without
metering. Not in it is Redis's own time, of which the note tells.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import uvloop
from redis.asyncio import Redis

from tests.bench.metered_call import Caller
from tests.bench.processes import GATEWAY_CORE, LOAD_CORE, on_core
from tests.bench.table import Cell
from tollwayd import memory
from tollwayd.core.metering.meters.fallback import Fallback
from tollwayd.core.metering.meters.leasing.slices import Slices
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.proxy.metering.metering import Metering
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.metering.meter import RedisMeter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

TURNS = 25
CALLS = 1_000
AT_ONCE = 50
TARGET = 60.0
"""Microseconds a call."""

# ALLOW, for a busy machine looks like a store that is away, and has few such turns.
RATE = {
    "rateLimit": {"unit": "REQUESTS", "limit": "1000000000", "window": "60s"},
    "subject": {"apiKey": "*"},
    "onStoreError": "ALLOW",
}
BUDGET = {
    "budget": {"limit": {"currencyCode": "USD", "units": "1000000"}, "unit": "COST", "window": "CALENDAR_MONTH"},
    "onStoreError": "ALLOW",
}
LEASED = {**RATE, "rateLimit": {**RATE["rateLimit"], "leased": True}}

POLICIES = {
    "no policies": (),
    "rate and budget": (RATE, BUDGET),
    "leased rate, and budget": (LEASED, BUDGET),
    "leased rate": (LEASED,),
}


class Cost(NamedTuple):
    """Microseconds a call: of this process's CPU, of Redis's, and of time."""

    worker: float
    redis: float
    wall: float

    def less(self, other: Cost) -> Cost:
        """What it costs more."""
        return Cost(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def measure(folder: Path) -> Iterator[Cell]:
    """The cost by what policies a tenant has."""
    memory.settle()
    with on_core(GATEWAY_CORE):
        for number, (name, policies) in enumerate(POLICIES.items()):
            cost, best = uvloop.run(_cost(folder / f"redis-{number}", policies))
            note = f"{best.worker:.3g} at best, {cost.redis:.0f} us of Redis, {1e6 / cost.wall:,.0f} calls/s"
            yield Cell(f"metering: {name}", cost.worker, "us CPU a call", TARGET, costs=True, note=note)


# The median, and the best, which tells of a busy machine what it would be alone.
async def _cost(folder: Path, policies: tuple) -> tuple[Cost, Cost]:
    caller = Caller(policies)
    async with AsyncExitStack() as stack:
        server = EmbeddedRedis(folder)
        with on_core(LOAD_CORE):
            await stack.enter_async_context(server)
        redis = await stack.enter_async_context(Redis.from_url(server.url))
        meter = RedisMeter(server.url)
        stack.push_async_callback(meter.aclose)
        slices = await stack.enter_async_context(Slices(meter))
        metering = Metering(Fallback(slices, LocalMeter(lambda: time.time_ns() // 1_000_000)))
        turns = [await _turn(redis, caller, metering) for _ in range(TURNS)]
    return Cost(*map(statistics.median, zip(*turns, strict=True))), Cost(*map(min, zip(*turns, strict=True)))


async def _turn(redis: Redis, caller: Caller, metering: Metering) -> Cost:
    metered = await _loop(redis, partial(caller.metered, metering))
    plain = await _loop(redis, caller.plain)
    return metered.less(plain)._replace(wall=metered.wall)


async def _loop(redis: Redis, call: Callable[[], Awaitable[None]]) -> Cost:
    numbers = iter(range(CALLS))

    async def calls() -> None:
        for _ in numbers:
            await call()

    redis_before = await _cpu_of(redis)
    before = time.process_time(), time.perf_counter()
    await asyncio.gather(*(calls() for _ in range(AT_ONCE)))
    worker, wall = time.process_time() - before[0], time.perf_counter() - before[1]
    seconds = worker, await _cpu_of(redis) - redis_before, wall
    return Cost(*(each / CALLS * 1e6 for each in seconds))


async def _cpu_of(redis: Redis) -> float:
    said = await redis.info("cpu")
    return said["used_cpu_user"] + said["used_cpu_sys"]
