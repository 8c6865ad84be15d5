"""Each test runs on asyncio's event loop and on uvloop's, which the server prefers."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from tests.apis import listeners
from tests.apis.calls import Calls, serve
from tollwayd.translator.limits import Timeouts

QUICK = Timeouts(body_grace=0.3, body=0.3, stream_idle=0.3, drain_pause=0.05)

each_listener = listeners.each_listener


def pytest_asyncio_loop_factories():
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def calls():
    """The servicer."""
    return Calls()


@pytest.fixture
async def address(calls):
    """The REST door's address."""
    async with serve(calls, timeouts=QUICK) as (_, address, _):
        yield address
