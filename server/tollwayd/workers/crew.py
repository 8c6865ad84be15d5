"""The workers of a supervisor: started, kept in number, asked, ended."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog

from tollwayd.start_error import ENVIRONMENT, StartError
from tollwayd.state.outage import pauses
from tollwayd.workers.process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tollwayd.listeners import Addresses
    from tollwayd.workers.merged_metrics import MergedMetrics

LONGEST_PAUSE: Final = 30.0
"""Seconds until a worker is started at most, in place of one that keeps ending."""

STEADY_SECONDS: Final = 60.0
"""A worker that lived so long is not one that keeps ending: the next pause is short again."""

LAST_SECONDS: Final = 10.0
"""How long workers may take to close when their calls have ended, before they are killed."""


class Crew:
    """`environment` is that of the workers. When all of them serve by a version of the configuration, all are told."""

    def __init__(self, environment: Mapping[str, str], metrics: MergedMetrics) -> None:
        self._environment = environment
        self._metrics = metrics
        self._running: set[WorkerProcess] = set()
        self._serving: set[WorkerProcess] = set()  # Those of them that do.
        self._version = 0
        self._log = structlog.get_logger("tollway.workers")

    @property
    def serves(self) -> bool:
        """Whether any worker does."""
        return bool(self._serving)

    async def start(self, count: int) -> Addresses:
        """Starts so many; gives the addresses that they share, once all serve. StartError."""
        # The first one alone: what keeps it from starting is told once, and what it makes the others find.
        addresses, _ = await self._start_one()
        await asyncio.gather(*(self._start_one() for _ in range(count - 1)))
        return addresses

    async def keep(self) -> None:
        """Runs until cancelled, and starts another worker for each that ends."""
        async with asyncio.TaskGroup() as tasks:
            for worker in self._serving:
                tasks.create_task(self._keep_one(worker))

    async def ask(self) -> None:
        """Has all workers tell their metrics."""
        await asyncio.gather(*map(self._ask_one, self._serving))

    async def end(self, drain_seconds: float) -> None:
        """Ends all workers when their calls have ended, after `drain_seconds` at most. One that is ending already ends
        at once."""
        for worker in self._running:
            worker.drain()
        await self._wait(drain_seconds + LAST_SECONDS)
        for worker in self._running:
            worker.kill()
        await self._wait(None)

    async def _wait(self, seconds: float | None) -> None:
        if self._running:
            await asyncio.wait([asyncio.create_task(self._ended(worker)) for worker in self._running], timeout=seconds)

    async def _start_one(self) -> tuple[Addresses, WorkerProcess]:
        worker = await WorkerProcess.start(self._environment, self._level)
        self._running.add(worker)
        addresses = await worker.ready()
        if addresses is None:
            status = await self._ended(worker)
            raise StartError("", status=max(status, ENVIRONMENT))
        self._serving.add(worker)
        self._metrics.begin(worker.pid)
        worker.tell_applied(self._version)
        return addresses, worker

    async def _ended(self, worker: WorkerProcess) -> int:
        status = await worker.ended()
        self._running.discard(worker)
        self._serving.discard(worker)
        self._metrics.end(worker.pid)
        self._level()
        return status

    async def _keep_one(self, worker: WorkerProcess) -> None:
        retries = pauses(LONGEST_PAUSE)
        while True:
            since = time.monotonic()
            status = await self._ended(worker)
            self._log.warning("a worker has ended; another one is started", pid=worker.pid, status=status)
            if time.monotonic() - since > STEADY_SECONDS:
                retries = pauses(LONGEST_PAUSE)
            worker = await self._start_another(retries)

    async def _start_another(self, retries: Iterator[float]) -> WorkerProcess:
        while True:
            await asyncio.sleep(next(retries))
            try:
                _, worker = await self._start_one()
            except StartError as error:
                self._log.warning("a worker did not start; it is tried again", status=error.status)
            else:
                self._metrics.restart()
                self._log.info("another worker serves", pid=worker.pid)
                return worker

    async def _ask_one(self, worker: WorkerProcess) -> None:
        if (families := await worker.metrics()) is not None and worker in self._serving:
            self._metrics.tell(worker.pid, families)

    def _level(self) -> None:
        """Tells all by which version all of them serve, when that becomes another. It is an earlier one when a worker
        starts with what was loaded before the last change: it listens, and may be called, before it says so.
        """
        loaded = (worker for worker in self._running if worker.version or worker in self._serving)
        version = min((worker.version for worker in loaded), default=self._version)
        if version != self._version:
            self._version = version
            for worker in self._serving:
                worker.tell_applied(version)
