"""Runs that are kept in docs/benchmarks, and what docs/performance.md shows of the newest.

`make bench-report` brings the page and its plot up to it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench.results.plot import plot
from tests.bench.results.targets import rows

DOCS = Path(__file__).parents[3] / "docs"
FOLDER = DOCS / "benchmarks"
PAGE, PLOT = DOCS / "performance.md", FOLDER / "throughput.svg"
BEGIN, END = "<!-- made by make bench-report -->", "<!-- end -->"


def newest() -> dict[str, Any]:
    """The document of the newest recorded run."""
    documents = [json.loads(path.read_text()) for path in FOLDER.glob("*.json")]
    found: dict[str, Any] = max(documents, key=lambda document: document["machine"]["date"])
    return found


def made_page(page: str, document: dict[str, Any]) -> str:
    """The page with what it shows of a run."""
    head, _, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}\n{_run(document['machine'])}\n\n" + "\n".join(rows(document["cells"])) + f"\n{END}{tail}"


def _run(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"Measured {machine['date'][:10]} at commit {machine['commit']}: {machine['cpu']}, {machine['cores']} cores,\n"
        f"Linux {machine['kernel']}, Python {machine['python']}, {packages}."
    )


if __name__ == "__main__":
    PAGE.write_text(made_page(PAGE.read_text(), newest()))
    PLOT.write_text(plot(newest()["cells"]))
