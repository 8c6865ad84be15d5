"""Ports: the narrow protocols through which the rest of the house reaches state. `state` implements them over Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from tollway.admin.v1.ledger_pb2 import LedgerEntry
    from tollway.config.v1.records_pb2 import SealedSecret, SecretDigest
    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Grants, Refusal, Reservation, Settlement
    from tollwayd.core.metering.limits.reached import Reached
    from tollwayd.core.metering.usage import UsagePart

__all__ = [
    "Change",
    "CountNames",
    "InvoiceStore",
    "Keys",
    "Ledger",
    "Meter",
    "PolicyEvents",
    "Resource",
    "ResourceStore",
    "UsageStore",
]


class Resource(msgspec.Struct, frozen=True, gc=False):
    """A stored resource: its full name, the configuration version that wrote it, and its record's bytes.

    The version is its etag: it changes with every write and never comes back.
    """

    name: str
    version: int
    record: bytes


class Change(msgspec.Struct, frozen=True, gc=False):
    """One committed write, in order: versions are consecutive. `record` is None where the resource was deleted."""

    version: int
    name: str
    record: bytes | None


class ResourceStore(Protocol):
    """Configuration. `kind` is the collection's last segment: `tenants`, `apiKeys`, `models`, `plans`.

    Every write is atomic, bumps the one configuration version, appends to the change log, and is safe to repeat after
    a lost reply: it happens once. All methods raise TollwayError: REASON_STORE_UNAVAILABLE when the store cannot be
    reached, REASON_RESOURCE_EXISTS, REASON_RESOURCE_NOT_FOUND, REASON_ETAG_MISMATCH, REASON_RESOURCE_IN_USE.
    """

    async def create(self, kind: str, name: str, record: bytes, *, claim: str = "") -> Resource:
        """Stores a new resource. `claim`, where given, is a value unique among the resources of its kind and parent;
        several such values stand on a line each.

        REASON_RESOURCE_EXISTS has `conflict` in its metadata: `name` or `claim`.
        A resource with a parent needs the parent to exist, else REASON_RESOURCE_NOT_FOUND with the parent's name.
        """
        ...

    async def get(self, kind: str, name: str) -> Resource:
        """One resource."""
        ...

    async def list(self, kind: str, parent: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        """At most `limit` resources of a parent (empty for roots) in the order of names, after the name `after`."""
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


class Meter(Protocol):
    """The counts of all limits, the reservations of running calls, the ledger and the usage, all exact.

    What is reserved under a call's id is held until it is settled, or until nothing was heard of the call for the time
    of a lease: then `if_lost` is booked for it, once. If its settlement comes after all, the difference is booked.
    """

    async def reserve(self, reservation: Reservation) -> Grants | Refusal:
        """Takes all of a call's limits or none. Safe to repeat. REASON_STORE_UNAVAILABLE; what was taken, if anything,
        is then given back, and so it is where the caller is cancelled; of a further attempt with the settlement."""
        ...

    def settle(self, settlement: Settlement) -> Awaitable[None]:
        """Books the end of a call. It is under way when this returns, whether or not anybody awaits the rest; awaited,
        it is booked, or safe on this machine's disk until it can be. Never fails."""
        ...

    def checkpoint(self, tenant: str, call: str, if_lost: Charge) -> None:
        """Tells that a call is still running and what would be charged if it vanished now. Returns at once; one that
        does not arrive is made up for by the next."""
        ...


class CountNames(Protocol):
    """Which counts of limits there are. REASON_STORE_UNAVAILABLE."""

    async def beginning(self, tenant: str, prefix: str, most: int) -> tuple[Sequence[str], bool]:
        """The buckets of which something was taken whose names begin so, `most` of them, in no order; and whether these
        are all. A prefix has no characters but letters, digits, dots, hyphens, slashes."""
        ...


class PolicyEvents(Protocol):
    """Thresholds that budgets have reached. REASON_STORE_UNAVAILABLE, REASON_CONNECTIONS_EXHAUSTED."""

    def follow(self, tenant: str, *, after: str = "") -> AsyncIterator[Sequence[tuple[str, Reached]]]:
        """Those of a tenant, each with its place, after a place or from now on, as they come, without end. Some
        thousands of them are kept; `0-0` is before all."""
        ...


class Ledger(Protocol):
    """The ledgers, for reading. REASON_STORE_UNAVAILABLE."""

    def entries(
        self, tenant: str, *, start_ms: int, end_ms: int, after: str = ""
    ) -> AsyncIterator[Sequence[LedgerEntry]]:
        """The entries of a tenant that were booked from a moment until before another (Unix milliseconds by the
        store's clock), in their order, after the entry `after` where one is named; in batches, not all at once."""
        ...

    def follow(self, tenant: str, *, after: str = "") -> AsyncIterator[Sequence[LedgerEntry]]:
        """The entries of a tenant as they are booked, without end and across outages of the store: those after the
        entry `after`, or those booked from now on. REASON_CONNECTIONS_EXHAUSTED where too many follow already."""
        ...


class UsageStore(Protocol):
    """Usage, summed up by the hour. REASON_STORE_UNAVAILABLE."""

    def parts(self, tenant: str, *, start_hour: int, end_hour: int) -> AsyncIterator[Sequence[UsagePart]]:
        """The usage of a tenant from an hour until before another, counted from the Unix epoch: each part once, day by
        day, otherwise in no order; in batches, not all at once. REASON_FIELD_INVALID where one day has more parts than
        are read."""
        ...


class InvoiceStore(Protocol):
    """Invoices, which are made once and never change. Names are `billingAccounts/{account}/invoices/{period}`; times
    are Unix milliseconds by the store's clock, a span's end the first one after it.

    Every write is atomic and safe to repeat, by the same process or by another. All methods raise TollwayError
    REASON_STORE_UNAVAILABLE.
    """

    async def get(self, name: str) -> Resource:
        """An invoice. REASON_RESOURCE_NOT_FOUND."""
        ...

    async def list(self, account: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        """The heads of at most `limit` invoices of an account, in the order of names, after the name `after`."""
        ...

    async def begin(self, name: str, draft: bytes, *, from_ms: int) -> tuple[bytes | None, int]:
        """Begins to make an invoice, unless it was begun before, or the store's clock has not reached `from_ms`. Gives
        the draft that it was begun with, whoever began it, None where nobody did; and the store's time."""
        ...

    async def begun(self, name: str) -> tuple[bytes | None, int]:
        """The same without beginning anything."""
        ...

    async def spans(
        self, name: str, tenants: Sequence[str], start_ms: int, end_ms: int, *, keep: bool
    ) -> Sequence[Sequence[tuple[int, int]]]:
        """What an invoice bills of a span of tenants' time, for each tenant: all that no other invoice bills. With
        `keep` that is the invoice's from then on, and no other gets it."""
        ...

    async def seal(self, tenant: str, before_ms: int) -> None:
        """Sees to it that nothing more is booked in a tenant's ledger before a moment, whatever the store's clock does:
        if it is set back, what comes later is booked at that moment."""
        ...

    async def put(self, name: str, record: bytes, *, head: bytes) -> Resource:
        """Stores an invoice, and what listings show of it, where there is none yet; gives the one that is stored."""
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
