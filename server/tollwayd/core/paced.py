"""Long computations beside calls that are under way."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

    ResultT = TypeVar("ResultT")
    Steps = Generator[None, None, ResultT]

__all__ = ["Steps", "paced"]

AT_ONCE_SECONDS: Final = 0.0002
"""How long a computation may hold the event loop. A call has some ten turns of it, and waits so long in each."""


async def paced(steps: Steps[ResultT]) -> ResultT:
    """Runs a computation that yields between its steps, of microseconds each, and gives its result."""
    until = time.monotonic() + AT_ONCE_SECONDS
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: ResultT = end.value
            return result
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + AT_ONCE_SECONDS
