"""Every cell that there is, in the order of a full run, and how long each takes."""

from __future__ import annotations

from fnmatch import fnmatch
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import dispatch, echo, json_codec, metering, stream, table
from tests.bench.cells import fast, growth, memory, paced, unary, workers
from tests.bench.scenes.scene import SIZES, WAYS, Scene
from tests.bench.scenes.stage import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.bench.cells.turns import Figures
    from tests.bench.scenes.stage import Stage


class Cell(NamedTuple):
    """A cell's name, about how many seconds it takes, and what measures it in an empty folder: figures by subject."""

    name: str
    seconds: float
    measure: Callable[[Path], dict[str, Figures]]


_SHAPES = {"unary": unary.measure, "paced": paced.measure, "fast": fast.measure}

_SECONDS = {"unary": (90, 60), "paced": (110, 25), "fast": (25, 25)}
"""How long a scene of the first size takes, and one of the others."""


def _staged(scene: Scene, measure: Callable[[Stage], dict[str, Figures]], folder: Path) -> dict[str, Figures]:
    with stage(folder, scene) as made:
        return measure(made)


def _scenes() -> Iterable[Cell]:
    for shape, size, way in product(_SHAPES, SIZES, WAYS):
        scene = Scene(shape, size, way)
        yield Cell(scene.name, _SECONDS[shape][size != "1k"], partial(_staged, scene, _SHAPES[shape]))


def _part(measure: Callable[[Path], Iterable[table.Cell]], folder: Path) -> dict[str, Figures]:
    found = {}
    for cell in measure(folder):
        found[cell.name] = {cell.unit: cell.figure} | ({} if cell.target is None else {"target": cell.target})
        print(table.line(cell), flush=True)
    return found


_PARTS = {"json": json_codec, "dispatch": dispatch, "metering": metering, "stream": stream, "echo": echo}

CELLS = (
    *_scenes(),
    Cell("memory", 30, memory.measure),
    Cell("workers", 50, workers.measure),
    Cell("growth", 120, growth.measure),
    *(Cell(f"parts/{name}", 30, partial(_part, part.measure)) for name, part in _PARTS.items()),
)


def picked(patterns: Iterable[str]) -> list[Cell]:
    """The cells that one of the patterns fits, as a shell's would; all for none. ValueError for one that fits none."""
    patterns = list(patterns)
    for pattern in patterns:
        if not any(fnmatch(cell.name, pattern) for cell in CELLS):
            raise ValueError(pattern)
    return [cell for cell in CELLS if not patterns or any(fnmatch(cell.name, pattern) for pattern in patterns)]
