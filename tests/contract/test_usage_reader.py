"""The UsageStore over a real Redis."""

from __future__ import annotations

from contextlib import suppress

import pytest
from redis.exceptions import RedisError

from tests.metered.booked import TENANT, book, entry
from tests.running.redis_server import every_kind
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.charge import Dimensions
from tollwayd.core.metering.usage import HOUR_MS, Sums, UsagePart
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys, usage_reader
from tollwayd.state.metering.usage_reader import RedisUsage

DESK = Dimensions("desk", "", "gpt", "openai", "gpt-upstream", ())


pytest_generate_tests = every_kind


@pytest.fixture
def redis_home():
    return keys.ledger(TENANT)


@pytest.fixture
async def usage(redis_url):
    reader = RedisUsage(redis_url)
    yield reader
    await reader.aclose()


async def read(usage, start_hour, end_hour):
    batches = usage.parts(TENANT, start_hour=start_hour, end_hour=end_hour)
    return [part async for batch in batches for part in batch]


def test_the_store_has_the_sums_of_the_house_by_their_names():
    assert Sums._fields == keys.METRICS


async def test_calls_of_an_hour_are_summed_up(redis_client, usage):
    for cost in (1, 2, 3):
        await book(redis_client, entry("c", cost_nanos=cost), at_ms=30 * HOUR_MS + cost)
    await book(redis_client, entry("d", outcome="FAILED", reasoning_tokens=7, output_tokens=0), at_ms=31 * HOUR_MS - 1)
    sums = Sums(calls=4, failed=1, input=40, output=6, reasoning=7, cost=7)
    assert await read(usage, 30, 31) == [UsagePart(30, DESK, sums)]


async def test_hours_outside_of_the_range_are_left_out(redis_client, usage):
    for hour in (22, 23, 24, 25, 48, 49):
        await book(redis_client, entry("c"), at_ms=hour * HOUR_MS)
    assert sorted(part.hour for part in await read(usage, 23, 49)) == [23, 24, 25, 48]
    assert await read(usage, 26, 48) == []
    assert await read(usage, 30, 30) == []


async def test_dimensions_come_back_as_they_were(redis_client, usage):
    named = {"api_key": "night", "user": "Zoë, the 2nd=", "model": "claude", "provider": "anthropic"}
    tags = {"team": "search", "env": "prod/eu:1"}
    await book(redis_client, entry("c", **named, upstream_model="claude-4", tags=tags), at_ms=0)
    (part,) = await read(usage, 0, 1)
    assert part.dimensions == Dimensions(*named.values(), "claude-4", ["env=prod/eu:1", "team=search"])


async def test_a_day_of_many_parts_comes_in_batches_each_part_once(redis_client, usage, monkeypatch):
    monkeypatch.setattr(usage_reader, "BATCH", 64)
    monkeypatch.setattr(usage_reader, "SCAN_BATCH", 10)
    for number in range(300):
        await book(redis_client, entry("c", user=f"u{number}", cost_nanos=number), at_ms=(number // 13) * HOUR_MS)
    batches = [batch async for batch in usage.parts(TENANT, start_hour=0, end_hour=24)]
    parts = [part for batch in batches for part in batch]
    assert max(map(len, batches)) == 64
    assert sorted(part.sums.cost for part in parts) == list(range(300))
    assert all(part.dimensions.user == f"u{part.sums.cost}" for part in parts)


async def test_a_day_of_too_many_parts_is_refused_and_its_hours_are_not(redis_client, usage, monkeypatch):
    monkeypatch.setattr(usage_reader, "MAX_PARTS", 5)
    for number in range(8):
        await book(redis_client, entry("c", user=f"u{number}"), at_ms=(number // 4) * HOUR_MS)
    with pytest.raises(TollwayError, match="fewer hours") as refused:
        await read(usage, 0, 24)
    assert refused.value.reason == Reason.REASON_FIELD_INVALID
    assert len(await read(usage, 1, 24)) == 4


async def test_what_a_user_with_a_separator_in_its_name_cost_is_told(redis_client, usage):
    await book(redis_client, entry("c", user="a\x1fb", cost_nanos=5), at_ms=0)
    (part,) = await read(usage, 0, 1)
    assert (part.sums.cost, part.dimensions.user, part.dimensions.model) == (5, "ab", "gpt")


async def test_a_server_that_restarts_in_the_middle_hides_nothing(own_redis, monkeypatch):
    """Its hashes then have another seed: to go on with the cursor would leave parts out and tell less than was used."""
    monkeypatch.setattr(usage_reader, "SCAN_BATCH", 10)
    async with connect(own_redis.url) as client:
        for number in range(600):
            await book(client, entry("c", user=f"u{number}"), at_ms=0)
        pieces = 0
        run = usage_reader._PIECE.run

        async def running(*arguments):
            nonlocal pieces
            pieces += 1
            if pieces == 20:
                with suppress(RedisError):
                    await client.shutdown(nosave=True)
            return await run(*arguments)

        monkeypatch.setattr(usage_reader._PIECE, "run", running)
        usage = RedisUsage(own_redis.url)
        parts = await read(usage, 0, 24)
        await usage.aclose()
    assert len(parts) == 600
    assert {part.sums for part in parts} == {Sums(calls=1, input=10, output=2, cost=1)}
