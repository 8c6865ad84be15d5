"""Memory of a worker: when it has started, with a thousand streams at a model's pace under way, and after them."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.bench.cells.paced import FEW, MANY, STREAM_SECONDS
from tests.bench.loads.generator import Generator
from tests.bench.scenes.scene import Scene
from tests.bench.scenes.stage import start_provider
from tests.bench.subjects.envoy import start_envoy
from tests.bench.subjects.subject import resident_bytes
from tests.bench.subjects.tollway import Tollway

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.cells.turns import Figures
    from tests.bench.subjects.subject import Subject

SCENE = Scene("paced", "1k", "openai")
LOOKED_SECONDS = 0.1
SETTLED_SECONDS = 2.0
"""After a start, in which a gateway lets go of what only its start needed."""


def measure(folder: Path) -> dict[str, Figures]:
    """Figures by subject. A stream's share is told above a gateway that has had some, as those load what they use."""
    with ExitStack() as stack:
        port, _ = start_provider(stack, folder, SCENE)
        generator = Generator(folder)
        envoy = start_envoy(stack, folder / "envoy", SCENE, port)
        figures = {"envoy": _once(generator, envoy, resident_bytes(envoy.processes))}
        tollway = Tollway(stack, folder / "tollway")
        time.sleep(SETTLED_SECONDS)
        idle = resident_bytes(tollway.processes)
        subject = tollway.subject(SCENE, f"http://127.0.0.1:{port}", "strict")
        return figures | {"strict": _once(generator, subject, idle)}


def _once(generator: Generator, subject: Subject, idle: int) -> Figures:
    _streams(generator, subject, FEW)
    used = resident_bytes(subject.processes)
    most = _streams(generator, subject, MANY)
    after = resident_bytes(subject.processes)
    figures = {"idle_mb": idle / 1e6, "used_mb": used / 1e6, f"s{MANY}_mb": most / 1e6, "after_mb": after / 1e6}
    return figures | {"kb_a_stream": (most - used) / MANY / 1e3}


def _streams(generator: Generator, subject: Subject, streams: int) -> int:
    """Has so many under way for a while; the most memory meanwhile."""
    driving = threading.Thread(
        target=generator.paced,
        args=(subject.request, streams * 2, 2 * STREAM_SECONDS, streams / STREAM_SECONDS, STREAM_SECONDS),
    )
    driving.start()
    most = 0
    while driving.is_alive():
        most = max(most, resident_bytes(subject.processes))
        time.sleep(LOOKED_SECONDS)
    return most
