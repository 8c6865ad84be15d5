"""Ports: the narrow protocols through which the rest of the house reaches state. `state` implements them over Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tollway.config.v1.records_pb2 import SealedSecret, SecretDigest

__all__ = ["Change", "Keys", "Resource", "ResourceStore"]


@dataclass(frozen=True, slots=True)
class Resource:
    """A stored resource: its full name, the configuration version that wrote it, and its record's bytes.

    The version is its etag: it changes with every write and never comes back.
    """

    name: str
    version: int
    record: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """One committed write, in order: versions are consecutive. `record` is None where the resource was deleted."""

    version: int
    name: str
    record: bytes | None


class ResourceStore(Protocol):
    """Configuration. `kind` is the collection's last segment: `tenants`, `apiKeys`, `providers`, `models`.

    Every write is atomic, bumps the one configuration version, appends to the change log, and is safe to repeat after
    a lost reply: it happens once. All methods raise TollwayError: REASON_STORE_UNAVAILABLE when the store cannot be
    reached, REASON_RESOURCE_EXISTS, REASON_RESOURCE_NOT_FOUND, REASON_ETAG_MISMATCH, REASON_RESOURCE_IN_USE.
    """

    async def create(self, kind: str, name: str, record: bytes, *, claim: str = "") -> Resource:
        """Stores a new resource. `claim`, where given, is a value unique among the resources of its kind and parent.

        REASON_RESOURCE_EXISTS has `conflict` in its metadata: `name` or `claim`.
        A resource with a parent needs the parent to exist, else REASON_RESOURCE_NOT_FOUND with the parent's name.
        """
        ...

    async def get(self, kind: str, name: str) -> Resource:
        """One resource."""
        ...

    async def list(self, kind: str, parent: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        """At most `limit` resources of a parent (empty for tenants) in the order of names, after the name `after`."""
        ...

    async def update(self, kind: str, name: str, record: bytes, *, version: int, claim: str = "") -> Resource:
        """Replaces a record whose version is still `version`. `claim` replaces the claim of before."""
        ...

    async def delete(self, kind: str, name: str, *, version: int | None = None, force: bool = False) -> int:
        """Deletes a resource, at `version` where given; one with children only with `force`, and they go with it.
        Gives the version of the write."""
        ...

    async def load(self) -> tuple[int, Sequence[Resource]]:
        """The present version, and every resource as of it."""
        ...

    def changes(self, after: int) -> AsyncIterator[Sequence[Change]]:
        """The writes after a version as they are committed, in batches, without end and across outages of the store.

        Ends (StopAsyncIteration) when the log no longer reaches back to `after`, or the store holds an older version
        than that: `load` again.
        """
        ...


class Keys(Protocol):
    """The keyring, as those see it who neither seal nor rotate."""

    def unseal(self, sealed: SealedSecret, context: Sequence[str]) -> str:
        """The secret that was sealed for this context. Raises ValueError for another context or an unknown key."""
        ...

    def lookup_key(self, digest: SecretDigest) -> bytes:
        """What the Snapshot indexes a stored digest by."""
        ...

    def digests(self, secret: str) -> Sequence[bytes]:
        """The lookup keys that a presented secret may be stored under, one for each key of the ring."""
        ...
