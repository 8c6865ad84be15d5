"""A ResourceStore in memory: the contract in its plainest words, and the model that the real one is compared with."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.ports import Change, Resource
from tollwayd.core.resource_errors import name_exists, not_found
from tollwayd.core.resource_names import ROOTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class MemoryResourceStore:
    """One dictionary of resources, one of claims, one list of changes; `changes[n]` has version n + 1."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._claims: dict[str, set[tuple[str, str]]] = {}  # A name → its collection with each value claimed.
        self._log: list[Change] = []
        self._written = asyncio.Condition()

    async def aclose(self) -> None:
        pass

    async def create(self, kind: str, name: str, record: bytes, *, claim: str = "") -> Resource:
        parent = _parent(kind, name)
        if parent and parent not in self._resources:
            raise not_found(parent)
        if name in self._resources:
            raise name_exists(name)
        self._claim(name, claim)
        return await self._commit(name, record)

    async def get(self, kind: str, name: str) -> Resource:
        _parent(kind, name)
        return self._stored(name)

    async def list(self, kind: str, parent: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        collection = f"{parent}/{kind}" if parent else kind
        names = sorted(name for name in self._resources if name.rpartition("/")[0] == collection and name > after)
        return [self._resources[name] for name in names[:limit]]

    async def update(self, kind: str, name: str, record: bytes, *, version: int, claim: str = "") -> Resource:
        _parent(kind, name)
        self._expect(name, version)
        self._claim(name, claim)
        return await self._commit(name, record)

    async def delete(self, kind: str, name: str, *, version: int | None = None, force: bool = False) -> int:
        _parent(kind, name)
        self._expect(name, version)
        children = sorted(child for child in self._resources if child.startswith(f"{name}/"))
        if children and not force:
            raise TollwayError(Reason.REASON_RESOURCE_IN_USE, metadata={"name": name})
        for gone in (*children, name):
            await self._commit(gone, None)
        return len(self._log)

    async def load(self) -> tuple[int, Sequence[Resource]]:
        return len(self._log), [*self._resources.values()]

    async def changes(self, after: int) -> AsyncIterator[Sequence[Change]]:
        while after <= len(self._log):
            async with self._written:
                while len(self._log) <= after:
                    await self._written.wait()
            batch = self._log[after:]
            after += len(batch)
            yield batch

    def _stored(self, name: str) -> Resource:
        if name not in self._resources:
            raise not_found(name)
        return self._resources[name]

    def _expect(self, name: str, version: int | None) -> None:
        if self._stored(name).version != version and version is not None:
            raise TollwayError(Reason.REASON_ETAG_MISMATCH, metadata={"name": name})

    def _claim(self, name: str, claim: str) -> None:
        wanted = {(name.rpartition("/")[0], value) for value in claim.split("\n") if value}
        if any(held & wanted and holder != name for holder, held in self._claims.items()):
            raise TollwayError(Reason.REASON_RESOURCE_EXISTS, metadata={"name": name, "conflict": "claim"})
        self._claims[name] = wanted

    async def _commit(self, name: str, record: bytes | None) -> Resource:
        change = Change(len(self._log) + 1, name, record)
        self._log.append(change)
        if record is None:
            del self._resources[name], self._claims[name]
        else:
            self._resources[name] = Resource(name, change.version, record)
        async with self._written:
            self._written.notify_all()
        return Resource(name, change.version, record or b"")


def _parent(kind: str, name: str) -> str:
    pattern = f"(){kind}/[^/]+" if kind in ROOTS else f"(tenants/[^/]+)/{kind}/[^/]+"
    if not (match := re.fullmatch(pattern, name)):
        raise not_found(name)
    return match[1]
