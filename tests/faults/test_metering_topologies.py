"""The meter while a cluster moves its slots and Sentinel changes the master: ledger, budgets and usage hold exactly
what was acknowledged to callers, and every difference that a failover makes is told, call by call.

`make test-faults` runs them longer.
"""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from redis.crc import key_slot

from tests.metered_load import MeteredLoad
from tests.redis_topologies import Cluster, SentinelGroup, until
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.metering.meter import RedisMeter

LONG = os.environ.get("TESTS_FAULTS") == "1"
only_long = pytest.mark.skipif(not LONG, reason="takes many seconds: make test-faults")
TENANTS = [f"tenants/t{i}" for i in range(6)]


@pytest.fixture
async def cluster(tmp_path):
    async with Cluster(tmp_path, masters=3) as cluster:
        yield cluster


@pytest.fixture
async def group(tmp_path):
    async with SentinelGroup(tmp_path) as group:
        yield group


@pytest.fixture
async def meter(request):
    kind = "cluster" if "cluster" in request.fixturenames else "group"
    meter = RedisMeter(request.getfixturevalue(kind).url)
    yield meter
    await meter.aclose()


def told(text: str, differences) -> None:
    print(f"\n{text}; differences: {len(differences)}", *differences, sep="\n")  # noqa: T201  # A proof's figures.


async def test_slots_that_move_under_load_fail_lose_and_double_nothing(cluster, meter):
    """Slots of several tenants, key by key, there and back."""
    async with MeteredLoad(meter, TENANTS) as load:
        for tenant in TENANTS * (3 if LONG else 1):
            slot = key_slot(keys.ledger(tenant).encode())
            source = await cluster.owner(slot)
            target = (source + 1) % 3
            await load.more(100)
            async with cluster.moving(slot, source, target):
                await cluster.migrate(slot, source, target, 2)
                await asyncio.sleep(0.02)
        await load.more(100)
    async with connect(cluster.url) as client:
        differences = await load.differences(client)
    told(f"slots moved: {load.settled} calls, {load.errors.total()} errors, longest {load.longest:.2f} s", differences)
    assert (load.errors, differences) == ({}, [])
    assert load.longest < 1


@only_long
async def test_a_reshard_under_load_fails_loses_and_doubles_nothing(cluster, meter):
    """As operators do it: redis-cli moves a thousand slots, three times."""
    async with MeteredLoad(meter, TENANTS) as load:
        for source in range(3):
            await load.more(500)
            await cluster.reshard(source, (source + 1) % 3, 1_500)
        await load.more(500)
    async with connect(cluster.url) as client:
        differences = await load.differences(client)
    told(f"resharded: {load.settled} calls, {load.errors.total()} errors, longest {load.longest:.2f} s", differences)
    assert (load.errors, differences) == ({}, [])


@pytest.mark.parametrize("harm", ["kill", pytest.param("freeze", marks=only_long)])
async def test_a_failover_is_short_and_its_difference_is_told(group, meter, harm):
    async with MeteredLoad(meter, TENANTS[:2]) as load:
        await load.more(500)
        began = time.monotonic()
        getattr(group.master, harm)()
        await until(lambda: switched(group))
        decided = time.monotonic() - began
        await load.more(100)
        outage = time.monotonic() - began
        await load.more(500)
    async with connect(group.url) as client:
        differences = await load.differences(client)
    told(
        f"{harm}: decided by Sentinel in {decided:.2f} s, 100 calls settled after {outage:.2f} s, {load.settled} calls,"
        f" {load.errors.total()} refused meanwhile, the longest took {load.longest:.2f} s",
        differences,
    )
    assert differences == []
    assert outage < decided + 1


async def switched(group) -> bool:
    return await group.home("") is not group.master
