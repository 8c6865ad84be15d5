"""The change feed: who follows it misses no write, and is told when it would."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from tests.contract.memory_store import MemoryResourceStore
from tests.running.redis_server import every_kind
from tollwayd.core.ports import Change
from tollwayd.state import keys, resource_store
from tollwayd.state.change_log import BLOCK_SECONDS
from tollwayd.state.resource_store import RedisResourceStore

SOON = 10  # Seconds: far more than anything here takes, so that a test which fails does not hang.


pytest_generate_tests = every_kind


@pytest.fixture
def store(redis_kind, request):
    return MemoryResourceStore() if redis_kind == "memory" else request.getfixturevalue("redis_store")


async def create(store, *ids: str) -> None:
    for id_ in ids:
        await store.create("tenants", f"tenants/{id_}", id_.encode())


async def following(feed, count: int) -> list[Change]:
    changes: list[Change] = []
    async with asyncio.timeout(SOON):
        while len(changes) < count:
            changes += await anext(feed)
    return changes


async def ends(feed) -> bool:
    async with asyncio.timeout(SOON):
        return await anext(feed, None) is None


async def test_a_feed_gives_what_was_and_what_comes_in_order(store):
    await create(store, "a", "b", "c")
    feed = store.changes(1)
    assert await following(feed, 2) == [Change(2, "tenants/b", b"b"), Change(3, "tenants/c", b"c")]
    waiting = asyncio.create_task(anext(feed))
    await store.update("tenants", "tenants/a", b"new", version=1)
    assert await waiting == [Change(4, "tenants/a", b"new")]
    await store.delete("tenants", "tenants/b")
    assert await following(feed, 1) == [Change(5, "tenants/b", None)]
    await feed.aclose()


async def test_a_feed_from_the_present_version_waits(store):
    await create(store, "a")
    feed = store.changes((await store.load())[0])
    waiting = asyncio.create_task(anext(feed))
    await create(store, "b")
    assert await waiting == [Change(2, "tenants/b", b"b")]
    await feed.aclose()


async def test_followers_do_not_take_from_each_other(store):
    feeds = [store.changes(0) for _ in range(3)]
    readers = [asyncio.create_task(following(feed, 20)) for feed in feeds]
    await asyncio.gather(*(create(store, f"t{i}") for i in range(20)))
    first, *others = await asyncio.gather(*readers)
    assert [change.version for change in first] == list(range(1, 21))
    assert others == [first, first]
    for feed in feeds:
        await feed.aclose()


async def test_a_feed_from_a_version_to_come_ends(store):
    await create(store, "a")
    assert await ends(store.changes(2))


async def test_a_feed_waits_longer_than_one_blocking_read(redis_store):
    feed = redis_store.changes(0)
    waiting = asyncio.create_task(anext(feed))
    done, _ = await asyncio.wait([waiting], timeout=BLOCK_SECONDS * 1.5)
    assert not done
    await create(redis_store, "a")
    assert len(await waiting) == 1
    await feed.aclose()


async def test_a_feed_ends_when_the_log_was_trimmed_beyond_it(redis_store, redis_client):
    await create(redis_store, "a", "b", "c")
    await redis_client.xtrim(keys.CHANGES, maxlen=1, approximate=False)
    assert await ends(redis_store.changes(1))
    assert await following(redis_store.changes(2), 1) == [Change(3, "tenants/c", b"c")]


async def test_a_feed_ends_when_the_log_is_gone_altogether(redis_store, redis_client):
    await create(redis_store, "a", "b")
    await redis_client.delete(keys.CHANGES)
    assert await ends(redis_store.changes(1))


async def test_a_running_feed_ends_when_the_store_is_emptied(redis_store, redis_client):
    await create(redis_store, "a", "b")
    feed = redis_store.changes(0)
    await following(feed, 2)
    await redis_client.flushall()
    assert await ends(feed)
    assert await redis_store.load() == (0, [])


@pytest.mark.parametrize("writes", [1, 2, 3])
async def test_a_running_feed_ends_when_the_store_is_emptied_and_filled_again(redis_store, redis_client, writes):
    await create(redis_store, "a", "b")
    feed = redis_store.changes(0)
    await following(feed, 2)
    await redis_client.flushall()
    await create(redis_store, *"abc"[:writes])  # The same names, records and versions, but not the same writes.
    assert await ends(feed)


async def test_a_running_feed_ends_when_an_acknowledged_write_was_rolled_back(redis_store, redis_client):
    """As a failover does to what the old primary had not sent on."""
    await create(redis_store, "a")
    saved = {key: await redis_client.dump(key) for key in (keys.HEAD, keys.CHANGES, keys.RESOURCES, keys.ROOTS)}
    await create(redis_store, "lost")
    feed = redis_store.changes(0)
    await following(feed, 2)
    for key, value in saved.items():
        await redis_client.restore(key, 0, value, replace=True)
    await create(redis_store, "other", "another")
    assert await ends(feed)


async def test_the_log_is_bounded(redis_store, redis_client, monkeypatch):
    monkeypatch.setattr(resource_store, "LOG_LENGTH", 50)
    await asyncio.gather(*(create(redis_store, f"t{i}") for i in range(500)))
    # Redis trims whole nodes, of a hundred entries each by default.
    assert 50 <= await redis_client.xlen(keys.CHANGES) <= 150
    assert await ends(redis_store.changes(0))
    assert len((await redis_store.load())[1]) == 500


async def clients(redis_client) -> int:
    return len(await redis_client.client_list())


async def falls_to(count: int, redis_client) -> None:
    # Redis may answer one connection before it has noticed that another was closed.
    async with asyncio.timeout(SOON):
        while await clients(redis_client) > count:
            pass


async def test_closing_a_feed_closes_its_connection(redis_store, redis_client):
    await create(redis_store, "a")
    before = await clients(redis_client)
    feed = redis_store.changes(0)
    await following(feed, 1)
    assert await clients(redis_client) == before + 1
    await feed.aclose()
    await falls_to(before, redis_client)


@pytest.mark.parametrize("turns", range(15))
async def test_cancelling_who_waits_for_a_feed_closes_its_connection(redis_store, redis_client, turns):
    """At whichever turn of the event loop: asyncio.wait_for would lose some of these cancellations in Python 3.11."""
    await create(redis_store, "a")
    before = await clients(redis_client)
    feed = redis_store.changes(0)
    await following(feed, 1)
    task = asyncio.create_task(anext(feed))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=SOON)
    assert done
    assert task.cancelled()
    await feed.aclose()
    await falls_to(before, redis_client)


WRITER = """
import asyncio, sys, time
from tollwayd.state.resource_store import RedisResourceStore

async def main():
    store = RedisResourceStore(sys.argv[1])
    for line in sys.stdin:
        await store.create("tenants", line.strip(), str(time.time()).encode())
    await store.aclose()

asyncio.run(main())
"""


async def test_another_process_sees_a_write_at_once(redis_url):
    """A key that is revoked on one replica must not live on, on another."""
    store = RedisResourceStore(redis_url)
    feed = store.changes(0)
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, redis_url, stdin=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    )
    delays = []
    for i in range(20):
        writer.stdin.write(f"tenants/t{i}\n".encode())
        (change,) = await following(feed, 1)
        delays.append(time.time() - float(change.record))
    writer.stdin.close()
    await writer.wait()
    await feed.aclose()
    await store.aclose()
    assert sorted(delays)[10] < 0.05
    assert max(delays) < 1
