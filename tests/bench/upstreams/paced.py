"""The provider of paced streams, a program in C, in a process of its own for each dialect."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench.loads.programs import compiled
from tests.bench.processes import LOAD_CORE, free_port, wait_for
from tests.bench.upstreams.answers import PACE_SECONDS, STAMP, TOKENS, stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Paced:
    """One that runs. After its end `sent` and `late` are how many tokens it sent, and how many of them too late."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process
        self.sent = 0
        self.late = 0


@contextmanager
def paced(folder: Path, dialect: str) -> Iterator[Paced]:
    """Runs one that speaks the dialect."""
    folder.mkdir(exist_ok=True)
    port, files = free_port(), []
    for name, events in stream(dialect, STAMP)._asdict().items():
        (folder / f"{dialect}-{name}").write_text(events)
        files.append(str(folder / f"{dialect}-{name}"))
    command = ["taskset", "-c", str(LOAD_CORE), compiled("paced"), str(port), str(TOKENS)]
    command += [str(round(PACE_SECONDS * 1e9)), *files]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    provider = Paced(port, process)
    try:
        wait_for(port, process)
        yield provider
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=10)
        if said:
            provider.sent, provider.late = map(int, said.split())
