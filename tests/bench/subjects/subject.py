"""What is measured: something that answers a scene's request, and whose processor time is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.scenes.request import Request


class Subject(NamedTuple):
    """`processes` are those whose time is its cost, `store` those of its Redis."""

    name: str
    request: Request
    processes: tuple[int, ...]
    store: tuple[int, ...] = ()


def cpu_seconds(processes: Sequence[int]) -> float:
    """The processor time that processes have used so far, of all their threads that live."""
    return sum(_nanoseconds(process) for process in processes) / 1e9


def _nanoseconds(process: int) -> int:
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads)


def pin(process: int, *cores: int) -> None:
    """Has all threads of a process run on these cores."""
    for thread in psutil.Process(process).threads():
        os.sched_setaffinity(thread.id, cores)


def resident_bytes(processes: Sequence[int]) -> int:
    """The memory that processes have in use."""
    return sum(int(psutil.Process(process).memory_info().rss) for process in processes)
