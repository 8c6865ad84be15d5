"""One gateway for the session, and a scripted provider for each test."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.running.gateway import Gateway
from tollwayd.mock import MockProvider


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    """`tollway serve`, with its embedded Redis."""
    with Gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
async def provider():
    """A provider that echoes, until the test gives it a script."""
    async with MockProvider() as running:
        yield running


@pytest.fixture
def tenant(gateway, provider):
    """A tenant whose models `gpt` and `claude` are at the scripted provider, in its two dialects."""
    made = gateway.admin().tenant(openai=provider.url, anthropic=provider.url)
    made.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
    made.model("claude", {"provider": "anthropic", "model": "claude-upstream"})
    return made


@pytest.fixture
def provider_in_thread():
    """The address of a provider that runs beside a synchronous test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = MockProvider()
    asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result()
    yield running.url
    asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
