"""Load: wrk against one address, for a few seconds."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.processes import LOAD_CORE, program

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = json.dumps(
    {
        "model": "gpt",
        "messages": [
            {"role": "system", "content": "You are brief."},
            {"role": "user", "content": "Where do all roads lead? " * 30},
        ],
        "max_tokens": 256,
        "temperature": 0.5,
    }
)
"""A chat request of about a kilobyte."""


class Load(NamedTuple):
    """What wrk saw: requests a second, latencies in milliseconds, and how many answers were not 2xx or lost."""

    rate: float
    p50: float
    p99: float
    failed: int


def wrk(folder: Path, port: int, key: str, *, connections: int, seconds: int) -> Load:
    """Sends chat completions to a port of loopback as fast as they are answered."""
    script = folder / "request.lua"
    script.write_text(
        'wrk.method = "POST"\n'
        f"wrk.body = {json.dumps(REQUEST)}\n"
        'wrk.headers["Content-Type"] = "application/json"\n'
        f'wrk.headers["Authorization"] = "Bearer {key}"\n'
    )
    command = [program("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    command += [f"http://127.0.0.1:{port}/v1/chat/completions"]
    run = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), *command], capture_output=True, text=True, check=True, timeout=seconds + 30
    )
    return _read(run.stdout)


def _read(report: str) -> Load:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
    assert rate is not None, report
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    lost = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", report)
    failed = (int(refused[1]) if refused else 0) + (sum(map(int, lost.groups())) if lost else 0)
    return Load(float(rate[1]), _percentile(report, 50), _percentile(report, 99), failed)


def _percentile(report: str, percent: int) -> float:
    found = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s)", report)
    assert found is not None, report
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
