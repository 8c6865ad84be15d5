"""What it costs to have many keys, models or policies: throughput, start, memory, and how soon a change is in force.

The few are made as an operator makes them; the many are written straight into the store (population.py), as the Admin
API would take minutes for them.
"""

from __future__ import annotations

import asyncio
import base64
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.cells.turns import Figures, in_turns, median, with_cost
from tests.bench.loads.generator import Generator
from tests.bench.population import populate, secret
from tests.bench.scenes.scene import Scene
from tests.bench.scenes.trial import tried
from tests.bench.subjects.subject import Subject, resident_bytes
from tests.bench.subjects.tollway import Tollway
from tests.bench.upstreams.nginx import start_nginx
from tollwayd.bench.arithmetic import percentile
from tollwayd.security.keyring import Keyring

if TYPE_CHECKING:
    from pathlib import Path

SCENE = Scene("unary", "1k", "openai")
MASTER_KEY = b"k" * 32
CHANGES = 40
ROUNDS = 5
SECONDS = 1.0
CONNECTIONS = 32


class Population(NamedTuple):
    """How many of each there are."""

    keys: int
    models: int
    policies: int


FEW = Population(10, 10, 10)
GROWN = {
    "few": FEW,
    "10,000 keys": FEW._replace(keys=10_000),
    "100,000 keys": FEW._replace(keys=100_000),
    "10,000 models": FEW._replace(models=10_000),
    "10,000 policies": FEW._replace(policies=10_000),
    "100,000 keys, 10,000 models": FEW._replace(keys=100_000, models=10_000),
}


def measure(folder: Path) -> dict[str, Figures]:
    """Figures by population; all gateways run at once, and are asked in turns."""
    with ExitStack() as stack:
        generator = Generator(folder)
        port, _ = start_nginx(stack, folder / "nginx", streamed=False)
        url = f"http://127.0.0.1:{port}/v1"
        figures, subjects = {}, []
        for number, (name, population) in enumerate(GROWN.items()):
            tollway, seconds = _grown(stack, folder / f"tollway-{number}", population, url)
            request = SCENE.of_gateway(tollway.gateway.port("proxy_http"), secret(3), model="m-3")
            subjects.append(Subject(name, tried(request), tollway.processes, tollway.store))
            memory = resident_bytes(tollway.processes) / 1e6
            figures[name] = {"start_s": seconds, "memory_mb": memory, **_changes(tollway)}
        turns = in_turns(subjects, lambda subject: _once(generator, subject), ROUNDS)
    return {name: figures[name] | median(rounds) for name, rounds in turns.items()}


def _once(generator: Generator, subject: Subject) -> Figures:
    driven, costs = with_cost(subject, lambda: generator.closed(subject.request, CONNECTIONS, SECONDS))
    return {"c32_rps": driven.load.rate, "failed": driven.load.failed, **costs}


def _grown(stack: ExitStack, folder: Path, population: Population, url: str) -> tuple[Tollway, float]:
    """A gateway that has started with the population, and how many seconds its start took."""
    settings = {"TOLLWAY_MASTER_KEYS": f"k1:{base64.b64encode(MASTER_KEY).decode()}"}
    with ExitStack() as first:
        Tollway(first, folder, **settings)
        keyring = Keyring({"k1": MASTER_KEY})
        redis = f"unix://{folder}/data/redis/redis.sock"
        asyncio.run(populate(redis, keyring, **population._asdict(), provider_url=url))
    began = time.monotonic()
    return Tollway(stack, folder, **settings), time.monotonic() - began


def _changes(tollway: Tollway) -> Figures:
    """How long it is from asking for a new key until it opens the door."""
    took = []
    for number in range(CHANGES):
        began = time.monotonic()
        key = tollway.gateway.admin(f"tenants/big/apiKeys?api_key_id=new-{number}", {})["secret"]
        tried(SCENE.of_gateway(tollway.gateway.port("proxy_http"), key, model="m-3"))
        took.append((time.monotonic() - began) * 1e3)
    return {f"change_p{percent}_ms": percentile(sorted(took), percent) for percent in (50, 99)}
