"""`make bench-smoke`: within a minute, whether the gateway costs more beside others than it did when that was recorded.

results/verdict.py says what counts as more. Recorded are the ratios of bars.json; `make bench-smoke ARGS=--record`
measures them anew, all rounds of them.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.cells.turns import Figures, in_turns, with_cost
from tests.bench.processes import LOAD_CORE, Missing
from tests.bench.results.bars import FallenError, record, recorded
from tests.bench.results.verdict import ALLOWED_LATENCY, Check, is_bad, looks_well
from tests.bench.scenes.scene import Scene
from tests.bench.scenes.stage import stage
from tests.bench.upstreams.answers import TOKENS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.scenes.stage import Stage
    from tests.bench.subjects.subject import Subject

ROUNDS, MORE_ROUNDS = 5, 10
ALONE_SECONDS, LOADED_SECONDS = 0.35, 0.5  # The first 0.2 are warming up.
CONNECTIONS = 32
TRIES = 5

_UNARY, _TYPED, _FAST = "unary/1k/openai", "unary/1k/grpc-typed", "fast/1k/openai"

CHECKS = (
    *(
        Check(_UNARY, variant, "cpu_us", reference)
        for variant in ("key", "strict", "leased")
        for reference in ("direct", "envoy")
    ),
    Check(_UNARY, "strict", "redis_cpu_us", "envoy", "cpu_us"),
    *(Check(_UNARY, variant, "p50_ms", "envoy", allowed=ALLOWED_LATENCY) for variant in ("key", "strict")),
    Check(_TYPED, "strict", "cpu_us", "echo"),
    Check(_FAST, "key", "cpu_us_a_delta", "envoy"),
)


def main(words: list[str]) -> None:
    """Ends with status 1 where a ratio has fallen."""
    arguments = _parser().parse_args(words)
    os.sched_setaffinity(0, {LOAD_CORE})
    cells = dict.fromkeys(check.cell for check in CHECKS)
    try:
        if arguments.record:
            record({name: ratio for cell in cells for name, ratio in _measured(cell).items()}, lower=arguments.lower)
            return
        bars = recorded()
        bad = [line for cell in cells for line in _judged(cell, bars)]
    except (Missing, FallenError) as error:
        sys.exit(str(error))
    if bad:
        sys.exit("\nSlower than recorded, beyond the room that is left for a busy machine:\n" + "\n".join(bad))
    print("\nNothing has fallen below its bar, which leaves room beneath what was recorded.")


def _parser() -> ArgumentParser:
    parser = ArgumentParser("make bench-smoke", description="What is given as ARGS='…'.")
    parser.add_argument("--record", action="store_true", help="measure what is held against from now on")
    parser.add_argument("--lower", action="store_true", help="record it also where it is less than what was recorded")
    return parser


def _judged(cell: str, recorded: Mapping[str, float]) -> list[str]:
    """Prints a line for each check of a cell; those of ratios that have fallen."""
    checks = [check for check in CHECKS if check.cell == cell]
    bars = {check: recorded[check.name] * check.allowed for check in checks}
    with ExitStack() as stack:
        made = _staged(cell, stack)
        rounds = _rounds(made, checks, ROUNDS)
        again = [check for check in checks if not looks_well(_ratios(check, rounds), bars[check])]
        if again:
            rounds += _rounds(made, again, MORE_ROUNDS)
    lines = {check: _line(check, _ratios(check, rounds), bars[check]) for check in checks}
    print("\n".join(lines.values()), flush=True)
    return [lines[check] for check in again if is_bad(_ratios(check, rounds), bars[check])]


def _measured(cell: str) -> dict[str, float]:
    """The ratio of each check of a cell, by its name."""
    checks = [check for check in CHECKS if check.cell == cell]
    with ExitStack() as stack:
        rounds = _rounds(_staged(cell, stack), checks, ROUNDS + MORE_ROUNDS)
    return {check.name: statistics.median(_ratios(check, rounds)) for check in checks}


def _staged(cell: str, stack: ExitStack) -> Stage:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tollway-bench-"))
    return stack.enter_context(stage(Path(folder), Scene(*cell.split("/")), peers=False))


def _rounds(made: Stage, checks: list[Check], count: int) -> list[dict[str, Figures]]:
    """Figures by subject, of those that the checks are about, round by round."""
    wanted = {name for check in checks for name in (check.subject, check.reference)}
    waits = {name for check in checks if check.figure == "p50_ms" for name in (check.subject, check.reference)}
    subjects = [subject for subject in made.subjects if subject.name in wanted]
    turns = in_turns(subjects, lambda subject: _once(made, subject, alone=subject.name in waits), count)
    return [{name: figures[number] for name, figures in turns.items()} for number in range(count)]


def _once(made: Stage, subject: Subject, *, alone: bool) -> Figures:
    """What it costs under load, and where asked how long one connection waits. Where the machine had no time for Redis,
    policies refuse: such a turn says nothing, and is taken again."""
    for _ in range(TRIES):
        driven, costs = with_cost(subject, lambda: made.generator.closed(subject.request, CONNECTIONS, LOADED_SECONDS))
        figures = {"cpu_us_a_delta": costs["cpu_us"] / TOKENS, **costs}
        failed = driven.load.failed
        if alone:
            load = made.generator.closed(subject.request, 1, ALONE_SECONDS).load
            figures["p50_ms"], failed = load.p50, failed + load.failed
        if not failed:
            return figures
    raise RuntimeError(f"{made.scene.name}: {TRIES} times requests of {subject.name} failed")


def _ratios(check: Check, rounds: list[dict[str, Figures]]) -> list[float]:
    return [check.ratio(figures) for figures in rounds if check.is_in(figures)]


def _line(check: Check, ratios: list[float], bar: float) -> str:
    return f"{check.name:62} {statistics.median(ratios):7.3f} of {len(ratios):2} rounds, at least {bar:.3f}"


if __name__ == "__main__":
    main(sys.argv[1:])
