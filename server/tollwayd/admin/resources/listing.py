"""The standard method List (AIP-132, 158, 160), over one kind of resource in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, cast

from tollwayd.admin.resources.filter import compile_filter
from tollwayd.admin.resources.kind import Kind, RecordT, ResourceT
from tollwayd.admin.resources.names import require_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import Descriptor

    from tollwayd.admin.resources.filter import Predicate
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.ports import Resource

__all__ = ["Listing", "Page"]

DEFAULT_PAGE_SIZE: Final = 50
"""As the protos say of `page_size`."""

MAX_PAGE_SIZE: Final = 1000
"""As the protos say of `page_size`; larger ones are taken as this (AIP-158)."""

SCAN_BATCH: Final = 250
"""Resources read at once while filtering: between two batches other calls get their turn."""

MAX_SCANNED: Final = 2000
"""Resources that a filter looks at for one page. A page may come back short or empty with a token for what follows, so
that a filter that lets nothing through costs many small calls and not one without end."""


class Listed(Protocol):
    """What is asked of a store: as of a ResourceStore, which is one."""

    async def get(self, kind: str, name: str) -> Resource:
        """One resource, to see that it exists."""
        ...

    async def list(self, kind: str, parent: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        """Some resources of a parent in the order of their names."""
        ...


class Page(NamedTuple, Generic[ResourceT]):
    """Some resources in the order of their names, and the token for those that follow, empty at the end."""

    resources: list[ResourceT]
    next_page_token: str


class _Scan(NamedTuple, Generic[ResourceT]):
    found: list[ResourceT]
    after: str
    ended: bool


class Listing(Generic[RecordT, ResourceT]):
    """Lists the resources of one kind."""

    def __init__(self, store: Listed, kind: Kind[RecordT, ResourceT], tokens: PageTokens) -> None:
        self._store = store
        self._kind = kind
        self._tokens = tokens

    async def page(self, parent: str, request: Any) -> Page[ResourceT]:
        """The page that a List request asks for by its `page_size`, `page_token` and `filter`.

        REASON_RESOURCE_NOT_FOUND where the parent does not exist: an empty page would hide a wrong name.
        """
        parent_kind = parent.partition("/")[0]
        if parent:
            require_name(parent_kind, parent)
        lets_through = compile_filter(request.filter, cast("Descriptor", self._kind.resource.DESCRIPTOR))
        listing = (self._kind.name, parent, request.filter)
        after = self._tokens.read(request.page_token, listing) if request.page_token else ""
        size = min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
        if lets_through is None:
            scan = await self._read(parent, after, size)
        else:
            scan = await self._filter(parent, after, size, lets_through)
        if parent and not scan.found and not after:
            await self._store.get(parent_kind, parent)
        return Page(scan.found, "" if scan.ended else self._tokens.issue(scan.after, listing))

    async def _read(self, parent: str, after: str, size: int) -> _Scan[ResourceT]:
        # One more than is shown tells whether anything follows.
        batch = await self._store.list(self._kind.name, parent, after=after, limit=size + 1)
        shown = batch[:size]
        last = shown[-1].name if shown else after
        return _Scan([self._kind.shown(stored) for stored in shown], last, len(batch) <= size)

    async def _filter(self, parent: str, after: str, size: int, lets_through: Predicate) -> _Scan[ResourceT]:
        found: list[ResourceT] = []
        for _ in range(MAX_SCANNED // SCAN_BATCH):
            batch = await self._store.list(self._kind.name, parent, after=after, limit=SCAN_BATCH)
            for stored in batch:
                after = stored.name
                resource = self._kind.shown(stored)
                if lets_through(resource):
                    found.append(resource)
                if len(found) == size:
                    return _Scan(found, after, ended=stored is batch[-1] and len(batch) < SCAN_BATCH)
            if len(batch) < SCAN_BATCH:
                return _Scan(found, after, ended=True)
        return _Scan(found, after, ended=False)
