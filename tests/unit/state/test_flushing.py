"""The append-only files are flushed, whichever release of Redis wrote them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tollwayd.state import flushing


@pytest.fixture
async def flushes(tmp_path, monkeypatch):
    """Starts flushing a folder; gives the folder and a queue of the files that were flushed."""
    monkeypatch.setattr(flushing, "FLUSH_SECONDS", 0.01)
    loop, flushed = asyncio.get_running_loop(), asyncio.Queue()
    real = os.fdatasync

    def fdatasync(file):
        real(file)
        loop.call_soon_threadsafe(flushed.put_nowait, str(Path(f"/proc/self/fd/{file}").readlink()))

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    task = asyncio.create_task(flushing.flush_on(tmp_path))
    yield tmp_path, flushed
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("name", ["appendonly.aof", "appendonlydir/appendonly.aof.1.incr.aof"])
async def test_a_file_is_flushed_whenever_it_has_grown(flushes, name):
    folder, flushed = flushes
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    for content in (b"a", b"ab"):
        file.write_bytes(content)
        assert await asyncio.wait_for(flushed.get(), 10) == str(file)


async def test_a_flush_that_fails_is_told_once_and_tried_again(flushes, monkeypatch, caplog):
    folder, flushed = flushes
    tries = asyncio.Queue()
    loop, works = asyncio.get_running_loop(), os.fdatasync

    def fails(_):
        loop.call_soon_threadsafe(tries.put_nowait, None)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", fails)
    (folder / "appendonly.aof").write_bytes(b"a")
    for _ in range(3):
        await asyncio.wait_for(tries.get(), 10)
    monkeypatch.setattr(os, "fdatasync", works)
    await asyncio.wait_for(flushed.get(), 10)
    assert [record.message for record in caplog.records] == [
        "The embedded Redis's data cannot be flushed to disk: No space left on device."
    ]
