"""A process that races others for limits, for the tests to start: once it reads a line, it takes what it can get of
each limit in turn, with many calls in flight, and prints how much it got.

    python -m tests.contract.metering.racing URL WINDOWS single|leased
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.metered.words import charge, limit, reservation, settlement
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.limits.limit import Algorithm, Grants, Limit, Refusal
from tollwayd.core.metering.meters.leasing.slices import Slices
from tollwayd.state.metering.meter import RedisMeter

if TYPE_CHECKING:
    from tollwayd.core.ports import Meter

LIMIT = 1_000
IN_FLIGHT = 50
HOUR_MS = 3_600_000
ALGORITHMS = (Algorithm.FIXED, Algorithm.SLIDING)

ids = (f"{os.getpid()}-{number}" for number in itertools.count())


def window(number: int, *, leased: bool) -> Limit:
    """The limit of one window: each has a bucket of its own."""
    algorithm = ALGORITHMS[number % len(ALGORITHMS)]
    return limit(LIMIT, bucket=f"race|{number}", algorithm=algorithm, window_ms=24 * HOUR_MS, leased=leased)


async def ask(meter: Meter, call: str, wanted: Limit) -> Grants | Refusal | None:
    """What the meter says. On a machine that is busy with other things, the store may seem to be away: None."""
    try:
        return await meter.reserve(reservation(call, wanted))
    except TollwayError as error:
        if error.reason != Reason.REASON_STORE_UNAVAILABLE:
            raise
        await asyncio.sleep(0.01)
        return None


async def take_all(meter: Meter, wanted: Limit) -> int:
    """Calls one after another until one is refused. How many were admitted."""
    admitted = 0
    while not isinstance(answer := await ask(meter, call := next(ids), wanted), Refusal):
        if answer:
            await meter.settle(settlement(call, charge()))
            admitted += 1
    return admitted


async def race(url: str, windows: int, *, leased: bool) -> dict[str, object]:
    async with AsyncExitStack() as parts:
        store = RedisMeter(url)
        parts.push_async_callback(store.aclose)
        meter: Meter = await parts.enter_async_context(Slices(store)) if leased else store
        await meter.reserve(reservation("warm", dry=True))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        gc.freeze()
        admitted, before = [], time.process_time()
        for number in range(windows):
            wanted = window(number, leased=leased)
            admitted.append(sum(await asyncio.gather(*(take_all(meter, wanted) for _ in range(IN_FLIGHT)))))
        return {"admitted": admitted, "cpu": time.process_time() - before}


if __name__ == "__main__":
    _, url, windows, how = sys.argv
    json.dump(asyncio.run(race(url, int(windows), leased=how == "leased")), sys.stdout)
