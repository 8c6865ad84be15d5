"""`make bench`: what the gateway does, beside others that do the same on the same core. docs/performance.md tells more.

`make bench ARGS='unary/1k/*'` measures only the cells whose names fit; `ARGS=--list` names them all.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.cells.catalogue import CELLS, picked
from tests.bench.processes import LOAD_CORE, Missing
from tests.bench.results.document import Document
from tests.bench.results.table import figures_lines
from tests.bench.subjects import litellm, portkey

if TYPE_CHECKING:
    from tests.bench.cells.catalogue import Cell

RESULTS = Path("build/bench/results.json")


def main(words: list[str]) -> None:
    """Runs the benchmark, prints what it finds and writes it down."""
    arguments = _parser().parse_args(words)
    if arguments.list:
        print("\n".join(f"{cell.name:44} {cell.seconds:4.0f} s" for cell in CELLS))
        return
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        sys.exit("the benchmark needs Linux and two cores: one for what is measured, one for the load")
    os.sched_setaffinity(0, {LOAD_CORE})
    try:
        cells = picked(arguments.cells)
    except ValueError as error:
        sys.exit(f"no cell is called {error}: make bench ARGS=--list")
    for name, installed in {"LiteLLM": litellm.PROGRAM, "Portkey's gateway": portkey.SERVER}.items():
        if not installed.exists():
            print(f"{name} is not installed, and left out: make bench-peers")
    failed = _run(cells, Document(arguments.output, add=arguments.add))
    print(f"\n{arguments.output} has all figures." + (f" FAILED: {', '.join(failed)}" if failed else ""))
    sys.exit(bool(failed))


def _parser() -> ArgumentParser:
    parser = ArgumentParser("make bench", description="What is given as ARGS='…'.")
    parser.add_argument("cells", nargs="*", help="patterns of cells' names, such as 'unary/1k/*'; all for none")
    parser.add_argument("--list", action="store_true", help="name the cells, and about how long each takes")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go (%(default)s)")
    parser.add_argument("--add", action="store_true", help="keep what the file has of other cells")
    return parser


def _run(cells: list[Cell], document: Document) -> list[str]:
    left, failed = sum(cell.seconds for cell in cells), []
    for number, cell in enumerate(cells, start=1):
        print(f"\n[{number}/{len(cells)}, {left / 60:.0f} min left] {cell.name}", flush=True)
        left -= cell.seconds
        if not _measure(cell, document):
            failed.append(cell.name)
    return failed


def _measure(cell: Cell, document: Document) -> bool:
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="tollway-bench-") as folder:
            figures = cell.measure(Path(folder))
    except Missing as missing:
        print(missing)
        document.fail(cell.name, str(missing))
        return False
    except Exception as error:  # noqa: BLE001  # Whatever a cell meets, those after it are measured.
        traceback.print_exc()
        document.fail(cell.name, f"{type(error).__name__}: {error}")
        return False
    document.add(cell.name, figures, time.monotonic() - began)
    if not cell.name.startswith("parts/"):  # They print their own lines.
        print("\n".join(figures_lines(figures)), flush=True)
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
