"""Keeps this process's Snapshot the same as the store's configuration."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from tollwayd.core.errors import TollwayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from tollwayd.core.current import Current
    from tollwayd.core.ports import Change, ResourceStore
    from tollwayd.core.snapshot import Snapshot
    from tollwayd.proxy.compiler import Compiler

RETRY_SECONDS = 1.0
"""Between two tries to load; the Snapshot of before keeps serving meanwhile."""


class Replica:
    """Loads the configuration, then follows the change log and swaps the Snapshot at every change."""

    def __init__(self, store: ResourceStore, compiler: Compiler, current: Current) -> None:
        self._store = store
        self._compiler = compiler
        self._current = current
        self._log = structlog.get_logger("tollway.configuration")

    async def load(self) -> bool:
        """Compiles the store's present version, and says whether it did. A store that went back in time is not
        followed: its configuration is lost, and what was served before that is better than nothing."""
        version, resources = await self._store.load()
        if version < self._current.snapshot.version:
            self._log.error("the store has lost configuration; the last one known keeps serving", version=version)
            return False
        self._swap(self._compiler.compile(version, resources))
        return True

    async def follow(self) -> None:
        """Runs until cancelled."""
        while True:
            changes = self._store.changes(self._current.snapshot.version)
            await self._apply(changes)  # type: ignore[arg-type]  # every store's feed is an async generator
            await self._load_again()

    async def _apply(self, changes: AsyncGenerator[Sequence[Change], None]) -> None:
        async with aclosing(changes):
            async for batch in changes:
                self._swap(self._compiler.apply(batch))

    async def _load_again(self) -> None:
        while True:
            try:
                if await self.load():
                    return
            except TollwayError:
                self._log.warning("the store cannot be reached; the present configuration keeps serving")
            await asyncio.sleep(RETRY_SECONDS)

    def _swap(self, snapshot: Snapshot) -> None:
        before = self._current.snapshot.problems
        self._current.swap(snapshot)
        for name, problem in snapshot.problems.items():
            if before.get(name) != problem:
                self._log.warning("resource left out", resource=name, problem=problem)
