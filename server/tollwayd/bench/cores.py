"""Cores: one for the gateway alone, the others for its Redis and for who asks and answers, where there is more than one
and the system lets one choose."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_core_less() -> Iterator[None]:
    """Keeps this process, and those that it starts meanwhile, off one core."""
    before = _cores()
    if len(before) > 1:
        os.sched_setaffinity(0, before - {max(before)})
    try:
        yield
    finally:
        if len(before) > 1:
            os.sched_setaffinity(0, before)


def to_that_core(process: int) -> None:
    """Has all threads of a process run on cores that this one keeps off, if there are any."""
    if free := set(range(os.cpu_count() or 1)) - _cores():
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), free)


def _cores() -> set[int]:
    """Those that this process may use; none where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
