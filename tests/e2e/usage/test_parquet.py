"""Parquet files, made by a real process."""

from __future__ import annotations

import asyncio
import io
from contextlib import aclosing

import psutil
import pyarrow.parquet
import pytest

from tests.metered.booked import entry
from tollwayd.admin.usage import ledger_parquet
from tollwayd.admin.usage.ledger_parquet import MAX_PROGRAMS, ParquetFiles
from tollwayd.admin.usage.ledger_rows import json_lines
from tollwayd.core.errors import Reason, TollwayError


async def lines(*pieces: bytes, error: Exception | None = None):
    for piece in pieces:
        yield piece
    if error is not None:
        raise error


def many(count: int) -> bytes:
    return json_lines([entry(f"c{number}", cost_nanos=number) for number in range(count)])


def programs() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if runs(each)]


def runs(process: psutil.Process) -> bool:
    try:
        return ledger_parquet.PROGRAM in process.cmdline()
    except psutil.NoSuchProcess:  # A zombie is one, too.
        return False


async def test_a_file_of_many_row_groups_has_all_rows_in_their_order():
    pieces = [piece async for piece in ParquetFiles().pieces(lines(many(15_000), many(10_000)))]
    file = pyarrow.parquet.ParquetFile(io.BytesIO(b"".join(pieces)))
    assert file.num_row_groups == 3
    costs = file.read(columns=["cost_nanos"]).column(0).to_pylist()
    assert costs == [*range(15_000), *range(10_000)]
    assert programs() == []


async def collect(rows, pieces: list[bytes]) -> None:
    async for piece in ParquetFiles().pieces(rows):
        pieces.append(piece)  # noqa: PERF401  # What comes before an error counts.


async def test_what_stops_the_ledger_stops_the_file_before_it_looks_whole():
    away = TollwayError(Reason.REASON_STORE_UNAVAILABLE)
    got = []
    with pytest.raises(TollwayError) as raised:
        await collect(lines(many(12_000), error=away), got)
    assert raised.value is away
    with pytest.raises(pyarrow.ArrowInvalid):
        pyarrow.parquet.read_table(io.BytesIO(b"".join(got)))
    assert programs() == []


async def test_rows_that_the_program_cannot_read_are_a_defect_and_not_shown(caplog):
    with pytest.raises(TollwayError) as raised:
        await collect(lines(b'{"secret": "canary"}\n'), [])
    assert raised.value.reason == Reason.REASON_INTERNAL
    assert "canary" not in caplog.text
    assert "ended with status 1" in caplog.text


async def test_a_file_that_nobody_reads_on_leaves_no_program():
    async with aclosing(ParquetFiles().pieces(lines(many(30_000)))) as pieces:
        await anext(pieces)
        (program,) = programs()
    assert not program.is_running()


async def test_files_wait_for_their_turn():
    files = ParquetFiles()
    waiting = [asyncio.create_task(read(files)) for _ in range(MAX_PROGRAMS + 1)]
    most = 0
    while not all(task.done() for task in waiting):
        most = max(most, len(programs()))
        await asyncio.sleep(0)
    assert [await task for task in waiting] == [10] * (MAX_PROGRAMS + 1)
    assert most == MAX_PROGRAMS


async def read(files: ParquetFiles) -> int:
    whole = b"".join([piece async for piece in files.pieces(lines(many(10)))])
    return pyarrow.parquet.read_table(io.BytesIO(whole)).num_rows


async def test_the_program_gets_no_settings(monkeypatch):
    monkeypatch.setenv("TOLLWAY_ADMIN_KEY", "canary")
    async with aclosing(ParquetFiles().pieces(lines(many(30_000)))) as pieces:
        await anext(pieces)
        (program,) = programs()
        assert "TOLLWAY_ADMIN_KEY" not in program.environ()
