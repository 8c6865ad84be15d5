"""The programs in C, made when they are first needed: loads/ and upstreams/ need more of a core than Python leaves."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.bench.processes import program

BENCH = Path(__file__).parents[1]
SOURCES = {
    "load": ("loads/load.c", "loads/http1.c", "loads/http2.c"),
    "paced": ("upstreams/paced.c",),
}


@cache
def compiled(name: str) -> str:
    """The path of one of SOURCES, compiled for this run."""
    made = Path(_folder().name) / name
    sources = [str(BENCH / source) for source in SOURCES[name]]
    flags = ("-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE")
    subprocess.run([program("cc", "gcc"), *flags, "-o", str(made), *sources], check=True)
    return str(made)


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="tollway-bench-programs-")  # Until this process ends.
