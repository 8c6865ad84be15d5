"""The ResourceStore over Redis: configuration, written by scripts and followed through a change log."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.ports import Resource
from tollwayd.core.resource_errors import name_exists, not_found
from tollwayd.state import keys
from tollwayd.state.change_feed import follow
from tollwayd.state.connection import connect
from tollwayd.state.listing import page, resource
from tollwayd.state.loading import load
from tollwayd.state.outage import reach
from tollwayd.state.resource_names import collection_of, lex_range, parent_of
from tollwayd.state.script import Script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tollwayd.core.ports import Change

LOG_LENGTH: Final = 10_000
"""Entries that the change log keeps, or a little more: a replica that missed more than these loads everything again."""

DONE_SECONDS: Final = 3_600
"""How long a write is remembered as done. A retry comes within seconds; a copy that the network held back, later."""

_CREATE: Final = Script("prelude.lua", "create.lua")
_UPDATE: Final = Script("prelude.lua", "update.lua")
_DELETE: Final = Script("prelude.lua", "delete.lua")


def _refusal(reason: Reason, name: str, **metadata: str) -> TollwayError:
    return TollwayError(reason, metadata={"name": name, **metadata})


_REFUSALS: Final[Mapping[bytes, Callable[[str], TollwayError]]] = {
    b"MISSING": not_found,
    b"EXISTS": name_exists,
    b"CLAIMED": partial(_refusal, Reason.REASON_RESOURCE_EXISTS, conflict="claim"),
    b"STALE": partial(_refusal, Reason.REASON_ETAG_MISMATCH),
    b"IN_USE": partial(_refusal, Reason.REASON_RESOURCE_IN_USE),
}


class RedisResourceStore:
    """A `ResourceStore` at a `redis://`, `rediss://` or `unix://` URL. Connects when it is first used; close it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = connect(url)

    async def aclose(self) -> None:
        """Closes the connections; feeds have their own, which close with them."""
        await self._client.aclose()

    async def create(self, kind: str, name: str, record: bytes, *, claim: str = "") -> Resource:
        parent = parent_of(kind, name)
        fields = keys.claim_fields(collection_of(kind, parent), claim)
        return Resource(name, await self._write(_CREATE, name, parent, record, fields), record)

    async def get(self, kind: str, name: str) -> Resource:
        parent_of(kind, name)
        stored = await reach(self._client.hget, keys.RESOURCES, name)
        if stored is None:
            raise not_found(name)
        return resource(name, cast("bytes", stored))

    async def list(self, kind: str, parent: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        index = keys.CHILDREN if parent else keys.ROOTS
        return await page(self._client, index, *lex_range(collection_of(kind, parent), after), limit)

    async def update(self, kind: str, name: str, record: bytes, *, version: int, claim: str = "") -> Resource:
        fields = keys.claim_fields(collection_of(kind, parent_of(kind, name)), claim)
        return Resource(name, await self._write(_UPDATE, name, version, record, fields), record)

    async def delete(self, kind: str, name: str, *, version: int | None = None, force: bool = False) -> int:
        parent_of(kind, name)
        return await self._write(_DELETE, name, "" if version is None else version, int(force), *lex_range(name))

    async def load(self) -> tuple[int, Sequence[Resource]]:
        return await load(self._client)

    def changes(self, after: int) -> AsyncIterator[Sequence[Change]]:
        return follow(connect(self._url, connections=1), after)

    async def _write(self, script: Script, name: str, *arguments: str | bytes | int) -> int:
        write = os.urandom(16).hex()
        used = (*keys.WRITE_KEYS, keys.done(write))
        status, value = await reach(script.run, self._client, used, write, DONE_SECONDS, LOG_LENGTH, name, *arguments)
        if status == b"DONE":
            return int(value)
        raise _REFUSALS[status](value.decode())
