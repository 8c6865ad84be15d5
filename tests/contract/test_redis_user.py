"""The user of Redis that docs/redis.md makes for a gateway can do all that it needs, and logs in everywhere."""

from __future__ import annotations

import pytest

from tests.documents import blocks
from tests.metered.over_redis import spent
from tests.metered.words import TENANT, reservation, settlement
from tests.running.redis_server import KINDS
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.connection import connect
from tollwayd.state.metering.ledger_reader import RedisLedger
from tollwayd.state.metering.meter import RedisMeter
from tollwayd.state.metering.replicas import Replicas
from tollwayd.state.metering.usage_reader import RedisUsage
from tollwayd.state.resource_store import RedisResourceStore
from tollwayd.state.server_place import trouble

(WORDS,) = [block.text.split() for block in blocks("docs/redis.md", "text")]


@pytest.fixture
async def user_url(redis_kind, redis_url, shared_topologies):
    """The URL of an empty Redis with the user's name and password."""
    servers = [redis_url] if redis_kind == "server" else await shared_topologies.urls(redis_kind)
    for server in servers:
        async with connect(server) as client:
            await client.execute_command(*WORDS)
    if redis_kind == "server":
        yield f"{redis_url}?username=tollway&password=password"
    else:
        yield redis_url.replace("://", "://tollway:password@")
    for server in servers:
        async with connect(server) as client:
            await client.execute_command("ACL", "DELUSER", "tollway")


@pytest.mark.parametrize("redis_kind", KINDS, indirect=True)
async def test_the_user_can_do_all_that_a_gateway_does(user_url):
    store = RedisResourceStore(user_url)
    created = await store.create("tenants", TENANT, b"")
    assert await store.get("tenants", TENANT) == created
    feed = store.changes(0)
    await anext(feed)
    await feed.aclose()
    await store.delete("tenants", TENANT)
    await store.aclose()
    async with Replicas(user_url, "a") as replicas:
        await replicas.beat()
    meter, ledger, usage = RedisMeter(user_url), RedisLedger(user_url), RedisUsage(user_url)
    await meter.reserve(reservation("a"))
    await meter.settle(settlement("a", spent(1)))
    await meter.reap(TENANT)
    now = 2**42
    assert [len(entries) async for entries in ledger.entries(TENANT, start_ms=0, end_ms=now)] == [1]
    assert [parts async for parts in usage.parts(TENANT, start_hour=1, end_hour=2)] == []
    for each in (meter, ledger, usage):
        await each.aclose()


@pytest.mark.parametrize("redis_kind", KINDS, indirect=True)
async def test_a_wrong_password_is_told_as_that(user_url, monkeypatch):
    monkeypatch.setattr("tollwayd.state.outage.PATIENCE_SECONDS", 0)
    store = RedisResourceStore(user_url.replace("password@", "wrong@").replace("=password", "=wrong"))
    with pytest.raises(TollwayError) as failed:
        await store.load()
    assert failed.value.reason == Reason.REASON_STORE_UNAVAILABLE
    assert trouble(failed.value).startswith("refuses the user name or password")
    await store.aclose()
