"""Streams at the pace of a model: how many one core carries, and how much later their tokens come."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.cells.turns import Figures, with_cost
from tests.bench.upstreams.answers import PACE_SECONDS, TOKENS
from tollwayd.bench.arithmetic import percentile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.scenes.stage import Stage
    from tests.bench.subjects.subject import Subject

STREAM_SECONDS = TOKENS * PACE_SECONDS
FEW, MANY = 100, 1000
LEVELS = (FEW, 250, 500, MANY, 1500, 2000)
"""Streams at once, tried in this order: all up to MANY, of which targets speak, then until one is too many. Who fails
half of them is asked for no more. Beginnings are measured with as many under way."""

MEASURED_SECONDS = 2.0
BEHIND_MS = PACE_SECONDS * 1e3
"""Tokens that are on their way for as long as one takes to be made wait behind others: that is not kept up."""

LONGER = 1.05
"""Times its own length that a stream may take."""


class Level(NamedTuple):
    """So many streams at once, what was measured, whether most came to their end, and whether it was kept up."""

    streams: int
    figures: Figures
    most_ended: bool
    kept_up: bool


def measure(stage: Stage) -> dict[str, Figures]:
    """Every figure of each subject, by name. A large prompt has no say in what its answer's tokens cost: for those
    there is one level only."""
    levels = LEVELS if stage.scene.size == "1k" else (FEW,)
    figures: dict[str, Figures] = {subject.name: {"sustained_streams": 0.0} for subject in stage.subjects}
    going = list(stage.subjects)
    for streams in levels:
        reached = [(subject, _level(stage, subject, streams)) for subject in going]
        for subject, level in reached:
            figures[subject.name] |= level.figures
            if level.kept_up:
                figures[subject.name]["sustained_streams"] = streams
        going = [subject for subject, level in reached if level.kept_up or (level.most_ended and streams < MANY)]
    _add_differences(figures)
    return figures


def _level(stage: Stage, subject: Subject, streams: int) -> Level:
    """Streams that begin one after the other at such a rate that so many are under way, whatever becomes of them."""
    seconds = STREAM_SECONDS + MEASURED_SECONDS
    driven, costs = with_cost(
        subject,
        lambda: stage.generator.paced(subject.request, streams * 2, seconds, streams / STREAM_SECONDS, STREAM_SECONDS),
    )
    load, tokens = driven.load, driven.tokens
    behind, longest = percentile(tokens, 99), STREAM_SECONDS * LONGER * 1e3
    figures = {
        "first_p50_ms": load.first_p50,
        "first_p99_ms": load.first_p99,
        "token_p50_ms": percentile(tokens, 50),
        "token_p99_ms": behind,
        "stream_p99_ms": load.p99,
        "failed": load.failed,
        "cpu_us_a_token": costs["cpu_us"] / TOKENS,
    }
    kept_up = not load.failed and behind <= BEHIND_MS and load.first_p99 <= BEHIND_MS and load.p99 <= longest
    named = {f"s{streams}_{name}": value for name, value in figures.items()}
    return Level(streams, named, 2 * load.failed < len(driven.made), kept_up)


def _add_differences(figures: dict[str, Figures]) -> None:
    """What is added to the direct stream's first token and to the way of each token."""
    for mine in figures.values():
        for name in [*_late(mine)]:
            level, _, what = name.partition("_")
            mine[f"{level}_added_{what}"] = mine[name] - figures["direct"][name]


def _late(figures: Figures) -> Iterator[str]:
    return (name for name in figures if name.endswith(("_first_p99_ms", "_token_p99_ms")))
