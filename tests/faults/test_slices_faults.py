"""Slices when Redis, the way to it or their own process fails: never above the limit, and each call is booked once."""

from __future__ import annotations

import asyncio
from urllib.parse import urlparse

import pytest_asyncio

from tests.faults.proxy import Proxy, SwallowReply
from tests.metered.over_redis import ledger, spent
from tests.metered.words import TENANT, limit, reservation, settlement, taken
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.limits.limit import Grants
from tollwayd.core.metering.meters.leasing.slices import Slices
from tollwayd.state.metering import keys
from tollwayd.state.metering.commands import LEASE_MS
from tollwayd.state.metering.meter import RedisMeter

MANY = limit(1_000, window_ms=86_400_000, leased=True)


@pytest_asyncio.fixture
async def proxy(redis_url):
    async with Proxy(lambda: asyncio.open_unix_connection(urlparse(redis_url).path)) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def store(proxy):
    store = RedisMeter(f"redis://127.0.0.1:{proxy.port}")
    yield store
    await store.aclose()


async def begun(store: RedisMeter) -> Slices:
    """Slices of which one is at hand."""
    slices = Slices(store)
    for name in ("first", "second"):
        assert isinstance(await slices.reserve(reservation(name, MANY)), Grants)
        await slices.settle(settlement(name, spent(1)))
    return slices


async def test_a_call_that_was_admitted_by_a_slice_is_held(store, redis_client):
    slices = await begun(store)
    await slices.reserve(reservation("a", MANY, if_lost=spent(33)))
    await store.reserve(reservation("other"))

    assert await redis_client.hexists(keys.holds(TENANT), "a")
    await slices.settle(settlement("a", spent(25)))
    assert not await redis_client.hexists(keys.holds(TENANT), "a")
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [1, 1, 25]


async def test_a_call_that_ends_before_it_is_held_is_booked_once(store, redis_client):
    slices = await begun(store)
    await slices.reserve(reservation("a", MANY))
    await asyncio.gather(slices.settle(settlement("a", spent(25))), slices.settle(settlement("a", spent(25))))

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [1, 1, 25]


async def test_a_call_whose_hold_got_no_reply_is_booked_once(store, proxy, redis_client):
    slices = await begun(store)
    proxy.on_reply = SwallowReply(hold=True)
    await slices.reserve(reservation("a", MANY, if_lost=spent(33)))
    await slices.settle(settlement("a", spent(25)))  # It is on the way, or kept until the store is back.
    async with asyncio.timeout(15):
        while len(await ledger(redis_client)) < 3 or await redis_client.hexists(keys.holds(TENANT), "a"):
            try:
                await store.reserve(reservation("healed", dry=True))
            except TollwayError:
                await asyncio.sleep(0.01)

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [1, 1, 25]


async def test_a_call_whose_hold_the_store_has_lost_is_booked_once(store, redis_client):
    slices = await begun(store)
    await slices.reserve(reservation("a", MANY))
    await store.reserve(reservation("other"))
    await redis_client.flushall()
    for _ in range(2):
        await slices.settle(settlement("a", spent(25)))

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_slice_that_is_lost_with_its_process_counts_whole(store, redis_client, clock):
    await begun(store)
    held = await redis_client.hlen(keys.holds(TENANT))
    clock.now_ms += LEASE_MS
    await store.reap(TENANT)

    assert held == 1
    assert await taken(store, MANY) == [1 + 8]
    assert not await redis_client.exists(keys.holds(TENANT))
