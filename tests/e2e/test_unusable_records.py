"""A stored record that cannot be used: processes go on, and start, without it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from urllib.request import Request

import pytest

from tests.running.gateway import Gateway, send
from tests.running.redis_server import own_redis
from tollway.admin.v1.providers_pb2 import Provider
from tollway.config.v1.records_pb2 import ProviderRecord
from tollwayd.state.resource_store import RedisResourceStore

__all__ = ["own_redis"]

KEYRING = "k1:" + "A" * 43 + "="
UNUSABLE = {
    "providers": lambda name: ProviderRecord(
        provider=Provider(name=name, dialect="openai.chat", base_url="https://a..b/v1")
    ).SerializeToString(),
    "apiKeys": lambda _: b"\xff\xff",
}


@asynccontextmanager
async def other_writer(url):
    """What an older or newer version of the gateway is to the store."""
    store = RedisResourceStore(url)
    yield store
    await store.aclose()


def serves(gateway, secret) -> bool:
    models = Request(gateway.url("proxy_http") + "/v1/models", headers={"Authorization": f"Bearer {secret}"})
    return (send(models)[0], send(Request(gateway.url("metrics_http") + "/readyz"))[0]) == (200, 200)


def left_out(gateway) -> list[str]:
    lines = [json.loads(line) for line in gateway.log if line.startswith("{")]
    return [line["resource"] for line in lines if line["event"] == "resource left out"]


def check(gateway, secret, name) -> None:
    """A write is answered when it is applied, and with it all that was written before."""
    assert serves(gateway, gateway.admin().tenant().key())
    assert serves(gateway, secret)
    assert left_out(gateway) == [name]
    gateway.log.clear()


@pytest.mark.parametrize("kind", [*UNUSABLE])
async def test_a_record_that_cannot_be_used_ends_no_process(tmp_path, own_redis, kind):
    gateway = Gateway(tmp_path / "gateway", redis_url=own_redis.url, master_keys=KEYRING)
    with gateway:
        tenant = await asyncio.to_thread(gateway.admin().tenant)
        secret = await asyncio.to_thread(tenant.key)
        name = f"{tenant.name}/{kind}/unusable"
        async with other_writer(own_redis.url) as store:
            await store.create(kind, name, UNUSABLE[kind](name))
        await asyncio.to_thread(check, gateway, secret, name)
    with gateway:
        await asyncio.to_thread(check, gateway, secret, name)
