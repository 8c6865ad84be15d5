"""Following goes on whatever a change does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from tests.contract.memory_store import MemoryResourceStore
from tollwayd.core.current import Current
from tollwayd.core.snapshot import Snapshot
from tollwayd.proxy import replica
from tollwayd.proxy.replica import Replica


class Moody:
    """A compiler that has defects at first."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def compile(self, version, resources):
        return self._answer(version)

    def apply(self, changes):
        return self._answer(changes[-1].version)

    def _answer(self, version):
        if self.failures:
            self.failures -= 1
            raise ZeroDivisionError
        yield
        return Snapshot(version, {}, {})


@asynccontextmanager
async def following(compiler):
    store, current = MemoryResourceStore(), Current()
    task = asyncio.create_task(Replica(store, compiler, current).follow())
    yield store, current
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(replica, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(replica, "DEFECT_SECONDS", 0.01)


async def write(store, name="tenants/acme"):
    return (await store.create("tenants", name, b"")).version


async def test_a_change_that_cannot_be_applied_is_made_up_for_by_a_reload():
    with capture_logs() as lines:
        async with following(Moody(failures=1)) as (store, current), asyncio.timeout(5):
            await current.reached(await write(store))
    assert [line["event"] for line in lines] == ["a change cannot be applied; the present configuration keeps serving"]
    assert lines[0]["exc_info"]


async def test_a_load_that_fails_is_tried_again():
    compiler = Moody(failures=3)
    with capture_logs() as lines:
        async with following(compiler) as (store, current), asyncio.timeout(5):
            await current.reached(await write(store))
            await current.reached(await write(store, "tenants/later"))
    failed = "the configuration cannot be loaded; the present one keeps serving"
    assert [line["event"] for line in lines].count(failed) == 2
