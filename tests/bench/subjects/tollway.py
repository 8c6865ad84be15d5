"""The gateway, with its Redis on the other core: in earnest that is another machine's, and its cost is told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from tests.bench.processes import GATEWAY_CORE, LOAD_CORE
from tests.bench.subjects.subject import Subject, pin
from tests.running.gateway import environment
from tollwayd.bench.gateway import GatewayProcess
from tollwayd.bench.policies import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from tests.bench.scenes.scene import Scene


class Tollway:
    """One that runs until the stack ends: its workers on these cores, one each, its Redis on `store_cores`."""

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        cores: Sequence[int] = (GATEWAY_CORE,),
        store_cores: Sequence[int] = (LOAD_CORE,),
        **settings: str,
    ) -> None:
        paths = {"PYTHONPATH": environment()["PYTHONPATH"]}
        before = ("taskset", "-c", ",".join(map(str, cores)))
        options = ("--workers", str(len(cores))) if len(cores) > 1 else ()
        process = GatewayProcess(folder, before=before, options=options, settings=paths | settings)
        self.gateway = stack.enter_context(process)
        family = psutil.Process(self.gateway.process.pid).children(recursive=True)
        workers = [child.pid for child in family if child.name().startswith("python")]
        self.processes = (self.gateway.process.pid, *workers)
        self.store = tuple(child.pid for child in family if child.pid not in workers)
        for worker, core in zip(workers, cores, strict=False):
            pin(worker, core)
        for server in self.store:
            pin(server, *store_cores)

    def subjects(self, scene: Scene, provider_url: str) -> Iterator[Subject]:
        """Itself as a tenant of each variant sees it."""
        for variant in VARIANTS:
            yield self.subject(scene, provider_url, variant)

    def subject(self, scene: Scene, provider_url: str, variant: str) -> Subject:
        """The same for one variant."""
        port = self.gateway.port("proxy_grpc" if scene.way.grpc else "proxy_http")
        key = self.gateway.tenant({scene.way.provider: provider_url}, VARIANTS[variant])
        return Subject(variant, scene.of_gateway(port, key), self.processes, self.store)
