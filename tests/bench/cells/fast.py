"""Streams as fast as they go: deltas that one core passes on in a second."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.cells.turns import Figures, in_turns, median, with_cost
from tests.bench.upstreams.answers import TOKENS

if TYPE_CHECKING:
    from tests.bench.scenes.stage import Stage
    from tests.bench.subjects.subject import Subject

ROUNDS = 3
ALONE_SECONDS = 0.4
LOADED_SECONDS = 0.8
CONNECTIONS = 32


def measure(stage: Stage) -> dict[str, Figures]:
    """Every figure of each subject, by name. First bytes and ends of streams are told at one connection."""
    turns = in_turns(stage.subjects, partial(_once, stage), ROUNDS)
    return {name: median(rounds) for name, rounds in turns.items()}


def _once(stage: Stage, subject: Subject) -> Figures:
    alone = stage.generator.closed(subject.request, 1, ALONE_SECONDS).load
    driven, costs = with_cost(subject, lambda: stage.generator.closed(subject.request, CONNECTIONS, LOADED_SECONDS))
    return {
        "first_p50_ms": alone.first_p50,
        "first_p99_ms": alone.first_p99,
        "p50_ms": alone.p50,
        "c32_deltas_per_s": driven.load.rate * TOKENS,
        "cpu_us_a_delta": costs.pop("cpu_us") / TOKENS,
        "failed": alone.failed + driven.load.failed,
        **costs,
    }
