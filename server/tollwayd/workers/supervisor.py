"""The process that runs the workers. It answers no calls: it has their Redis, their ports and their metrics."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from tollwayd import listeners
from tollwayd.data_folder import ADMIN_KEY_FILE, DataFolder
from tollwayd.settings import variable
from tollwayd.start_error import MISTAKE, StartError
from tollwayd.telemetry.metrics_door import MetricsDoor
from tollwayd.workers import ports
from tollwayd.workers.crew import Crew
from tollwayd.workers.merged_metrics import MergedMetrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tollwayd.settings import Settings

    OnReady = Callable[["Supervisor"], Awaitable[None]]


class Supervisor:
    """Several workers as one gateway; `addresses`, `admin_key`, `admin_key_is_new` and `serving` are as of an `App`."""

    def __init__(self, settings: Settings) -> None:
        self.addresses: listeners.Addresses = {}
        self.admin_key = ""
        self.admin_key_is_new = False
        self.serving = False
        self._settings = settings
        self._folder = DataFolder(settings)
        self._stop = asyncio.Event()
        self._log = structlog.get_logger("tollway")

    def stop(self) -> None:
        """Asks all workers to drain and end. Safe to repeat, and to call from a signal handler."""
        self._stop.set()

    async def run(self, on_ready: OnReady) -> None:
        """Starts everything, awaits `on_ready`, serves until `stop`, drains, and closes everything. StartError."""
        if sys.platform != "linux":
            raise StartError("workers: only Linux shares a port's connections among them; set 1.", status=MISTAKE)
        async with AsyncExitStack() as parts:
            self._folder.prepare()
            shared = parts.enter_context(ports.kept(self._settings))
            await self._start_redis(parts)
            self._find_admin_key(parts)
            registry = CollectorRegistry()
            crew = Crew({**os.environ, **shared}, MergedMetrics(registry))
            metrics = await self._open_metrics(MetricsDoor(registry, lambda: self._is_ready(crew), crew.ask), parts)
            parts.push_async_callback(crew.end, 0)
            self._tell_addresses({**await crew.start(self._settings.workers), "metrics_http": metrics}, parts)
            await on_ready(self)
            await self._serve(crew)
        self._log.info("stopped")

    async def _serve(self, crew: Crew) -> None:
        self.serving = True
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(crew.keep(), name="keep the workers in number")
            await self._stop.wait()
            keeping.cancel()
        self._log.info("draining", workers=self._settings.workers, seconds=self._settings.drain_seconds)
        await crew.end(self._settings.drain_seconds)

    def _is_ready(self, crew: Crew) -> bool:
        return self.serving and crew.serves and not self._stop.is_set()

    async def _start_redis(self, parts: AsyncExitStack) -> None:
        if self._settings.redis_url is None:
            redis = await self._folder.start_redis()
            parts.push_async_callback(redis.stop)

    def _find_admin_key(self, parts: AsyncExitStack) -> None:
        if self._settings.admin_key is None:
            loaded = self._folder.root()
            self.admin_key, self.admin_key_is_new = loaded.secret, loaded.created
            parts.callback(self._forget_unshown_key)

    def _forget_unshown_key(self) -> None:
        """One that was made at a start which failed was never shown to anybody."""
        if self.admin_key_is_new and not self.serving:
            (self._folder.path / ADMIN_KEY_FILE).unlink(missing_ok=True)

    async def _open_metrics(self, door: MetricsDoor, parts: AsyncExitStack) -> listeners.Address:
        parts.push_async_callback(door.stop)
        address = self._settings.metrics_http
        try:
            return await door.start(*address)
        except OSError as error:
            raise StartError(f"{variable('metrics_http')}: {listeners.refusal(address, error)}") from error

    def _tell_addresses(self, addresses: listeners.Addresses, parts: AsyncExitStack) -> None:
        self.addresses = addresses
        self._folder.write_listeners(addresses)
        parts.callback(listeners.remove, self._settings.data_dir, addresses)
