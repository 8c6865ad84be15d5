"""Load: requests one after the other on each connection, or at even times whatever becomes of those before."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tollwayd.bench.client import Connection

if TYPE_CHECKING:
    from tollwayd.bench.arithmetic import Request
    from tollwayd.bench.client import Target


async def closed(target: Target, connections: int, seconds: float) -> list[Request]:
    """Each connection asks again as soon as it has its answer."""
    made: list[Request] = []
    end = time.time_ns() + int(seconds * 1e9)

    async def ask_on() -> None:
        connection = Connection(target)
        while time.time_ns() < end:
            made.append(await connection.ask(time.time_ns()))
        connection.close()

    await asyncio.gather(*(ask_on() for _ in range(connections)))
    return made


async def opened(
    target: Target, connections: int, seconds: float, rate: float, ways: list[tuple[int, int]] | None = None
) -> list[Request]:
    """So many requests a second are due. One that finds all connections busy waits for one, and that counts. `ways`
    gets when each token came that says when it was sent, and how long it was on its way, in nanoseconds."""
    made: list[Request] = []
    start, count = time.time_ns(), int(rate * seconds)
    numbers = iter(range(count))

    async def ask_on() -> None:
        connection = Connection(target, ways)
        for number in numbers:
            due = start + int(number * 1e9 / rate)
            await asyncio.sleep((due - time.time_ns()) / 1e9)
            made.append(await connection.ask(due))
        connection.close()

    await asyncio.gather(*(ask_on() for _ in range(min(connections, count))))
    return made
