"""The standard methods (AIP-131 to 135) but List, over one kind of resource in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic

from google.protobuf.timestamp_pb2 import Timestamp

from tollwayd.admin.resources.etag import parse_etag
from tollwayd.admin.resources.field_behavior import check_resource, writable_copy
from tollwayd.admin.resources.field_mask import merge, resolve_mask
from tollwayd.admin.resources.kind import Kind, RecordT, ResourceT
from tollwayd.admin.resources.names import require_name
from tollwayd.core.errors import Reason, TollwayError, invalid_field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.protobuf.field_mask_pb2 import FieldMask

    from tollwayd.core.ports import Resource, ResourceStore

    Rules = Callable[[RecordT | None, RecordT], Awaitable[str]]

__all__ = ["Collection", "no_rules"]

MAX_ATTEMPTS: Final = 16
"""Reads and writes of one change that names no etag. Of writers at the same moment one always gets through, so sixteen
of them all do; more are told to try again."""


class Collection(Generic[RecordT, ResourceT]):
    """The resources of one kind.

    `rules(before, after)` judges a record that is about to be stored (`before` is None for a new one), completes it
    where the kind wants that, and gives its claim: what must be unique among its siblings, or nothing.
    """

    def __init__(self, store: ResourceStore, kind: Kind[RecordT, ResourceT], rules: Rules[RecordT]) -> None:
        self._store = store
        self._kind = kind
        self._rules = rules

    async def read(self, name: str) -> RecordT:
        """The record of one resource."""
        return self._kind.read(await self._stored(name))

    async def get(self, name: str) -> ResourceT:
        """One resource."""
        return self._kind.shown(await self._stored(name))

    async def create(self, name: str, record: RecordT) -> ResourceT:
        """Stores a new resource under a name whose id has been validated."""
        resource: Any = self._kind.resource_of(record)
        resource.name = name
        resource.create_time.GetCurrentTime()
        claim = await self._admit(None, record)
        stored = await self._store.create(self._kind.name, name, record.SerializeToString(), claim=claim)
        return self._kind.shown(stored)

    async def update(self, given: ResourceT, mask: FieldMask) -> ResourceT:
        """Changes the fields of a stored resource that the mask names to what they are in `given`."""
        name, etag = given.name, given.etag  # type: ignore[attr-defined]  # every resource has them
        if not name:
            raise invalid_field(f"{self._kind.field}.name", "is required")
        expected = parse_etag(etag, f"{self._kind.field}.etag")
        wanted = writable_copy(given)
        paths = resolve_mask(mask.paths, wanted)
        return await self.change(name, expected, lambda record: merge(wanted, self._kind.resource_of(record), paths))

    async def change(self, name: str, expected: int | None, apply: Callable[[RecordT], None]) -> ResourceT:
        """Applies a change to a stored record, at the version `expected`.

        With None the last writer wins: `apply` runs again on what another writer stored in between.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            stored = await self._stored(name)
            if expected not in (None, stored.version):
                raise TollwayError(Reason.REASON_ETAG_MISMATCH, metadata={"name": name})
            try:
                return await self._replace(stored, apply)
            except TollwayError as error:
                if attempt == MAX_ATTEMPTS or error.reason != Reason.REASON_ETAG_MISMATCH:
                    raise
        raise AssertionError  # The last attempt returns or raises.

    async def delete(self, name: str, etag: str, *, force: bool = False) -> None:
        """Deletes a resource, with `force` one that has children too."""
        require_name(self._kind.name, name)
        await self._store.delete(self._kind.name, name, version=parse_etag(etag, "etag"), force=force)

    async def _stored(self, name: str) -> Resource:
        require_name(self._kind.name, name)
        return await self._store.get(self._kind.name, name)

    async def _replace(self, stored: Resource, apply: Callable[[RecordT], None]) -> ResourceT:
        before, after = self._kind.read(stored), self._kind.read(stored)
        apply(after)
        claim = await self._admit(before, after)
        written = await self._store.update(
            self._kind.name, stored.name, after.SerializeToString(), version=stored.version, claim=claim
        )
        return self._kind.shown(written)

    async def _admit(self, before: RecordT | None, after: RecordT) -> str:
        resource: Any = self._kind.resource_of(after)
        check_resource(resource, self._kind.field)
        resource.update_time.CopyFrom(_now() if before else resource.create_time)
        return await self._rules(before, after)


async def no_rules(_before: object, _after: object) -> str:
    """For kinds whose fields' own rules are all there is to hold to."""
    return ""


def _now() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now
