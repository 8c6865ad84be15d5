"""What metering costs a worker: CPU time of a call's `reserve` and `settle`, while fifty calls run at once."""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from typing import TYPE_CHECKING

import uvloop

from tests.bench.processes import GATEWAY_CORE, on_core
from tests.bench.table import Cell
from tests.metering import calls, limit
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.metering.charge import Charge, Counts, Dimensions
from tollwayd.core.metering.limit import Algorithm, Grants, Reservation, Settlement
from tollwayd.core.metering.unit import Unit
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.metering.meter import RedisMeter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TURNS = 7
CALLS = 5_000
AT_ONCE = 50
TARGET = 60.0
"""Microseconds a call."""

MOST = 10**12
LIMITS = {
    "no limit": (),
    "requests a minute": (limit(MOST, algorithm=Algorithm.SLIDING),),
    "four limits": (
        limit(MOST, algorithm=Algorithm.SLIDING),
        limit(MOST, 2_000, bucket="tpm", unit=Unit.TOTAL_TOKENS, algorithm=Algorithm.BUCKET),
        limit(MOST, 2_000, bucket="budget", unit=Unit.COST, window_ms=86_400_000),
        calls(MOST),
    ),
}


def measure(folder: Path) -> Iterator[Cell]:
    """The cost by what limits a call has."""
    with on_core(GATEWAY_CORE):
        for name, limits in LIMITS.items():
            cpu, wall = uvloop.run(_cost(folder, limits))
            yield Cell(f"metering: {name}", cpu, "us CPU a call", TARGET, costs=True, note=f"{1e6 / wall:,.0f} calls/s")


async def _cost(folder: Path, limits: tuple) -> tuple[float, float]:
    async with EmbeddedRedis(folder / "redis") as server:
        meter = RedisMeter(server.url)
        turns = [await _turn(meter, limits, turn) for turn in range(TURNS)]
        await meter.aclose()
    return tuple(statistics.median(figures) for figures in zip(*turns, strict=True))


async def _turn(meter: RedisMeter, limits: tuple, turn: int) -> tuple[float, float]:
    """Microseconds of CPU and of time, a call."""
    numbers = iter(range(CALLS))

    async def work() -> None:
        for number in numbers:
            call = f"{turn:08x}-{number:08x}"
            charge = _charge(call)
            assert isinstance(await meter.reserve(Reservation("tenants/acme", call, limits, charge)), Grants)
            await meter.settle(Settlement("tenants/acme", call, charge))

    used, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    wall, usage = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime - used.ru_utime - used.ru_stime
    return cpu / CALLS * 1e6, wall / CALLS * 1e6


_ENTRY = LedgerEntry(
    kind=LedgerEntry.CALL,
    outcome=LedgerEntry.COMPLETED,
    tenant="tenants/acme",
    api_key="front-desk",
    model="gpt",
    provider="openai",
    upstream_model="gpt-5-mini",
    input_tokens=321,
    output_tokens=123,
    cost=123_456,
).SerializeToString()
_DIMENSIONS = Dimensions("front-desk", "", "gpt", "openai", "gpt-5-mini", ("team=search",))
_COUNTS = Counts(input=321, output=123)


def _charge(call: str) -> Charge:
    return Charge(_COUNTS, 123_456, dimensions=_DIMENSIONS, entry=_ENTRY + b"\x12\x11" + call.encode())
