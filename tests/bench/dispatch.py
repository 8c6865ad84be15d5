"""What a call costs between its door and its servicer: `Method.invoke` beside awaiting the servicer's coroutine."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pool

from tests.apis.kinds import SERVICES, Kinds
from tests.bench.kinds_server import Quiet
from tests.bench.processes import GATEWAY_CORE, on_core
from tests.bench.table import Cell
from tollwayd.core.call import Call
from tollwayd.core.chain import Chain
from tollwayd.core.plugin import Stage
from tollwayd.rpc.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

TURNS = 100
CALLS = 200
TARGET = 12.0
"""Microseconds a call."""

NAME = f"/{SERVICES[0]}/Ask"


class Looking:
    """A link that sees every request and answer."""

    name = "looking"
    stage = Stage.OBSERVE

    def on_request(self, call, request) -> None:
        pass

    def on_response(self, call, response) -> None:
        pass


class Wrapping:
    """A link that wraps the rest of the chain, and changes nothing."""

    name = "wrapping"
    stage = Stage.OBSERVE

    async def intercept(self, call, request, proceed):
        async for event in proceed(call, request):
            yield event


def measure(folder: Path) -> Iterator[Cell]:
    """What one link adds to a call, by its kind."""
    with on_core(GATEWAY_CORE):
        for name, plugin in (("hooks", Looking()), ("interceptor", Wrapping())):
            cost = asyncio.run(_cost(plugin))
            yield Cell(f"dispatch: one link with {name}", cost, "us a call", TARGET, costs=True)


async def _cost(plugin: object) -> float:
    servicer, registry = Quiet(), Registry()
    registry.add(descriptor_pool.Default().FindServiceByName(SERVICES[0]), servicer, Chain([plugin]))
    method = registry.find(NAME)
    assert method is not None
    return statistics.median([await _turn(method.invoke) - await _turn(servicer.Ask) for _ in range(TURNS)])


async def _turn(answer: Callable[[Kinds, Call], Awaitable[object]]) -> float:
    """Microseconds a call."""
    request = Kinds(string_value="a")
    start = time.perf_counter()
    for _ in range(CALLS):
        await answer(request, Call(NAME, {}))
    return (time.perf_counter() - start) / CALLS * 1e6
