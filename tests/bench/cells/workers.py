"""Two workers against one, `tollway serve --workers 2`: everything on one core, or twice of it on two.

A core that serves has its share of the load, of the provider and of Redis to carry as well, in both cases: who had a
second core for the gateway alone would gain by the others' leaving, too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.cells.turns import Figures, in_turns, median
from tests.bench.loads.generator import Generator
from tests.bench.processes import GATEWAY_CORE, LOAD_CORE
from tests.bench.scenes.scene import Scene
from tests.bench.scenes.trial import tried
from tests.bench.subjects.subject import Subject, pin
from tests.bench.subjects.tollway import Tollway
from tests.bench.upstreams.nginx import start_nginx
from tollwayd.bench.policies import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCENE = Scene("unary", "1k", "openai")
ROUNDS = 3
SECONDS = 2.0
CONNECTIONS = 32
"""Of each load."""

TEAMS = {"one": (GATEWAY_CORE,), "two": (GATEWAY_CORE, LOAD_CORE)}
"""The cores of all that belongs together."""


class Team(NamedTuple):
    """A load for each core, and what they ask of the same gateway."""

    generators: list[Generator]
    subjects: list[Subject]


def measure(folder: Path) -> dict[str, Figures]:
    """Requests a second of each variant, for one worker and for two, and how many times as many these are."""
    with ExitStack() as stack:
        teams = {name: _team(stack, folder / name, cores) for name, cores in TEAMS.items()}
        named = [team.subjects[0]._replace(name=name) for name, team in teams.items()]
        turns = in_turns(named, lambda subject: _together(teams[subject.name]), ROUNDS)
    figures = {name: median(rounds) for name, rounds in turns.items()}
    one, two = figures["one"], figures["two"]
    return figures | {"two/one": {name: two[name] / one[name] for name in one if name != "failed"}}


def _team(stack: ExitStack, folder: Path, cores: Sequence[int]) -> Team:
    folder.mkdir()
    port, process = start_nginx(stack, folder / "nginx", streamed=False)
    pin(process, *cores)
    tollway = Tollway(stack, folder / "tollway", cores, store_cores=cores)
    subjects = [tollway.subject(SCENE, f"http://127.0.0.1:{port}", variant) for variant in VARIANTS]
    generators = []
    for core in cores:
        (own := folder / f"load-{core}").mkdir()
        generators.append(Generator(own, core))
    return Team(generators, [subject._replace(request=tried(subject.request)) for subject in subjects])


def _together(team: Team) -> Figures:
    figures: Figures = {"failed": 0.0}
    with ThreadPoolExecutor() as pool:
        for subject in team.subjects:
            drives = [pool.submit(each.closed, subject.request, CONNECTIONS, SECONDS) for each in team.generators]
            loads = [drive.result().load for drive in drives]
            figures[f"{subject.name}_rps"] = sum(load.rate for load in loads)
            figures["failed"] += sum(load.failed for load in loads)
    return figures
