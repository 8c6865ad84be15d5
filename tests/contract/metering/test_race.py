"""Processes that race each other for limits get all of them, and nothing beyond; slices change nothing about that.

With TESTS_FAULTS=1 there are 100 limits in place of 10.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.contract.metering.racing import LIMIT
from tests.running.gateway import ROOT, environment

WORKERS = 4
WINDOWS = 100 if os.environ.get("TESTS_FAULTS") else 10


def run(url: str, how: str) -> list[dict]:
    """Starts all workers at once; what each got."""
    command = [sys.executable, "-m", "tests.contract.metering.racing", url, str(WINDOWS), how]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as parts:
        workers = [
            parts.enter_context(subprocess.Popen(command, cwd=ROOT, env=environment(), **pipes)) for _ in range(WORKERS)
        ]
        for worker in workers:
            parts.callback(worker.kill)
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return [json.loads(worker.communicate(timeout=300)[0]) for worker in workers]


@pytest.mark.parametrize(("how", "least"), [("single", 0.995), ("leased", 0.97)])
def test_all_workers_together_get_the_limit_and_no_more(redis_url, how, least):
    results = run(redis_url, how)
    admitted = [sum(window) for window in zip(*(result["admitted"] for result in results), strict=True)]
    used = sum(admitted) / LIMIT / WINDOWS
    cpu = sum(result["cpu"] for result in results) / sum(admitted)

    print(  # noqa: T201
        f"\nadmission race, {how}: {WORKERS} processes, {WINDOWS} windows of {LIMIT}: most {max(admitted)}, "
        f"least {min(admitted)}, used {used:.2%}, {cpu * 1e6:.0f} µs of worker CPU for a call"
    )
    assert max(admitted) <= LIMIT
    assert used >= least
    assert min(sum(result["admitted"]) for result in results) > 0
