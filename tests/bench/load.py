"""Load: wrk against one address, for a few seconds."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import psutil

from tests.bench.processes import LOAD_CORE, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

ROUNDS = 3


class Request(NamedTuple):
    """A request that is sent over and over: a port of loopback, a path, headers, and a body of ASCII for a POST."""

    port: int
    path: str
    headers: Mapping[str, str]
    body: str = ""


class Load(NamedTuple):
    """What wrk saw: requests a second, latencies in milliseconds, and how many answers were not 2xx or lost."""

    rate: float
    p50: float
    p99: float
    failed: int


def wrk(folder: Path, request: Request, *, connections: int, seconds: int) -> Load:
    """Sends requests as fast as they are answered."""
    script = folder / "request.lua"
    lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.headers.items()]
    if request.body:
        lines += ['wrk.method = "POST"', f"wrk.body = {json.dumps(request.body)}"]
    script.write_text("\n".join(lines))
    command = [program("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    command += [f"http://127.0.0.1:{request.port}{request.path}"]
    run = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), *command], capture_output=True, text=True, check=True, timeout=seconds + 30
    )
    return _read(run.stdout)


def wrk_of_core(folder: Path, request: Request, *, connections: int, seconds: int) -> Load:
    """The same; the rate is that of a second which this process's children, who serve it, have of their core.

    Where others use that core, too, one who serves as two processes would get more of it than one who is a single one.
    """
    servers = psutil.Process().children()
    before = _core_seconds(servers)
    load = wrk(folder, request, connections=connections, seconds=seconds)
    return load._replace(rate=load.rate * seconds / (_core_seconds(servers) - before))


def _core_seconds(servers: Iterable[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (server.cpu_times() for server in servers))


def medians(cells: Mapping[str, Callable[[], Load]]) -> dict[str, Load]:
    """Measures the cells in turns; the round of the median rate, for each."""
    rounds: dict[str, list[Load]] = {name: [] for name in cells}
    for _ in range(ROUNDS):
        for name, measure in cells.items():
            rounds[name].append(measure())
    return {name: sorted(loads)[len(loads) // 2] for name, loads in rounds.items()}


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
