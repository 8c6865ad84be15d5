"""Two workers against one. Each has a core, and shares it with a provider and a load of its own.

So the two cells do the same on one core and on two, and neither has the other's load for nothing. Both workers use one
Redis, which may run where there is room.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.cells.turns import Figures, in_turns, median
from tests.bench.loads.generator import Generator
from tests.bench.processes import GATEWAY_CORE, LOAD_CORE
from tests.bench.scenes.scene import Scene
from tests.bench.scenes.trial import tried
from tests.bench.subjects.subject import Subject
from tests.bench.subjects.tollway import Tollway
from tests.bench.upstreams.nginx import start_nginx
from tollwayd.bench.policies import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path

SCENE = Scene("unary", "1k", "openai")
ROUNDS = 3
SECONDS = 2.0
CONNECTIONS = 32
CORES = (GATEWAY_CORE, LOAD_CORE)


class Worker(NamedTuple):
    """A gateway with its load, and the core of both; a request for each variant."""

    generator: Generator
    subjects: dict[str, Subject]


def measure(folder: Path) -> dict[str, Figures]:
    """Requests a second of each variant, for one worker and for two."""
    with ExitStack() as stack:
        workers = [_worker(stack, folder, number, core) for number, core in enumerate(CORES)]
        for process in workers[0].subjects["key"].store:
            os.sched_setaffinity(process, set(CORES))
        teams = {"one": workers[:1], "two": workers}
        # A name is all that in_turns needs of a team.
        turns = in_turns(
            [Subject(name, workers[0].subjects["key"].request, ()) for name in teams],
            lambda team: _together(teams[team.name]),
            ROUNDS,
        )
    figures = {name: median(rounds) for name, rounds in turns.items()}
    one, two = figures["one"], figures["two"]
    return figures | {"two/one": {name: two[name] / one[name] for name in one if name != "failed"}}


def _worker(stack: ExitStack, folder: Path, number: int, core: int) -> Worker:
    """Workers on one data folder share its Redis."""
    (own := folder / f"load-{number}").mkdir()
    port, _ = start_nginx(stack, folder / f"nginx-{number}", streamed=False, core=core)
    tollway = Tollway(stack, folder / "tollway", core, log=f"log-{number}")
    subjects = {}
    for variant in VARIANTS:
        subject = tollway.subject(SCENE, f"http://127.0.0.1:{port}", variant)
        subjects[variant] = subject._replace(request=tried(subject.request))
    return Worker(Generator(own, core), subjects)


def _together(workers: list[Worker]) -> Figures:
    with ThreadPoolExecutor() as pool:
        figures: Figures = {"failed": 0.0}
        for variant in VARIANTS:
            drives = [
                pool.submit(worker.generator.closed, worker.subjects[variant].request, CONNECTIONS, SECONDS)
                for worker in workers
            ]
            loads = [drive.result().load for drive in drives]
            figures[f"{variant}_rps"] = sum(load.rate for load in loads)
            figures["failed"] += sum(load.failed for load in loads)
    return figures
