"""The embedded Redis: one command is enough, and neither crashes nor company on its data folder hurt."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import stat
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlparse

import psutil
import pytest

from tollwayd.state.connection import connect
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.resource_store import RedisResourceStore
from tollwayd.state.server_binary import EmbeddedRedisError, find_server
from tollwayd.state.server_process import lock

SOON = 20  # Seconds: far more than anything here takes, so that a test which fails does not hang.


async def info(redis: EmbeddedRedis) -> dict:
    async with connect(redis.url) as client:
        return await client.info("server")


async def pid(redis: EmbeddedRedis) -> int:
    return (await info(redis))["process_id"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def gone(process: int) -> None:
    try:
        await asyncio.to_thread(psutil.Process(process).wait, SOON)
    except psutil.NoSuchProcess:
        return


@asynccontextmanager
async def store_at(redis: EmbeddedRedis):
    store = RedisResourceStore(redis.url)
    yield store
    await store.aclose()


async def names(redis: EmbeddedRedis) -> list[str]:
    async with store_at(redis) as store:
        return [resource.name for resource in (await store.load())[1]]


async def test_data_outlive_the_server_with_either_program(redis_program, tmp_path):
    for round_ in range(3):
        async with EmbeddedRedis(tmp_path / "new") as redis:
            assert len(await names(redis)) == round_
            assert (await info(redis))["redis_version"].startswith("6.2." if redis_program == "wheel" else "")
            async with store_at(redis) as store:
                await store.create("tenants", f"tenants/{round_}", b"", claim=str(round_))


async def test_either_program_runs_every_script(redis_program, tmp_path):
    async with EmbeddedRedis(tmp_path) as redis, store_at(redis) as store:
        tenant = await store.create("tenants", "tenants/a", b"1")
        await store.create("models", "tenants/a/models/m", b"1", claim="x")
        await store.update("tenants", "tenants/a", b"2", version=tenant.version)
        feed = store.changes(0)
        assert len(await anext(feed)) == 3
        await feed.aclose()
        assert len(await store.list("models", "tenants/a", limit=2)) == 1
        assert await store.delete("tenants", "tenants/a", force=True) == 5
        assert await store.load() == (5, [])


async def test_it_is_for_its_owner_alone(tmp_path):
    async with EmbeddedRedis(tmp_path) as redis:
        server = psutil.Process(await pid(redis))
        assert [c for c in server.net_connections("inet") if c.status == psutil.CONN_LISTEN] == []
        socket = Path(unquote(urlparse(redis.url).path))
        assert [mode(socket), mode(socket.parent)] == [0o600, 0o700]


async def test_it_learns_no_setting_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("TOLLWAY_ADMIN_KEY", "canary")
    async with EmbeddedRedis(tmp_path) as redis:
        server = psutil.Process(await pid(redis))
        assert not any(name.startswith("TOLLWAY_") for name in server.environ())


async def test_stopping_leaves_no_process(tmp_path):
    async with EmbeddedRedis(tmp_path) as redis:
        server = psutil.Process(await pid(redis))
        processes = [server, *server.parent().children(), server.parent()]
    assert [process for process in processes if process.is_running()] == []


async def test_a_path_too_long_for_a_socket_is_no_trouble(tmp_path):
    folder = tmp_path / ("long" * 30) / "an odd name?#%20"
    async with EmbeddedRedis(folder) as redis:
        assert len(urlparse(redis.url).path) < 100
        async with store_at(redis) as store:
            await store.create("tenants", "tenants/a", b"")
        async with EmbeddedRedis(folder) as second:
            assert await names(second) == ["tenants/a"]
        alias = Path(urlparse(redis.url).path).parents[1]
    assert not alias.exists()


async def test_a_second_gateway_shares_the_server(tmp_path):
    async with EmbeddedRedis(tmp_path) as first:
        async with EmbeddedRedis(tmp_path) as second:
            assert await pid(first) == await pid(second)
        assert await names(first) == []  # The guest has left, the server has not.


async def test_who_shares_a_server_keeps_it_when_its_owner_stops(tmp_path):
    owner = EmbeddedRedis(tmp_path)
    await owner.start()
    async with EmbeddedRedis(tmp_path) as guest, store_at(guest) as store:
        await store.create("tenants", "tenants/a", b"")
        before = await pid(guest)
        await owner.stop()
        await store.create("tenants", "tenants/b", b"")
        assert await names(guest) == ["tenants/a", "tenants/b"]
        assert await pid(guest) != before


async def test_gateways_that_start_at_once_run_one_server(tmp_path):
    gateways = [EmbeddedRedis(tmp_path) for _ in range(5)]
    await asyncio.gather(*(gateway.start() for gateway in gateways))
    assert len({await pid(gateway) for gateway in gateways}) == 1
    await asyncio.gather(*(gateway.stop() for gateway in gateways))
    with lock(tmp_path / "redis") as locked:
        assert locked is not None


async def test_a_server_that_dies_is_started_again(tmp_path, caplog):
    async with EmbeddedRedis(tmp_path) as redis, store_at(redis) as store:
        pids = set()
        for i in range(3):
            await store.create("tenants", f"tenants/{i}", b"")
            pids.add(await pid(redis))
            os.kill(await pid(redis), signal.SIGKILL)
        assert len((await store.load())[1]) == 3
        assert len(pids) == 3
    assert (logging.WARNING, "The embedded Redis has stopped; starting it again.") in {
        (record.levelno, record.message) for record in caplog.records
    }


GATEWAY = """
import asyncio, sys, uvloop
from pathlib import Path
from tollwayd.state.embedded import EmbeddedRedis

async def main():
    async with EmbeddedRedis(Path(sys.argv[1])) as redis:
        print(redis.url, flush=True)
        await asyncio.Event().wait()

uvloop.run(main())
"""


async def gateway_process(folder: Path) -> asyncio.subprocess.Process:
    gateway = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", GATEWAY, folder),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert (await gateway.stdout.readline()).startswith(b"unix://")
    return gateway


async def test_a_killed_gateway_takes_its_server_along_and_can_start_again(tmp_path):
    gateway = await gateway_process(tmp_path)
    guest = EmbeddedRedis(tmp_path)
    await guest.start()
    server = await pid(guest)
    async with store_at(guest) as store:
        await store.create("tenants", "tenants/a", b"")
    await guest.stop()
    gateway.kill()
    # At once, whether or not the old server has gone by now.
    async with EmbeddedRedis(tmp_path) as redis:
        assert await names(redis) == ["tenants/a"]
        await gone(server)
        assert await names(redis) == ["tenants/a"]
        await gateway.wait()


async def test_who_shares_a_server_keeps_it_when_its_owner_is_killed(tmp_path):
    gateway = await gateway_process(tmp_path)
    async with EmbeddedRedis(tmp_path) as guest, store_at(guest) as store:
        before = await pid(guest)
        gateway.kill()
        await gone(before)
        await store.create("tenants", "tenants/a", b"")
        await gateway.wait()


@pytest.mark.skipif(not shutil.which("redis-server"), reason="needs a newer server beside the wheel's")
async def test_an_older_server_does_not_start_empty_on_newer_data(tmp_path, monkeypatch):
    async with EmbeddedRedis(tmp_path) as redis, store_at(redis) as store:
        await store.create("tenants", "tenants/a", b"")
    if find_server().version < (7, 0):
        pytest.skip("the installed server is no newer than the wheel's")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        with pytest.raises(EmbeddedRedisError, match="newer"):
            await EmbeddedRedis(tmp_path).start()
    async with EmbeddedRedis(tmp_path) as redis:
        assert await names(redis) == ["tenants/a"]


async def test_a_server_that_cannot_start_says_where_to_look(tmp_path):
    folder = tmp_path / "redis"
    # Folders where the server's files have to be: Redis 7 keeps a manifest of several, older ones a single file.
    file = "appendonlydir/appendonly.aof.manifest" if find_server().version >= (7, 0) else "appendonly.aof"
    (folder / file).mkdir(parents=True)
    with pytest.raises(EmbeddedRedisError, match=r"does not start; see .*redis\.log"):
        await EmbeddedRedis(tmp_path).start()
    assert (folder / "redis.log").stat().st_size > 0


def program(folder: Path, name: str, version: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        ({"redis-server": "Redis server v=8.2.1 sha=00000000:0 malloc=jemalloc-5.3.0"}, ("redis-server", (8, 2))),
        ({"valkey-server": "Valkey server v=10.0.4 sha=00000000:0"}, ("valkey-server", (10, 0))),
        ({"redis-server": "Redis server v=6.0.16", "valkey-server": "v=7.2.4"}, ("valkey-server", (7, 2))),
        ({"redis-server": "Redis server v=5.0.7 sha=0"}, ("redis-server", (6, 2))),
        ({"redis-server": "what?"}, ("redis-server", (6, 2))),
    ],
)
def test_the_first_program_that_is_new_enough_is_taken(tmp_path, monkeypatch, programs, found):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, version in programs.items():
        program(tmp_path, name, version)
    server = find_server()
    assert (server.path.name, server.version) == found
    assert (server.path.parent == tmp_path) == (found[1] != (6, 2))


def test_without_any_program_the_operator_is_told_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("tollwayd.state.server_binary.find_spec", lambda _: None)
    with pytest.raises(EmbeddedRedisError, match="TOLLWAY_REDIS_URL"):
        find_server()
