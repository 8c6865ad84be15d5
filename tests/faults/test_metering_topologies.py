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

from tests.metered.load import MeteredLoad
from tests.metered.over_redis import ledger, spent
from tests.metered.words import TENANT, limit, reservation, settlement, taken
from tests.running.redis_topologies import Cluster, SentinelGroup, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.unit import Unit
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.metering.meter import RedisMeter

LONG = os.environ.get("TESTS_FAULTS") == "1"
only_long = pytest.mark.skipif(not LONG, reason="takes many seconds: make test-faults")
TOKENS = limit(1_000, 100, bucket="tokens", unit=Unit.INPUT_TOKENS, window_ms=keys.MS_A_DAY)
SOON = 10
"""Seconds in which all that is waited for has come; a wait that has no end fails."""

TENANTS = [f"tenants/t{i}" for i in range(6)]


@pytest.fixture
async def cluster(tmp_path):
    async with Cluster(tmp_path, masters=3) as cluster:
        yield cluster


@pytest.fixture
async def group(tmp_path):
    async with SentinelGroup(tmp_path, sentinels=3 if LONG else 1) as group:
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
        for tenant in TENANTS * 3 if LONG else TENANTS[:3]:
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
    await until(lambda: caught_up(group))
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
    assert differences_are_of_replication(differences, load)
    assert outage < decided + 1


def differences_are_of_replication(differences, load) -> bool:
    """What a dead master had acknowledged and its replica not yet read is gone (replication does not wait), up to a few
    tenths of a second's work where cores are few. It is told, call by call; nothing is doubled, and no sum is off.
    """
    lost = all(each.endswith("acknowledged, not in the ledger") for each in differences)
    return lost and len(differences) < load.settled


async def caught_up(group) -> bool:
    """Whether the replica has caught up with the master."""
    async with connect(group.url) as client:
        return any(
            isinstance(each, dict) and each.get("state") == "online"
            for each in (await client.info("replication")).values()
        )


async def switched(group) -> bool:
    return await group.home("") is not group.master


@pytest.fixture
async def replicated(tmp_path):
    async with Cluster(tmp_path, masters=3, replicas=3, cluster_require_full_coverage="no") as cluster:
        yield cluster


@only_long
async def test_a_master_of_a_cluster_that_dies_harms_its_own_tenants_alone(replicated):
    """A replica takes over: until then calls of its tenants are refused, those of others go on."""
    meter = RedisMeter(replicated.url)
    victim = await replicated.home(keys.ledger(TENANTS[0]))
    homes = {tenant: await replicated.home(keys.ledger(tenant)) for tenant in TENANTS}
    others = [tenant for tenant, home in homes.items() if home is not victim]
    assert others
    async with MeteredLoad(meter, [TENANTS[0]]) as harmed, MeteredLoad(meter, others) as spared:
        await harmed.more(300)
        began = time.monotonic()
        victim.kill()
        await harmed.more(1)
        outage = time.monotonic() - began
        await harmed.more(300)
    async with connect(replicated.url) as client:
        differences = await harmed.differences(client)
        assert await spared.differences(client) == []
    told(
        f"a master killed: its tenants' outage {outage:.2f} s, {harmed.errors.total()} of theirs refused, and"
        f" {spared.errors.total()} of {spared.settled} of others, the longest of which took {spared.longest:.2f} s",
        differences,
    )
    assert differences_are_of_replication(differences, harmed)
    assert spared.errors == {}
    assert spared.longest < 1
    assert outage < 10
    await meter.aclose()


async def stored(client) -> dict[bytes, bytes | None]:
    """Every key of the store, and all that is under it."""
    return {key: await client.dump(key) async for key in client.scan_iter()}


async def test_a_store_that_is_full_admits_nothing_and_says_so(own_redis, caplog):
    """What was used before is booked when there is room again, and of the calls that were refused nothing is left."""
    meter = RedisMeter(own_redis.url)
    await meter.reserve(reservation("a", TOKENS))
    async with connect(own_redis.url) as client, asyncio.timeout(SOON):
        before = await stored(client)
        await client.config_set("maxmemory", 1)
        settled = asyncio.ensure_future(meter.settle(settlement("a", spent(7))))
        for call in "bc":
            with pytest.raises(TollwayError) as refused:
                await meter.reserve(reservation(call, TOKENS))
            assert refused.value.reason == Reason.REASON_STORE_UNAVAILABLE
        assert caplog.text.count("its memory is full (OOM)") >= len("abc")
        assert await stored(client) == before
        assert not settled.done()
        await client.config_set("maxmemory", 0)
        await settled
        await meter.aclose()  # What calls off the refused ones is through then.
        assert [entry.input_tokens for entry in await ledger(client)] == [7]
        assert not await client.exists(keys.holds(TENANT))
    again = RedisMeter(own_redis.url)
    assert await taken(again, TOKENS) == [7]
    await again.aclose()


async def test_a_store_that_was_emptied_books_the_calls_that_it_had_admitted(own_redis):
    meter = RedisMeter(own_redis.url)
    await meter.reserve(reservation("a", TOKENS))
    async with connect(own_redis.url) as client:
        await client.flushall()
        await asyncio.gather(*(meter.settle(settlement("a", spent(7))) for _ in range(3)))
        assert [entry.input_tokens for entry in await ledger(client)] == [7]
    await meter.aclose()
