"""`make bench`: what the gateway does in a second, beside others that do the same on the same core.

`make bench ARGS='echo stream'` measures only these, of MEASURES. Every cell is measured several times, in turns with
those that it is held against, and its median kept: a machine that changes its pace in between changes it for all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import chat, dispatch, echo, json_codec, metering, stream
from tests.bench.processes import LOAD_CORE, Missing
from tests.bench.table import HEAD, line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.bench.table import Cell

MEASURES: Mapping[str, Callable[[Path], Iterable[Cell]]] = {
    "json": json_codec.measure,
    "dispatch": dispatch.measure,
    "metering": metering.measure,
    "stream": stream.measure,
    "echo": echo.measure,
    "chat": chat.measure,
}


def main(words: list[str]) -> None:
    """Runs the benchmark and prints its table."""
    if unknown := set(words) - set(MEASURES):
        sys.exit(f"there is no {' or '.join(sorted(unknown))} to measure, only {', '.join(MEASURES)}")
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        sys.exit("the benchmark needs two cores: one for what is measured, one for the load")
    os.sched_setaffinity(0, {LOAD_CORE})
    print(HEAD)
    with tempfile.TemporaryDirectory(prefix="tollway-bench-") as folder:
        for word in words or MEASURES:
            try:
                for cell in MEASURES[word](Path(folder)):
                    print(line(cell), flush=True)
            except Missing as missing:
                sys.exit(str(missing))


if __name__ == "__main__":
    main(sys.argv[1:])
