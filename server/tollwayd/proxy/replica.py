"""Keeps this process's Snapshot the same as the store's configuration."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from tollwayd.core.errors import TollwayError
from tollwayd.core.paced import paced

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from tollwayd.core.current import Current
    from tollwayd.core.paced import Steps
    from tollwayd.core.ports import Change, Resource, ResourceStore
    from tollwayd.core.snapshot import Snapshot
    from tollwayd.proxy.compiler import Compiler

RETRY_SECONDS = 1.0
"""Between two tries to load; the Snapshot of before keeps serving meanwhile."""

DEFECT_SECONDS = 10.0
"""The same after a failure that nobody foresaw: each of them is a traceback in the log."""


class Replica:
    """Loads the configuration, then follows the change log and swaps the Snapshot at every change. `inspect` sees
    what is loaded before it serves."""

    def __init__(
        self,
        store: ResourceStore,
        compiler: Compiler,
        current: Current,
        inspect: Callable[[Sequence[Resource]], Steps[None]] | None = None,
    ) -> None:
        self._store = store
        self._compiler = compiler
        self._current = current
        self._inspect = inspect
        self._log = structlog.get_logger("tollway.configuration")

    async def load(self) -> bool:
        """Compiles the store's present version, and says whether it did. A store that went back in time is not
        followed: its configuration is lost, and what was served before that is better than nothing."""
        version, resources = await self._store.load()
        if version < self._current.snapshot.version:
            self._log.error("the store has lost configuration; the last one known keeps serving", version=version)
            return False
        if self._inspect:
            await paced(self._inspect(resources))
        self._swap(await paced(self._compiler.compile(version, resources)))
        return True

    async def follow(self) -> None:
        """Runs until cancelled, whatever happens to a change: the last good Snapshot is better than no process."""
        while True:
            await self._apply_changes()
            await self._load_again()

    async def _apply_changes(self) -> None:
        changes = self._store.changes(self._current.snapshot.version)
        try:
            await self._apply(changes)  # type: ignore[arg-type]  # every store's feed is an async generator
        except Exception:  # noqa: BLE001  # It is logged, and nothing is half done: Snapshots are swapped whole.
            self._log.exception("a change cannot be applied; the present configuration keeps serving")
            await asyncio.sleep(RETRY_SECONDS)

    async def _apply(self, changes: AsyncGenerator[Sequence[Change], None]) -> None:
        async with aclosing(changes):
            async for batch in changes:
                self._swap(await paced(self._compiler.apply(batch)))

    async def _load_again(self) -> None:
        while True:
            pause = await self._try_to_load()
            if pause is None:
                return
            await asyncio.sleep(pause)

    async def _try_to_load(self) -> float | None:
        """None, or the pause to make before the next try."""
        try:
            return None if await self.load() else RETRY_SECONDS
        except TollwayError:
            self._log.warning("the store cannot be reached; the present configuration keeps serving")
            return RETRY_SECONDS
        except Exception:  # noqa: BLE001  # The same.
            self._log.exception("the configuration cannot be loaded; the present one keeps serving")
            return DEFECT_SECONDS

    def _swap(self, snapshot: Snapshot) -> None:
        before = self._current.snapshot.problems
        self._current.swap(snapshot)
        for name, problem in snapshot.problems.items():
            if before.get(name) != problem:
                self._log.warning("resource left out", resource=name, problem=problem)
