"""Read your writes: a write through this gateway is answered when all of its workers serve by it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tollwayd.core.ports import Change, Resource, ResourceStore

APPLY_SECONDS = 1.0
"""How long an answer waits. The write is stored either way; other processes see it within a second as well."""


class Served(Protocol):
    """By which version of the configuration calls are served."""

    async def reached(self, version: int) -> None:
        """Waits until it is this version or a later one."""
        ...


class AppliedStore:
    """A ResourceStore around another one. A script that creates a key can use it in its next line."""

    def __init__(self, store: ResourceStore, served: Served) -> None:
        self._store = store
        self._served = served
        self.get = store.get
        self.list = store.list
        self.load = store.load

    async def create(self, kind: str, name: str, record: bytes, *, claim: str = "") -> Resource:
        """As the store's, and applied."""
        return await self._applied(await self._store.create(kind, name, record, claim=claim))

    async def update(self, kind: str, name: str, record: bytes, *, version: int, claim: str = "") -> Resource:
        """As the store's, and applied."""
        return await self._applied(await self._store.update(kind, name, record, version=version, claim=claim))

    async def delete(self, kind: str, name: str, *, version: int | None = None, force: bool = False) -> int:
        """As the store's, and applied."""
        written = await self._store.delete(kind, name, version=version, force=force)
        await self._reach(written)
        return written

    def changes(self, after: int) -> AsyncIterator[Sequence[Change]]:
        """As the store's."""
        return self._store.changes(after)

    async def _applied(self, resource: Resource) -> Resource:
        await self._reach(resource.version)
        return resource

    async def _reach(self, version: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(APPLY_SECONDS):
                await self._served.reached(version)
