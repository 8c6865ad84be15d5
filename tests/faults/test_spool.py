"""What the spool said is safe is booked, whatever happens to its process, its disk or its files."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from contextlib import contextmanager

import pytest
import pytest_asyncio

from tests.faults.spooling import number, record
from tests.running.gateway import ROOT, environment
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.metering.meter import RedisMeter
from tollwayd.state.metering.spool import Spool
from tollwayd.state.metering.spool.booking import booking
from tollwayd.state.metering.spool.frames import MAX_RECORD_BYTES, frame

ROUNDS = 5


@pytest_asyncio.fixture
async def spool(tmp_path):
    spool = Spool(tmp_path / "spool")
    yield spool
    await spool.aclose()


@contextmanager
def process(work: str, folder, *arguments: str):
    command = [sys.executable, "-m", "tests.faults.spooling", work, str(folder), *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment(), text=True, **pipes) as running:
        yield running
        running.kill()


async def booked(spool: Spool) -> list[int]:
    """The numbers that a replay books."""
    numbers: list[int] = []

    async def book(kept: bytes) -> None:
        numbers.append(number(kept))

    assert await spool.replay(book) == len(numbers)
    return numbers


def files(folder) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


async def test_what_is_kept_is_booked_once_and_its_file_is_gone(spool, tmp_path):
    assert all(await asyncio.gather(*(spool.append(record(n)) for n in range(1000))))
    assert spool.holds > 1000 * len(record(0))

    assert await booked(spool) == list(range(1000))
    assert await booked(spool) == []
    assert spool.holds == 0
    assert files(tmp_path / "spool") == []


async def test_a_spool_without_use_makes_no_files(spool, tmp_path):
    assert await booked(spool) == []
    assert not (tmp_path / "spool").exists()


async def test_all_that_wait_share_one_flush(spool, monkeypatch):
    flushed, fsync = [], os.fsync

    def flush(descriptor: int) -> None:
        fsync(descriptor)
        if stat.S_ISREG((state := os.fstat(descriptor)).st_mode):
            flushed.append(state.st_size)

    monkeypatch.setattr(os, "fsync", flush)
    assert all(await asyncio.gather(*(spool.append(record(n)) for n in range(500))))
    assert flushed == [spool.holds]
    assert await spool.append(record(500))
    assert flushed[1:] == [spool.holds]


async def test_a_caller_that_does_not_wait_loses_nothing(spool):
    waiting = asyncio.ensure_future(spool.append(record(1)))
    waiting.cancel()
    spool.append(record(2))

    assert await spool.append(record(3))
    assert await booked(spool) == [1, 2, 3]


async def test_what_comes_in_during_a_replay_is_kept_for_the_next(spool):
    await asyncio.gather(*(spool.append(record(n)) for n in range(10)))

    async def book(kept: bytes) -> None:
        if number(kept) == 5:
            assert await spool.append(record(10))

    assert await spool.replay(book) == 10
    assert await booked(spool) == [10]


async def test_while_the_store_is_away_again_the_rest_is_kept(spool):
    await asyncio.gather(*(spool.append(record(n)) for n in range(150)))
    seen: list[int] = []

    async def book(kept: bytes) -> None:
        if number(kept) == 120:
            raise ConnectionError
        seen.append(number(kept))

    with pytest.raises(ConnectionError):
        await spool.replay(book)
    assert 100 <= len(seen) < 150
    assert {*seen, *await booked(spool)} == set(range(150))


async def test_a_full_spool_says_so_once_and_never_fails_a_call(tmp_path, caplog):
    spool = Spool(tmp_path, max_bytes=3 * len(frame(record(0))))

    assert [await spool.append(record(n)) for n in range(5)] == [True, True, True, False, False]
    assert [entry.levelname for entry in caplog.records] == ["ERROR"]
    assert "is full" in caplog.text
    assert await booked(spool) == [0, 1, 2]
    assert await spool.append(record(5))
    assert await booked(spool) == [5]
    await spool.aclose()


async def test_a_record_that_no_settlement_can_be_is_refused(spool, caplog):
    assert not await spool.append(bytes(MAX_RECORD_BYTES + 1))
    assert str(MAX_RECORD_BYTES) in caplog.text


async def test_a_folder_that_cannot_be_is_told_and_fails_no_call(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file" / "spool")

    assert not await spool.append(record(1))
    assert "Not a directory" in caplog.text
    await spool.aclose()


async def test_at_an_orderly_end_what_is_not_booked_waits_for_the_next_process(tmp_path):
    first, second = Spool(tmp_path), Spool(tmp_path)
    spool_of_another = asyncio.gather(first.append(record(1)), first.append(record(2)))
    await first.aclose()

    assert await spool_of_another == [True, True]
    assert await booked(second) == [1, 2]
    await second.aclose()


async def test_the_file_of_a_process_that_lives_is_left_alone(tmp_path):
    first, second = Spool(tmp_path), Spool(tmp_path)
    await first.append(record(1))

    assert await booked(second) == []
    assert await booked(first) == [1]
    await first.aclose()
    await second.aclose()


@pytest.mark.parametrize("kills", range(ROUNDS))
async def test_all_that_was_safe_when_a_process_was_killed_is_booked(spool, tmp_path, kills):
    safe: set[int] = set()
    for round_ in range(kills + 1):
        with process("append", tmp_path / "spool", str(round_ * 1_000_000)) as running:
            for _ in range(100 + 77 * kills):
                told, _, is_safe = running.stdout.readline().partition(" ")
                assert is_safe == "True\n"
                safe.add(int(told))

    numbers = await booked(spool)
    assert safe <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert files(tmp_path / "spool") == []


@pytest.mark.parametrize("seen", [1, 50, 99, 100, 101])
async def test_a_replay_that_is_killed_in_its_middle_is_done_again(spool, tmp_path, seen):
    earlier = Spool(tmp_path / "spool")
    await asyncio.gather(*(earlier.append(record(n)) for n in range(150)))
    await earlier.aclose()
    with process("book", tmp_path / "spool") as running:
        running.stdin.write("\n" * (seen - 1))
        running.stdin.flush()
        first = {int(running.stdout.readline()) for _ in range(seen)}

    assert len(first) == seen
    assert await booked(spool) == list(range(150))


async def test_a_disk_that_is_full_is_told_and_what_was_safe_is_booked(spool, tmp_path):
    with process("full", tmp_path / "spool", "10000") as running:
        output, log = running.communicate(timeout=30)
    said = dict(line.split() for line in output.splitlines())
    safe = {int(each) for each, is_safe in said.items() if is_safe == "True"}

    assert len(said) == 100
    assert 0 < len(safe) < 100
    assert "File too large" in log
    assert safe <= set(await booked(spool))
    assert files(tmp_path / "spool") == []


async def test_a_damaged_file_is_booked_as_far_as_it_goes_and_set_aside(tmp_path, caplog):
    path = tmp_path / "0-1.spool"
    content = bytearray(b"".join(frame(record(n)) for n in range(3)))
    content[len(frame(record(0))) + 30] ^= 1
    path.write_bytes(content + b"\xf5tw")
    spool = Spool(tmp_path)

    assert await booked(spool) == [0, 2]
    assert files(tmp_path) == [".damaged"]
    assert [entry.levelname for entry in caplog.records] == ["WARNING", "ERROR"]
    assert await booked(spool) == []
    await spool.aclose()


async def test_a_record_that_can_never_be_booked_keeps_nothing_up(spool, tmp_path, caplog):
    await asyncio.gather(*(spool.append(record(n)) for n in range(3)))

    async def book(kept: bytes) -> None:
        if number(kept) == 1:
            raise ValueError

    assert await spool.replay(book) == 2
    assert files(tmp_path / "spool") == [".damaged"]
    assert "1 records cannot be booked" in caplog.text
    assert await booked(spool) == []


async def test_an_outage_makes_one_file_however_often_the_store_is_tried(spool, tmp_path):
    async def away(kept: bytes) -> None:
        raise ConnectionError

    for round_ in range(5):
        await spool.append(record(round_))
        with pytest.raises(ConnectionError):
            await spool.replay(away)

    assert len(files(tmp_path / "spool")) == 1
    assert await booked(spool) == [0, 1, 2, 3, 4]


async def test_what_is_kept_is_booked_when_the_store_is_back(spool, monkeypatch, caplog):
    monkeypatch.setattr("tollwayd.state.metering.spool.booking.LOOK_SECONDS", 0.01)
    all_there = asyncio.Event()
    unreachable = [TollwayError(Reason.REASON_STORE_UNAVAILABLE)]
    troubles = [TollwayError(Reason.REASON_STORE_UNAVAILABLE), OSError(5, "a bad disk"), RuntimeError("a defect")]
    numbers: list[int] = []

    async def book(kept: bytes) -> None:
        if troubles:
            raise troubles.pop(0)
        numbers.append(number(kept))
        if {1, 2} <= set(numbers):
            all_there.set()

    await spool.append(record(1))

    async def reach() -> None:
        if unreachable:
            raise unreachable.pop()

    async with booking(spool, book, reach), asyncio.timeout(10):
        await spool.append(record(2))
        await all_there.wait()
    assert [entry.levelname for entry in caplog.records] == ["ERROR", "ERROR"]
    assert "a bad disk" in caplog.text
    assert "a defect" in caplog.text


async def test_what_is_no_settlement_is_none_that_could_be_booked_later(own_redis):
    meter = RedisMeter(own_redis.url)

    with pytest.raises(ValueError, match="MessagePack"):
        await meter.book(b"\xc1")
    await meter.aclose()
