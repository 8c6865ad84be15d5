"""The mock on its own, on both event loops: a user's tests may run it on asyncio's, `tollway mock` runs on uvloop's."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.wire.http1 import connect


def pytest_asyncio_loop_factories():
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def openai(provider):
    async with AsyncOpenAI(base_url=f"{provider.url}/v1", api_key="sk-any", max_retries=0) as client:
        yield client


@pytest.fixture
async def anthropic(provider):
    async with AsyncAnthropic(base_url=provider.url, api_key="sk-any", max_retries=0) as client:
        yield client


@pytest.fixture
async def wire(provider):
    """One connection, used by hand."""
    async with connect((provider.host, provider.port)) as connection:
        yield connection
