"""Replicas count each other through the store."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.running.redis_server import every_kind
from tollwayd.core.errors import TollwayError
from tollwayd.state import keys
from tollwayd.state.metering import replicas
from tollwayd.state.metering.replicas import Replicas
from tollwayd.stores import Around, Place, open_stores

pytest_generate_tests = every_kind


@pytest.fixture
def redis_home():
    return keys.REPLICAS


async def test_replicas_count_each_other_and_no_more_those_that_left(redis_url, redis_client, monkeypatch):
    monkeypatch.setattr(replicas, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(replicas, "REMEMBERED_BEATS", 1)
    async with asyncio.timeout(10), Replicas(redis_url, "a") as first:
        async with AsyncExitStack() as others:
            for name in "bcd":
                await others.enter_async_context(Replicas(redis_url, name))
            for _ in range(2):  # They tell that they are there again and again.
                await redis_client.delete(keys.REPLICAS)
                while first() != 4:
                    await first.beat()
        await first.beat()
        assert first() == 1


async def test_replicas_whose_machine_and_process_seem_the_same_are_counted_apart(redis_url, redis_client, tmp_path):
    around = Around(tuple, lambda _: None)  # So it is in containers that share their host's network.
    async with asyncio.timeout(10), AsyncExitStack() as parts:
        for folder in "ab":
            await open_stores(Place(redis_url, tmp_path / folder), around, parts)
        third = await parts.enter_async_context(Replicas(redis_url, "third"))
        while third() != 3:
            await third.beat()


async def test_a_replica_that_fell_silent_counts_no_more(redis_url, redis_client, monkeypatch):
    monkeypatch.setattr(replicas, "REMEMBERED_BEATS", 1)
    async with Replicas(redis_url, "a") as first:
        await redis_client.zadd(keys.REPLICAS, {"b": 2**52})
        await first.beat()
        assert first() == 2
        await redis_client.zadd(keys.REPLICAS, {"b": 1_000})
        await first.beat()
        assert first() == 1


async def test_the_number_outlives_an_outage_and_the_first_beats_after_it(own_redis, monkeypatch):
    monkeypatch.setattr("tollwayd.state.outage.PATIENCE_SECONDS", 0)
    first, second = Replicas(own_redis.url, "a"), Replicas(own_redis.url, "b")
    async with first, second:
        await second.beat()
        await first.beat()
        await first._client.delete(keys.REPLICAS)  # All have been silent.
        await first.beat()
        assert first() == 2

        await own_redis.__aexit__(None, None, None)
        with pytest.raises(TollwayError):
            await first.beat()
        assert first() == 2
