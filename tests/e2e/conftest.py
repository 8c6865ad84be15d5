"""One gateway for the session, and a scripted provider for each test."""

from __future__ import annotations

import pytest

from tests.gateway import Gateway
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
