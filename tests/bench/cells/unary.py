"""Whole answers: what is added at one connection, the most at several, and the highest rate that is still quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.cells.turns import Figures, in_turns, median, until_idle, with_cost
from tollwayd.bench.arithmetic import Frontier

if TYPE_CHECKING:
    from tests.bench.scenes.stage import Stage
    from tests.bench.subjects.subject import Subject

ROUNDS = 3
ALONE_SECONDS = 0.8
LOADED_SECONDS = 1.2
FRONTIER_SECONDS = 0.9
SOME, MANY = 32, 256
IN_FULL = "1k"
"""The size for which everything is measured; of others only what a size has a say in, so that a full run ends."""

OPEN_CONNECTIONS = 128
FRONTIER_ADDED_MS = 10.0
"""What the 99th percentile may be above the direct call's at one connection, for a rate to count as quick."""


def measure(stage: Stage) -> dict[str, Figures]:
    """Every figure of each subject, by name."""
    in_full = stage.scene.size == IN_FULL

    def once(subject: Subject) -> Figures:
        figures = _alone(stage, subject) | _loaded(stage, subject, SOME)
        return figures | (_loaded(stage, subject, MANY) if in_full else {})

    figures = {name: median(rounds) for name, rounds in in_turns(stage.subjects, once, ROUNDS).items()}
    direct = figures["direct"]
    for subject in stage.subjects:
        mine = figures[subject.name]
        for percent in ("p50_ms", "p99_ms"):
            mine[f"added_{percent}"] = mine[percent] - direct[percent]
        if in_full:
            mine["frontier_rps"] = _frontier(stage, subject, mine["c32_rps"], direct["p99_ms"] + FRONTIER_ADDED_MS)
    return figures


def _alone(stage: Stage, subject: Subject) -> Figures:
    load = stage.generator.closed(subject.request, 1, ALONE_SECONDS).load
    return {"p50_ms": load.p50, "p99_ms": load.p99, "failed": load.failed}


def _loaded(stage: Stage, subject: Subject, connections: int) -> Figures:
    driven, costs = with_cost(subject, lambda: stage.generator.closed(subject.request, connections, LOADED_SECONDS))
    load, name = driven.load, f"c{connections}"
    figures = {f"{name}_rps": load.rate, f"{name}_p99_ms": load.p99, f"{name}_failed": float(load.failed)}
    return figures | (costs if connections == SOME else {})


def _frontier(stage: Stage, subject: Subject, most: float, bar_ms: float) -> float:
    """The search goes a little beyond the closed loop's rate: an open one may find batches that are larger."""
    search = Frontier(most * 1.1)
    for rate in search:
        load = stage.generator.open(subject.request, OPEN_CONNECTIONS, FRONTIER_SECONDS, rate).load
        until_idle(subject)
        search.held(rate, not load.failed and load.p99 <= bar_ms)
    return search.highest
