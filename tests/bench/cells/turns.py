"""Measuring in turns: what a machine does to one subject in a while it does to all of them, so that ratios hold."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from tests.bench.subjects.subject import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.bench.loads.generator import Driven
    from tests.bench.subjects.subject import Subject

IDLE = 0.1
"""Of a core: what a subject takes that has nothing left to do."""

LOOK_SECONDS, MOST_SECONDS = 0.02, 60.0
"""How long is looked whether a subject is idle, and how long that is waited for."""

Figures = dict[str, float]
"""By name, with the unit at its end."""


def in_turns(
    subjects: Iterable[Subject], measure: Callable[[Subject], Figures], rounds: int
) -> dict[str, list[Figures]]:
    """What was measured of each subject, round by round."""
    found: dict[str, list[Figures]] = {subject.name: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            found[subject.name].append(measure(subject))
    return found


def median(rounds: Iterable[Mapping[str, float]]) -> Figures:
    """The median of each figure; failures are summed up."""
    rounds = list(rounds)
    middle = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    return middle | {name: sum(each[name] for each in rounds) for name in middle if name.endswith("failed")}


def with_cost(subject: Subject, drive: Callable[[], Driven]) -> tuple[Driven, Figures]:
    """A load, and what it cost: microseconds of processor time a request, of the subject and of its Redis, and what
    part of the time of its core the subject had. The next subject has the core to itself."""
    before = cpu_seconds(subject.processes), cpu_seconds(subject.store)
    driven = drive()
    own, store = cpu_seconds(subject.processes) - before[0], cpu_seconds(subject.store) - before[1]
    answered = sum(each.ok for each in driven.made) or 1
    until_idle(subject)
    whole = max(each.done for each in driven.made) - min(each.intended for each in driven.made)
    costs = {"cpu_us": own / answered * 1e6, "busy": own / whole * 1e9}
    return driven, costs | ({"redis_cpu_us": store / answered * 1e6} if subject.store else {})


def until_idle(subject: Subject) -> None:
    """Waits for what a subject still does for callers who have left, as LiteLLM does for seconds after many streams."""
    end = time.monotonic() + MOST_SECONDS
    while _part_of_core(subject) > IDLE and time.monotonic() < end:
        pass


def _part_of_core(subject: Subject) -> float:
    used, began = cpu_seconds(subject.processes), time.monotonic()
    time.sleep(LOOK_SECONDS)
    return (cpu_seconds(subject.processes) - used) / (time.monotonic() - began)
