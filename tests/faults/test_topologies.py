"""The store while a cluster moves its slots and Sentinel changes the master: no caller sees an error, no write is lost
that was acknowledged, none happens twice."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
import pytest_asyncio
from redis.crc import key_slot

from tests.running.redis_topologies import Cluster, SentinelGroup, until
from tollwayd.core.errors import TollwayError
from tollwayd.state import keys
from tollwayd.state.connection import connect
from tollwayd.state.resource_store import RedisResourceStore
from tollwayd.state.server_place import trouble
from tollwayd.state.topology import sentinel as sentinel_module

SOON = 20
LONG = os.environ.get("TESTS_FAULTS") == "1"
only_long = pytest.mark.skipif(not LONG, reason="takes seconds: make test-faults")
SLOT = key_slot(keys.HEAD.encode())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_cluster(tmp_path_factory):
    async with Cluster(tmp_path_factory.mktemp("cluster"), masters=2) as cluster:
        yield cluster


@pytest.fixture
async def cluster(shared_cluster):
    await shared_cluster.flush()
    return shared_cluster


@pytest.fixture
async def group(tmp_path):
    """With one Sentinel, which need not find others first, is ready two seconds earlier."""
    async with SentinelGroup(tmp_path, sentinels=3 if LONG else 1) as group:
        yield group


@pytest.fixture
async def store(request):
    """A store on the test's cluster or group."""
    kind = "cluster" if "cluster" in request.fixturenames else "group"
    store = RedisResourceStore(request.getfixturevalue(kind).url)
    yield store
    await store.aclose()


class Writers:
    """Writes without pause until it is left; what was acknowledged, and the longest time that a write took."""

    def __init__(self, store, count: int = 4) -> None:
        self.acknowledged = {}
        self.longest = 0.0
        self._store = store
        self._count = count
        self._stop = False

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._write(worker)) for worker in range(self._count)]
        return self

    async def __aexit__(self, *_):
        self._stop = True
        async with asyncio.timeout(SOON):
            await asyncio.gather(*self._tasks)

    async def more(self, writes: int) -> None:
        """Returns when so many more were acknowledged."""
        wanted = len(self.acknowledged) + writes
        while len(self.acknowledged) < wanted:
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)

    async def _write(self, worker: int) -> None:
        number = 0
        while not self._stop:
            name, began = f"tenants/{worker}-{number}", time.monotonic()
            self.acknowledged[name] = (await self._store.create("tenants", name, b"x")).version
            self.longest = max(self.longest, time.monotonic() - began)
            number += 1


async def logged(store, version: int) -> list[tuple[int, str]]:
    """Every write in the log up to a version."""
    found, feed = [], store.changes(0)
    async with asyncio.timeout(SOON):
        while len(found) < version:
            found += [(change.version, change.name) for change in await anext(feed)]
    await feed.aclose()
    return found


async def test_a_slot_that_moves_under_load_loses_and_doubles_nothing(cluster, store):
    async with Writers(store) as writers:
        source = await cluster.owner(SLOT)
        for _ in range(6):
            await writers.more(50)
            async with cluster.moving(SLOT, source, 1 - source):
                await cluster.migrate(SLOT, source, 1 - source, 3)
            source = 1 - source
        await writers.more(50)
    version, _ = await store.load()
    assert sorted(await logged(store, version)) == sorted((v, name) for name, v in writers.acknowledged.items())
    assert writers.longest < 1


async def test_a_feed_follows_a_slot_that_moves(cluster, store):
    await store.create("tenants", "tenants/a", b"")
    feed = store.changes(0)
    await anext(feed)
    source = await cluster.owner(SLOT)
    async with cluster.moving(SLOT, source, 1 - source):
        waiting = asyncio.create_task(anext(feed))
    await store.create("tenants", "tenants/b", b"")
    async with asyncio.timeout(SOON):
        assert [change.name for change in await waiting] == ["tenants/b"]
    await feed.aclose()


async def test_a_key_that_has_moved_before_its_slot_is_read_where_it_is(cluster):
    async with connect(cluster.url) as client:
        source = await cluster.owner(SLOT)
        await client.set(keys.HEAD, "here")
        async with cluster.moving(SLOT, source, 1 - source):
            assert await cluster.migrate(SLOT, source, 1 - source, 1) == 1
            assert await client.get(keys.HEAD) == b"here"
            assert await client.set(keys.HEAD, "there")
        assert await client.get(keys.HEAD) == b"there"


@only_long  # tests/e2e/test_redis_topologies.py has a kill, of a whole gateway's.
@pytest.mark.parametrize("harm", ["kill", "freeze"])
async def test_a_failover_loses_nothing_acknowledged_and_is_noticed_at_once(group, store, harm):
    async with Writers(store) as writers:
        await writers.more(200)
        began = time.monotonic()
        getattr(group.master, harm)()
        await until(lambda: switched(group))
        decided = time.monotonic() - began
        await writers.more(200)
    version, resources = await store.load()
    lost = writers.acknowledged.keys() - {resource.name for resource in resources}
    told(f"{harm}: decided by Sentinel in {decided:.2f} s, outage {writers.longest:.2f} s, {version} writes", lost)
    assert sorted(await logged(store, version)) == sorted((v, name) for name, v in writers.acknowledged.items())
    assert writers.longest <= decided + 0.75
    # Three Sentinels notice a kill at once; a freeze by a ping each second, and the promotion by another.
    if harm == "kill":
        assert writers.longest <= 3


async def switched(group) -> bool:
    return await group.home("") is not group.master


def told(text: str, lost) -> None:
    print(f"\n{text}; acknowledged and lost: {len(lost)}", *sorted(lost), sep="\n")  # noqa: T201  # A proof's figures.


async def test_a_master_that_became_a_replica_is_left(group, store):
    """Its connections stand, and it answers READONLY: as when Sentinel's word to it comes late."""
    await store.create("tenants", "tenants/a", b"")
    old, new = group.servers
    for sentinel in group.sentinels:
        async with connect(sentinel.url) as client:
            await client.execute_command("SENTINEL", "REMOVE", "tollway")
            await client.execute_command("SENTINEL", "MONITOR", "tollway", "127.0.0.1", new.port, 1)
    async with connect(old.url) as first, connect(new.url) as second:
        await first.set("last", "")  # WAIT waits for what its own connection has written.
        assert await first.wait(1, SOON * 1000) == 1
        await second.execute_command("REPLICAOF", "NO", "ONE")
        await first.execute_command("REPLICAOF", "127.0.0.1", new.port)
        async with asyncio.timeout(SOON):
            created = await store.create("tenants", "tenants/b", b"")
        assert created.version == 2
        assert await second.hexists(keys.RESOURCES, "tenants/b")


@only_long
async def test_a_frozen_master_that_was_replaced_gets_nothing_when_it_wakes_up(group, store):
    """It takes itself for the master still, and would acknowledge what is then thrown away."""
    await store.create("tenants", "tenants/a", b"")
    group.master.freeze()
    await until(lambda: switched(group))
    group.master.thaw()
    await store.create("tenants", "tenants/b", b"")
    async with connect((await group.home("")).url) as new:
        assert await new.hexists(keys.RESOURCES, "tenants/b")


@only_long
async def test_a_frozen_sentinel_holds_nobody_up(group, store):
    group.sentinels[0].freeze()
    began = time.monotonic()
    await store.create("tenants", "tenants/a", b"")
    assert time.monotonic() - began < 0.5


async def test_the_master_serves_on_without_its_sentinels(group, store, monkeypatch):
    await store.create("tenants", "tenants/a", b"")
    for sentinel in group.sentinels:
        sentinel.kill()
    monkeypatch.setattr(sentinel_module, "STALE_SECONDS", 0)
    assert (await store.create("tenants", "tenants/b", b"")).version == 2


async def test_a_service_that_the_sentinels_do_not_know_is_told_as_that(group):
    store = RedisResourceStore(group.url.replace("/tollway", "/other"))
    with pytest.raises(TollwayError) as failed:
        await store.load()
    assert trouble(failed.value).startswith("watches no service of that name")
    await store.aclose()


async def test_a_master_without_the_replicas_that_it_must_have_is_waited_for(redis_program, own_redis):
    """Redis 6 words it otherwise where a script writes."""
    store = RedisResourceStore(own_redis.url)
    async with connect(own_redis.url) as client:
        await client.config_set("min-replicas-to-write", 1)
        writing = asyncio.create_task(store.create("tenants", "tenants/a", b""))
        await asyncio.wait([writing], timeout=0.3)
        assert not writing.done()
        await client.config_set("min-replicas-to-write", 0)
        assert (await writing).version == 1
    await store.aclose()


async def test_a_replica_is_waited_for_until_it_is_a_master(redis_program, own_redis):
    store = RedisResourceStore(own_redis.url)
    async with connect(own_redis.url) as client:
        await client.execute_command("REPLICAOF", "127.0.0.1", "1")
        writing = asyncio.create_task(store.create("tenants", "tenants/a", b""))
        await asyncio.wait([writing], timeout=0.3)
        assert not writing.done()
        await client.execute_command("REPLICAOF", "NO", "ONE")
        assert (await writing).version == 1
    await store.aclose()


async def test_a_refusal_is_logged_in_words(own_redis, caplog):
    store = RedisResourceStore(own_redis.url)
    async with connect(own_redis.url) as client:
        await client.config_set("maxmemory", 1)
        with pytest.raises(TollwayError):
            await store.create("tenants", "tenants/a", b"canary")
    assert "The store refuses a command: its memory is full (OOM)" in caplog.text
    assert "canary" not in caplog.text
    await store.aclose()
