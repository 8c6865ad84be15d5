"""The Ledger over a real Redis."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from tests.documents import spans
from tests.metered.booked import TENANT, book, entry
from tests.running.redis_server import every_kind
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.connection import connect
from tollwayd.state.metering import followers, keys
from tollwayd.state.metering.ledger_reader import BATCH, RedisLedger

HOUR = 3_600_000
END_OF_TIME = 253_402_300_800_000


pytest_generate_tests = every_kind


@pytest.fixture
def redis_home():
    return keys.ledger(TENANT)


@pytest.fixture
async def ledger(redis_url):
    reader = RedisLedger(redis_url)
    yield reader
    await reader.aclose()


async def read(ledger, **bounds):
    batches = ledger.entries(TENANT, **{"start_ms": 0, "end_ms": END_OF_TIME, **bounds})
    return [each async for batch in batches for each in batch]


async def test_an_entry_comes_back_with_its_place_and_time(redis_client, ledger):
    placed = await book(redis_client, entry("c1", user="Zoë", tags={"team": "search"}), at_ms=HOUR + 1)
    (found,) = await read(ledger)
    assert placed == found.entry == "3600001-0"
    assert found.book_time.ToMilliseconds() == HOUR + 1
    assert (found.call, found.user, dict(found.tags)) == ("c1", "Zoë", {"team": "search"})


async def test_a_start_counts_and_an_end_does_not(redis_client, ledger):
    for call, moment in {"a": HOUR - 1, "b": HOUR, "c": HOUR, "d": 2 * HOUR - 1, "e": 2 * HOUR}.items():
        await book(redis_client, entry(call), at_ms=moment)
    assert [each.call for each in await read(ledger, start_ms=HOUR, end_ms=2 * HOUR)] == ["b", "c", "d"]
    assert [each.call for each in await read(ledger, start_ms=HOUR, end_ms=HOUR)] == []
    assert [each.call for each in await read(ledger, start_ms=-5, end_ms=-1)] == []


async def test_reading_goes_on_after_an_entry_but_never_before_the_start(redis_client, ledger):
    places = [await book(redis_client, entry(call), at_ms=HOUR) for call in "abc"]
    assert [each.call for each in await read(ledger, after=places[0])] == ["b", "c"]
    assert [each.call for each in await read(ledger, start_ms=HOUR, after="1-0")] == ["a", "b", "c"]
    assert await read(ledger, after=places[-1]) == []


@pytest.mark.parametrize("count", [BATCH - 1, BATCH, 2 * BATCH + 1])
async def test_a_long_ledger_comes_in_batches_without_gap_or_double(redis_client, ledger, count):
    for number in range(count):
        await book(redis_client, entry(str(number)), at_ms=HOUR)
    batches = [batch async for batch in ledger.entries(TENANT, start_ms=0, end_ms=END_OF_TIME)]
    assert max(map(len, batches)) <= BATCH
    assert [each.call for batch in batches for each in batch] == [str(number) for number in range(count)]


async def test_a_follower_gets_what_is_booked_from_now_on(redis_client, ledger):
    await book(redis_client, entry("before"))
    async with aclosing(ledger.follow(TENANT)) as following:
        waiting = asyncio.ensure_future(anext(following))
        await one_waits(redis_client)
        await book(redis_client, entry("after"))
        (found,) = await waiting
    assert found.call == "after"


async def test_a_follower_resumes_after_an_entry(redis_client, ledger):
    places = [await book(redis_client, entry(call)) for call in "abc"]
    async with aclosing(ledger.follow(TENANT, after=places[0])) as following:
        assert [each.call for each in await anext(following)] == ["b", "c"]


async def test_a_follower_of_an_empty_ledger_waits_for_its_first_entry(redis_client, ledger):
    async with aclosing(ledger.follow(TENANT)) as following:
        waiting = asyncio.ensure_future(anext(following))
        await one_waits(redis_client)
        await book(redis_client, entry("first"))
        assert [each.call for each in await waiting] == ["first"]


async def test_a_follower_outlives_its_server(own_redis, monkeypatch):
    monkeypatch.setattr(followers, "BLOCK_SECONDS", 0.1)
    ledger = RedisLedger(own_redis.url)
    async with connect(own_redis.url) as client:
        first = await book(client, entry("a"))
    async with aclosing(ledger.follow(TENANT, after="0-0")) as following:
        assert [each.entry for each in await anext(following)] == [first]
        waiting = asyncio.ensure_future(anext(following))
        async with connect(own_redis.url) as client:
            await client.client_kill_filter(_type="normal", skipme=True)
            await book(client, entry("b"))
        assert [each.call for each in await waiting] == ["b"]
    await ledger.aclose()


async def test_one_follower_too_many_is_refused_until_another_leaves(redis_client, ledger, monkeypatch):
    monkeypatch.setattr(followers, "MAX_FOLLOWERS", 1)
    await book(redis_client, entry("a"))
    async with aclosing(ledger.follow(TENANT, after="0-0")) as following:
        await anext(following)
        with pytest.raises(TollwayError) as refused:
            await anext(ledger.follow(TENANT, after="0-0"))
    assert refused.value.reason == Reason.REASON_CONNECTIONS_EXHAUSTED
    async with aclosing(ledger.follow(TENANT, after="0-0")) as following:
        await anext(following)


async def test_a_store_that_is_away_is_said_so(monkeypatch, tmp_path):
    monkeypatch.setattr("tollwayd.state.outage.PATIENCE_SECONDS", 0)
    with pytest.raises(TollwayError) as failed:
        await read(RedisLedger(f"unix://{tmp_path}/nobody.sock"))
    assert failed.value.reason == Reason.REASON_STORE_UNAVAILABLE


async def one_waits(client) -> None:
    """Returns when a command of somebody waits in the server."""
    while True:
        if (await client.info("clients"))["blocked_clients"]:
            return


async def test_tenants_do_not_see_each_other(redis_url, ledger):
    async with connect(redis_url) as client:
        await book(client, entry("a", tenant="tenants/acme-2"))
        assert await client.exists(keys.ledger("tenants/acme-2"))
    assert await read(ledger) == []


async def test_what_docs_redis_md_trims_is_what_was_before_that_moment(redis_client, ledger):
    (command,) = [span.split() for span in spans("docs/redis.md") if span.startswith("XTRIM ")]
    begin = int(command[-1])
    moments = {"a": begin - 1, "b": begin, "c": begin + 1}
    places = [await book(redis_client, entry(call), at_ms=moment) for call, moment in moments.items()]
    assert command[:-1] == ["XTRIM", keys.ledger("tenants/acme"), "MINID"]
    await redis_client.execute_command("XTRIM", keys.ledger(TENANT), *command[-2:])
    assert [each.call for each in await read(ledger)] == ["b", "c"]
    assert [each.call for each in await read(ledger, after=places[0])] == ["b", "c"]
