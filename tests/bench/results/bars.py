"""What `make bench-smoke` holds ratios against: what it measured itself when that was recorded, on the Python of the
project's own checks, which may be slower than the one of a recorded run.

Recorded anew, a bar may rise by itself. One that falls has to be said, or the gateway would grow slower commit by
commit, each within the room that is left for a busy machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.results.machine import described

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).parents[1] / "bars.json"


class FallenError(ValueError):
    """Bars would fall."""


def recorded() -> dict[str, float]:
    """The ratio of each check, by its name."""
    ratios: dict[str, float] = json.loads(FILE.read_text())["ratios"]
    return ratios


def record(ratios: Mapping[str, float], *, lower: bool) -> None:
    """Keeps ratios. FallenError where one is below what is kept, unless `lower` says that it may be."""
    kept = recorded() if FILE.exists() else {}
    fallen = [
        f"{name}: {ratio:.3f}, was {kept[name]:.3f}" for name, ratio in ratios.items() if ratio < kept.get(name, 0)
    ]
    if fallen and not lower:
        raise FallenError("Not recorded; --lower records it all the same:\n" + "\n".join(fallen))
    rounded = {name: round(ratio, 4) for name, ratio in ratios.items()}
    FILE.write_text(json.dumps({"machine": described(), "ratios": rounded}, indent=2) + "\n")
