"""The gateway answers as its OpenAPI documents say, whatever is sent: schemathesis makes up requests from them.

`TESTS_SCHEMATHESIS_SECONDS` is how long each port is tried; `make schemathesis` sets it to more than the few seconds
that all tests can spare, and then other requests come each time.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.running.gateway import ADMIN_KEY, Gateway
from tollwayd.mock import MockProvider

SECONDS = os.environ.get("TESTS_SCHEMATHESIS_SECONDS", "")
HOOKS = Path(__file__).with_name("hooks.py")
ALWAYS_THE_SAME = ("--max-time=5", "--generation-deterministic", "--phases=examples,coverage,fuzzing")
FOR_LONG = (f"--max-time={SECONDS}", "--phases=examples,coverage,fuzzing,stateful")
# A stream without end is no answer that can be held against a schema.
ENDLESS = "--exclude-path-regex=/(usage|policies):stream$"
REPORT = ("--continue-on-failure", "--warnings=off", "--no-color", "--output-sanitize=false")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
async def provider():
    async with MockProvider() as running:
        yield running


async def test_the_admin_port_keeps_its_word(gateway, provider, tmp_path):
    await keeps_its_word(f"{gateway.url('admin_http')}/openapi.json", ADMIN_KEY, provider.url, tmp_path)


async def test_the_proxy_port_keeps_its_word(gateway, provider, tmp_path):
    tenant = gateway.admin().tenant(openai=provider.url, anthropic=provider.url)
    # The names of the document's examples.
    tenant.model("gpt-4o", {"provider": "openai", "model": "gpt-upstream"})
    tenant.model("claude-sonnet", {"provider": "anthropic", "model": "claude-upstream"})

    await keeps_its_word(f"{gateway.url('proxy_http')}/openapi.json", tenant.key(), provider.url, tmp_path)


async def keeps_its_word(document: str, key: str, provider: str, folder: Path) -> None:
    settings = {"SCHEMATHESIS_HOOKS": str(HOOKS), "TESTS_PROVIDER": f"{provider}/v1"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", document, "--checks=all", *REPORT, ENDLESS),
        *(FOR_LONG if SECONDS else ALWAYS_THE_SAME),
        f"--header=Authorization: Bearer {key}",
        cwd=folder,
        env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
