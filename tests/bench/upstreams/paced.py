"""The provider of paced streams, a program in C, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.loads.programs import compiled
from tests.bench.processes import LOAD_CORE, free_port, running
from tests.bench.upstreams.answers import PACE_SECONDS, STAMP, TOKENS, stream

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path


def start_paced(stack: ExitStack, folder: Path, dialect: str) -> tuple[int, int]:
    """Starts one that speaks the dialect; gives its port and its process id."""
    folder.mkdir()
    port, files = free_port(), []
    for name, events in stream(dialect, STAMP)._asdict().items():
        (folder / name).write_text(events)
        files.append(str(folder / name))
    command = [compiled("paced"), str(port), str(TOKENS), str(round(PACE_SECONDS * 1e9)), *files]
    return port, stack.enter_context(running(command, core=LOAD_CORE, port=port)).pid
