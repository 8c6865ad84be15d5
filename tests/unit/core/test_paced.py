"""What else there is to do gets its turn while a long computation runs."""

from __future__ import annotations

import asyncio

import pytest

from tollwayd.core.paced import paced


async def test_others_run_meanwhile():
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def steps():
        while turns < 3:
            yield
        return "done"

    task = asyncio.create_task(others())
    async with asyncio.timeout(10):
        assert await paced(steps()) == "done"
    task.cancel()


async def test_what_it_raises_is_raised():
    def steps():
        yield
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await paced(steps())
