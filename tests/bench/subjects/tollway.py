"""The gateway, with its Redis on the other core: in earnest that is another machine's, and its cost is told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from tests.bench.processes import GATEWAY_CORE, LOAD_CORE
from tests.bench.subjects.subject import Subject, pin
from tests.gateway import environment
from tollwayd.bench.gateway import GatewayProcess
from tollwayd.bench.policies import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from tests.bench.scenes.scene import Scene


class Tollway:
    """One that runs on the gateway's core, until the stack ends."""

    def __init__(
        self, stack: ExitStack, folder: Path, core: int = GATEWAY_CORE, *, log: str = "log", **settings: str
    ) -> None:
        paths = {"PYTHONPATH": environment()["PYTHONPATH"]}
        before = ("taskset", "-c", str(core))
        self.gateway = stack.enter_context(GatewayProcess(folder, before=before, settings=paths | settings, log=log))
        self.processes = (self.gateway.process.pid,)
        self.store = tuple(child.pid for child in psutil.Process(self.processes[0]).children(recursive=True))
        for process in self.store:
            pin(process, LOAD_CORE)

    def subjects(self, scene: Scene, provider_url: str) -> Iterator[Subject]:
        """Itself as a tenant of each variant sees it."""
        for variant in VARIANTS:
            yield self.subject(scene, provider_url, variant)

    def subject(self, scene: Scene, provider_url: str, variant: str) -> Subject:
        """The same for one variant."""
        port = self.gateway.port("proxy_grpc" if scene.way.grpc else "proxy_http")
        key = self.gateway.tenant({scene.way.provider: provider_url}, VARIANTS[variant])
        return Subject(variant, scene.of_gateway(port, key), self.processes, self.store)
