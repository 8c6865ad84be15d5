"""The store's keys: in their own space, and all in one slot, so that a cluster runs every script."""

from __future__ import annotations

import asyncio
import re

import pytest
from redis.crc import key_slot

from tollwayd.core.errors import TollwayError
from tollwayd.state import keys
from tollwayd.state.resource_store import DONE_SECONDS, RedisResourceStore

OURS = re.compile(rb"tollway:\{[a-z]+\}:")
SOON = 15


async def every_operation(store: RedisResourceStore) -> None:
    tenant = await store.create("tenants", "tenants/a", b"1", claim="x")
    model = await store.create("models", "tenants/a/models/m", b"1", claim="x")
    await store.create("models", "tenants/a/models/n", b"1")
    await store.update("models", model.name, b"2", version=model.version, claim="y")
    await store.get("tenants", tenant.name)
    await store.list("models", tenant.name, limit=5)
    await store.delete("models", model.name)
    with pytest.raises(TollwayError):
        await store.delete("tenants", tenant.name)
    await store.load()
    feed = store.changes(0)
    assert len(await anext(feed)) == 5
    waiting = asyncio.create_task(anext(feed))
    await store.delete("tenants", tenant.name, force=True)
    assert len(await waiting) == 2
    await feed.aclose()
    await store.create("tenants", "tenants/b", b"1", claim="x")
    await store.create("models", "tenants/b/models/m", b"1", claim="x")


async def test_every_key_is_in_our_space(redis_store, redis_client):
    await every_operation(redis_store)
    found = [key async for key in redis_client.scan_iter(count=1000)]
    assert set(keys.WRITE_KEYS) <= {key.decode() for key in found}
    assert [key for key in found if not OURS.match(key)] == []


async def test_only_what_marks_a_write_as_done_is_forgotten(redis_store, redis_client):
    await every_operation(redis_store)
    lives = {key.decode(): await redis_client.ttl(key) async for key in redis_client.scan_iter(count=1000)}
    lasting = {key for key, seconds in lives.items() if seconds == -1}
    assert lasting == set(keys.WRITE_KEYS)
    assert all(0 < lives[key] <= DONE_SECONDS for key in lives.keys() - lasting)


async def test_deleting_everything_leaves_no_trace_but_the_log(redis_store, redis_client):
    await every_operation(redis_store)
    await redis_store.delete("tenants", "tenants/b", force=True)
    left = {key.decode() async for key in redis_client.scan_iter(count=1000)}
    assert {key for key in left if not key.startswith(keys.done(""))} == {keys.HEAD, keys.CHANGES}


def test_every_key_lies_in_one_slot():
    assert len({key_slot(key.encode()) for key in (*keys.WRITE_KEYS, keys.done("x"))}) == 1


@pytest.mark.parametrize("redis_kind", ["cluster"], indirect=True)
async def test_every_script_runs_on_a_cluster(redis_store):
    await every_operation(redis_store)
    assert (await redis_store.load())[0] == 9
