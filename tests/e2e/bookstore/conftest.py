"""Each test runs on asyncio's event loop and on uvloop's, which the server prefers."""

from __future__ import annotations

import asyncio

import uvloop

from tests.apis import listeners

each_listener = listeners.each_listener


def pytest_asyncio_loop_factories():
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
