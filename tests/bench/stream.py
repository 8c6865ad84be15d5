"""Messages that one core streams in a second: small ones, each a line of NDJSON, over a real socket."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.kinds_server import kinds_server
from tests.bench.load import Request, medians, wrk_of_core
from tests.bench.table import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 2
CONNECTIONS = 4
MESSAGES = 1000
"""A stream; wrk counts whole ones."""

TARGET = 50_000


def measure(folder: Path) -> Iterator[Cell]:
    """The rate, with the making of the messages."""
    with kinds_server() as (rest, _):
        request = Request(rest, f"/v1/watch?count={MESSAGES}", {})
        loads = medians({"": partial(wrk_of_core, folder, request, connections=CONNECTIONS, seconds=SECONDS)})
    load = loads[""]
    note = f"{load.failed} FAILED" if load.failed else ""
    yield Cell("stream: NDJSON", load.rate * MESSAGES, "messages/s", TARGET, note=note)
