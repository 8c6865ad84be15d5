"""The store when Redis, or the way to it, fails: nothing acknowledged is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from urllib.parse import urlparse

import pytest
import pytest_asyncio
from redis.exceptions import ConnectionError  # noqa: A004  # The library's, as it is raised.

from tests.faults.proxy import Proxy, SwallowReply
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.ports import Change
from tollwayd.state import keys, outage
from tollwayd.state.connection import connect
from tollwayd.state.resource_store import RedisResourceStore

SOON = 15  # Seconds: far more than anything here takes, so that a test which fails does not hang.
ACME = "tenants/acme"
GPT = f"{ACME}/models/gpt"


def to(url: str) -> Proxy:
    return Proxy(lambda: asyncio.open_unix_connection(urlparse(url).path))


@pytest_asyncio.fixture
async def proxy(redis_url):
    async with to(redis_url) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def store(proxy):
    store = RedisResourceStore(f"redis://127.0.0.1:{proxy.port}")
    yield store
    await store.aclose()


async def log(store) -> list[Change]:
    feed = store.changes(0)
    async with asyncio.timeout(SOON):
        changes = list(await anext(feed))
    await feed.aclose()
    return changes


# Each write, and what the log of a store that holds ACME (1) and GPT (2) must have gained by it.
WRITES = {
    "create": (
        lambda store: store.create("models", f"{ACME}/models/new", b"new", claim="free"),
        [Change(3, f"{ACME}/models/new", b"new")],
    ),
    "update": (
        lambda store: store.update("models", GPT, b"new", version=2, claim="claim"),
        [Change(3, GPT, b"new")],
    ),
    "delete": (lambda store: store.delete("models", GPT, version=2), [Change(3, GPT, None)]),
    "forced delete": (
        lambda store: store.delete("tenants", ACME, force=True),
        [Change(3, GPT, None), Change(4, ACME, None)],
    ),
}


async def fill(store) -> None:
    """Fills the store; runs every script once, so that the next run of each is by its digest."""
    await store.create("tenants", "tenants/warm", b"")
    warm = await store.update("tenants", "tenants/warm", b"", version=1)
    await store.delete("tenants", "tenants/warm", version=warm.version)
    async with connect(store._url) as client:
        await client.flushall()
    await store.create("tenants", ACME, b"acme")
    await store.create("models", GPT, b"gpt", claim="claim")


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_whose_reply_is_lost_happens_once(store, proxy, write):
    operation, expected = WRITES[write]
    await fill(store)
    proxy.on_reply = fault = SwallowReply()
    result = await operation(store)
    assert fault.swallowed == b"*2\r\n$4\r\nDONE\r\n:%d\r\n" % expected[-1].version
    assert getattr(result, "version", result) == expected[-1].version
    assert (await log(store))[2:] == expected
    assert (await store.load())[0] == expected[-1].version


async def test_a_write_whose_reply_never_comes_happens_once(store, proxy):
    await fill(store)
    proxy.on_reply = SwallowReply(hold=True)
    updated = await store.update("models", GPT, b"new", version=2)
    assert (await log(store))[2:] == [Change(3, GPT, b"new")]
    assert await store.get("models", GPT) == updated


@pytest.mark.parametrize(
    "read",
    [
        lambda store: store.get("models", GPT),
        lambda store: store.list("models", ACME, limit=10),
        lambda store: store.load(),
    ],
    ids=["get", "list", "load"],
)
async def test_a_read_whose_reply_is_lost_is_read_again(store, proxy, read):
    await fill(store)
    expected = await read(store)
    proxy.on_reply = fault = SwallowReply()
    assert await read(store) == expected
    assert fault.swallowed


async def test_the_client_by_itself_repeats_nothing(proxy, redis_client):
    """redis-py's defaults would count 100 twice and more."""
    async with connect(f"redis://127.0.0.1:{proxy.port}") as client:
        await client.ping()
        proxy.on_reply = fault = SwallowReply()
        with pytest.raises(ConnectionError):
            await client.incrby("counter", 100)
    assert fault.swallowed == b":100\r\n"
    assert await redis_client.get("counter") == b"100"


async def test_what_a_repeated_write_refused_stays_refused(store, proxy):
    await fill(store)
    proxy.on_reply = fault = SwallowReply()
    with pytest.raises(TollwayError) as refused:
        await store.create("models", GPT, b"other")
    assert b"EXISTS" in fault.swallowed
    assert refused.value.reason == Reason.REASON_RESOURCE_EXISTS
    assert (await store.load())[0] == 2


async def test_scripts_come_back_after_a_flush_of_scripts(redis_store, redis_client):
    await redis_store.create("tenants", ACME, b"")
    writes = asyncio.gather(*(redis_store.create("models", f"{ACME}/models/{i}", b"") for i in range(300)))
    while not writes.done():
        await redis_client.script_flush()
    assert sorted(resource.version for resource in await writes) == list(range(2, 302))


@pytest.mark.parametrize("operation", ["get", "load", "create"])
async def test_a_store_out_of_reach_is_unavailable_and_names_no_address(store, proxy, operation, monkeypatch):
    monkeypatch.setattr(outage, "PATIENCE_SECONDS", 0.3)
    await fill(store)
    await proxy.down()
    calls = {
        "get": lambda: store.get("models", GPT),
        "load": store.load,
        "create": lambda: store.create("models", f"{ACME}/models/b", b""),
    }
    began = time.monotonic()
    with pytest.raises(TollwayError) as failed:
        await calls[operation]()
    assert time.monotonic() - began < 1
    assert failed.value.reason == Reason.REASON_STORE_UNAVAILABLE
    assert "127.0.0.1" not in failed.value.message
    await proxy.up()
    assert (await store.get("models", GPT)).version == 2


async def test_a_store_that_is_full_is_unavailable_and_unchanged(redis_store, redis_client):
    await redis_store.create("tenants", ACME, b"")
    await redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(TollwayError) as failed:
            await redis_store.create("models", GPT, b"")
    finally:
        await redis_client.config_set("maxmemory", 0)
    assert failed.value.reason == Reason.REASON_STORE_UNAVAILABLE
    assert [resource.name for resource in (await redis_store.load())[1]] == [ACME]
    assert await redis_client.hget(keys.HEAD, "version") == b"1"


async def test_a_feed_outlives_an_outage_and_misses_nothing(store, proxy, redis_url):
    beside = RedisResourceStore(redis_url)
    await beside.create("tenants", "tenants/a", b"")
    feed = store.changes(0)
    assert [change.version for change in await anext(feed)] == [1]
    waiting = asyncio.create_task(anext(feed))
    await proxy.down()
    await beside.create("tenants", "tenants/b", b"")
    await beside.create("tenants", "tenants/c", b"")
    await proxy.up()
    async with asyncio.timeout(SOON):
        assert [change.version for change in await waiting] == [2, 3]
    await feed.aclose()
    await beside.aclose()


async def test_a_feed_ends_when_an_outage_hid_a_trimming(store, proxy, redis_url, redis_client):
    beside = RedisResourceStore(redis_url)
    await beside.create("tenants", "tenants/a", b"")
    feed = store.changes(0)
    await anext(feed)
    waiting = asyncio.create_task(anext(feed, None))
    await proxy.down()
    await beside.create("tenants", "tenants/b", b"")
    await beside.create("tenants", "tenants/c", b"")
    await redis_client.xtrim(keys.CHANGES, maxlen=1, approximate=False)
    await proxy.up()
    async with asyncio.timeout(SOON):
        assert await waiting is None
    await beside.aclose()


async def kill(redis) -> None:
    async with connect(redis.url) as client:
        os.kill((await client.info("server"))["process_id"], signal.SIGKILL)


async def test_a_killed_redis_keeps_every_acknowledged_write(own_redis):
    store = RedisResourceStore(own_redis.url)
    acknowledged = []

    async def write(worker: int) -> None:
        for i in range(200):
            name = f"tenants/{worker}-{i}"
            acknowledged.append(await store.create("tenants", name, b"%d" % i))
            if worker == 0 and i in (60, 120):
                await kill(own_redis)

    async with asyncio.timeout(SOON):
        await asyncio.gather(*(write(worker) for worker in range(5)))
    version, resources = await store.load()
    assert {resource.name: resource for resource in resources} == {a.name: a for a in acknowledged}
    assert sorted(a.version for a in acknowledged) == list(range(1, version + 1))
    await store.aclose()


async def test_a_feed_outlives_a_killed_redis(own_redis):
    store = RedisResourceStore(own_redis.url)
    feed = store.changes(0)
    seen = []
    for i in range(6):
        await store.create("tenants", f"tenants/{i}", b"")
        if i % 2:
            await kill(own_redis)
        while len(seen) <= i:
            async with asyncio.timeout(SOON):
                seen += [change.version for change in await anext(feed)]
    assert seen == [1, 2, 3, 4, 5, 6]
    await feed.aclose()
    await store.aclose()
