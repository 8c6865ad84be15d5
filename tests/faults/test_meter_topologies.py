"""The meter while a cluster moves slots, and while a Sentinel group fails over: nothing twice, and little delay."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from itertools import pairwise

import pytest_asyncio
from redis.crc import key_slot

from tests.metered.over_redis import ledger, spent
from tests.metered.words import TENANT, calls, limit, reservation, settlement
from tests.running.redis_topologies import Cluster, SentinelGroup
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.limits.limit import Grants
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.metering.meter import RedisMeter

SOON = 30  # Seconds: far more than anything here takes, so that a test which fails does not hang.
LIMITS = limit(10**9, window_ms=86_400_000), calls(1_000)


@pytest_asyncio.fixture
async def cluster(tmp_path):
    async with Cluster(tmp_path) as cluster:
        yield cluster


async def call(meter, name) -> bool:
    """Runs a call; whether its reservation was taken at once."""
    try:
        assert isinstance(await meter.reserve(reservation(name, *LIMITS, if_lost=spent(call=name))), Grants)
    except TollwayError:
        await meter.settle(settlement(name, spent(1, call=name), LIMITS))
        return False
    await meter.settle(settlement(name, spent(1, call=name)))
    return True


async def entries(url: str) -> list[str]:
    async with connect(url) as client:
        return sorted(entry.call for entry in await ledger(client))


async def standing(meter) -> list[int]:
    answer = await meter.reserve(reservation("look", *LIMITS, dry=True))
    return [one.taken - one.granted for one in answer.standings]


async def test_calls_do_not_notice_that_their_slot_moves(cluster):
    meter = RedisMeter(cluster.url)
    slot = key_slot(keys.limits(TENANT).encode())
    names, failed, moved = [], [], asyncio.Event()

    async def work(worker: int) -> None:
        number = 0
        while not moved.is_set():
            name = f"w{worker}-{number}"
            names.append(name)
            if not await call(meter, name):
                failed.append(name)
            number += 1

    workers = asyncio.gather(*(work(worker) for worker in range(10)))
    async with asyncio.timeout(SOON):
        for _ in range(5):
            source = await cluster.owner(slot)
            target = (source + 1) % 3
            async with cluster.moving(slot, source, target):
                # Some of its keys are there, some here: all who come now have to try again.
                await cluster.migrate(slot, source, target, 3)
        moved.set()
        await workers

    assert failed == []
    assert await entries(cluster.url) == sorted(names)
    assert await standing(meter) == [len(names), 0]
    await meter.aclose()


async def test_tenants_of_other_servers_do_not_notice_that_one_is_down(cluster):
    meter = RedisMeter(cluster.url)
    tenants = {}
    for number in range(50):
        name = f"tenants/t{number}"
        tenants.setdefault(await cluster.owner(key_slot(keys.limits(name).encode())), name)
    for tenant in tenants.values():
        await meter.reap(tenant)
    await cluster.on(0, "CONFIG", "SET", "cluster-require-full-coverage", "no")
    await cluster.on(1, "CONFIG", "SET", "cluster-require-full-coverage", "no")
    cluster.servers[2].kill()
    slowest = 0.0
    for _ in range(200):
        began = time.monotonic()
        await meter.reap(tenants[0])
        await meter.reap(tenants[1])
        slowest = max(slowest, time.monotonic() - began)
        with suppress(TollwayError):
            await meter.reap(tenants[2])
    assert slowest < 0.1
    await meter.aclose()


async def test_a_failover_of_sentinels_is_over_soon_and_books_each_call_once(tmp_path):
    async with SentinelGroup(tmp_path) as group:
        meter = RedisMeter(group.url)
        numbers, names, ends = iter(range(100_000)), [], [time.monotonic()]
        killed: list[float] = []

        async def work() -> None:
            while not killed or max(ends) < killed[0] + 0.5:
                name = f"c{next(numbers)}"
                names.append(name)
                if await call(meter, name):
                    ends.append(time.monotonic())

        workers = [asyncio.create_task(work()) for _ in range(10)]
        await asyncio.wait(workers, timeout=0.2)
        group.master.kill()
        killed.append(time.monotonic())
        async with asyncio.timeout(SOON):
            await asyncio.gather(*workers)
        await meter.aclose()
        booked = await entries(group.servers[1].url)

    away = max(second - first for first, second in pairwise(sorted(ends)))
    missing = set(names) - set(booked)
    sys.stdout.write(f"\nA failover: {away:.1f} s, {len(missing)} of {len(names):,} calls lost, none booked twice")
    assert len(booked) == len(set(booked))
    assert away < 4
    # A server that is killed may have answered what its replica had not got yet.
    assert len(missing) <= len(workers)
