"""Load by loads/load.c: a closed loop, or an open one, and what became of its requests."""

from __future__ import annotations

import subprocess
from array import array
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.loads.programs import compiled
from tests.bench.processes import LOAD_CORE
from tollwayd.bench.arithmetic import Load
from tollwayd.bench.arithmetic import Request as Made

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.scenes.request import Request

WARM_SECONDS = 0.2
"""Of the beginning, which is left out: connections are made, and caches filled."""

FIELDS = 5
"""Eight bytes each, of a record of load.c."""


class Driven(NamedTuple):
    """All requests that were made, the figures of those after the warming up, and the milliseconds that each token was
    on its way, in order."""

    made: list[Made]
    load: Load
    tokens: list[float]


class Generator:
    """Drives requests from the core of the load."""

    def __init__(self, folder: Path, core: int = LOAD_CORE) -> None:
        self._folder = folder
        self._core = core

    def closed(self, request: Request, connections: int, seconds: float) -> Driven:
        """Each connection asks again as soon as it has its answer."""
        return self._drive(request, connections, seconds, 0)

    def open(self, request: Request, connections: int, seconds: float, rate: float) -> Driven:
        """So many requests a second are due, whatever becomes of those before them."""
        return self._drive(request, connections, seconds, rate)

    def paced(self, request: Request, connections: int, seconds: float, rate: float, warm: float) -> Driven:
        """The same for streams of upstreams/paced.c, whose tokens' ways are told; `warm` is until all are under way."""
        return self._drive(request, connections, seconds, rate, warm, stamped=True)

    def _drive(
        self,
        request: Request,
        connections: int,
        seconds: float,
        rate: float,
        warm: float = WARM_SECONDS,
        *,
        stamped: bool = False,
    ) -> Driven:
        sent, records, stamps = (self._folder / name for name in ("request", "records", "stamps"))
        sent.write_bytes(request.encoded())
        words = [request.port, request.protocol, connections, seconds, rate, request.least, sent, records]
        words += [stamps] if stamped else []
        command = ["taskset", "-c", str(self._core), compiled("load"), *map(str, words)]
        subprocess.run(command, check=True, timeout=seconds + 60)
        tokens = _read(stamps) if stamped else array("q")
        return driven(_read(records), tokens, seconds, warm, open_loop=rate > 0)


def driven(records: array[int], stamps: array[int], seconds: float, warm: float, *, open_loop: bool) -> Driven:
    """What the generator's files say. A closed loop's requests count where their answer came in its time, which those
    at work at the end have not; an open loop's all count that were due."""
    columns = [records[number::FIELDS] for number in range(FIELDS)]
    made = [Made(*times, bool(ok)) for *times, ok in zip(*columns, strict=True)]
    begin = min((each.intended for each in made), default=0)
    first, last = begin + warm * 1e9, begin + seconds * 1e9
    counted = [each for each in made if each.intended >= first and (open_loop or each.done <= last)]
    on_way = sorted(way / 1e6 for came, way in zip(stamps[::2], stamps[1::2], strict=True) if came >= first)
    return Driven(made, Load.of(counted, seconds - warm), on_way)


def _read(path: Path) -> array[int]:
    values = array("q")
    values.frombytes(path.read_bytes())
    return values
