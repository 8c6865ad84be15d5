"""A gateway warns of a Redis that would lose what is booked, and starts all the same."""

from __future__ import annotations

import pytest

from tests.running.gateway import Gateway
from tests.running.redis_process import RedisProcess
from tollwayd.state.connection import connect

SAFE = {"appendonly": "yes", "maxmemory_policy": "noeviction"}


async def warnings(folder, url_of=lambda server: server.url, **options: str) -> list[str]:
    """What a gateway that starts at a Redis with these options warns of."""
    server = RedisProcess(folder / "redis", **options)
    await server.start()
    try:
        async with connect(server.url) as client:
            await client.execute_command("ACL", "SETUSER", "shy", "on", "nopass", "~*", "+@all", "-info")
        with Gateway(folder / "data", redis_url=url_of(server)) as gateway:
            pass
        return [line["event"] for line in gateway.lines() if line["level"] == "warning"]
    finally:
        server.end()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(SAFE, [], id="safe"),
        pytest.param(SAFE | {"appendonly": "no"}, ["appendonly no"], id="no-file"),
        pytest.param(SAFE | {"maxmemory_policy": "allkeys-lru"}, ["maxmemory-policy allkeys-lru"], id="evicts"),
        pytest.param({"maxmemory_policy": "volatile-ttl"}, ["appendonly no", "volatile-ttl"], id="both"),
    ],
)
async def test_a_gateway_warns_of_what_its_redis_would_lose(tmp_path, options, said):
    warned = await warnings(tmp_path, **options)
    assert len(warned) == len(said)
    assert all(words in warning for words, warning in zip(said, warned, strict=True)), warned


async def test_a_redis_that_does_not_tell_is_taken_as_it_is(tmp_path):
    assert await warnings(tmp_path, lambda server: server.url.replace("://", "://shy:any@")) == []
