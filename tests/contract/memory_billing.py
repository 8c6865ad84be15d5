"""An InvoiceStore and a Ledger in memory, with a clock that a test sets."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tollwayd.core.ports import Resource
from tollwayd.core.resource_errors import not_found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tollway.admin.v1.ledger_pb2 import LedgerEntry


class MemoryInvoiceStore:
    """Dictionaries by name; the time that is billed, moment by moment where spans overlap."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000
        self.sealed: dict[str, int] = {}
        self._drafts: dict[str, bytes] = {}
        self._stored: dict[str, tuple[bytes, bytes]] = {}
        self._billed: dict[str, list[tuple[int, int, str]]] = defaultdict(list)

    async def aclose(self) -> None:
        pass

    async def get(self, name: str) -> Resource:
        if name not in self._stored:
            raise not_found(name)
        return Resource(name, 1, self._stored[name][0])

    async def list(self, account: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        names = sorted(name for name in self._stored if name.startswith(f"{account}/") and name > after)
        return [Resource(name, 1, self._stored[name][1]) for name in names[:limit]]

    async def begin(self, name: str, draft: bytes, *, from_ms: int) -> tuple[bytes | None, int]:
        if self.now_ms >= from_ms:
            self._drafts.setdefault(name, draft)
        return await self.begun(name)

    async def begun(self, name: str) -> tuple[bytes | None, int]:
        return self._drafts.get(name), self.now_ms

    async def spans(
        self, name: str, tenants: Sequence[str], start_ms: int, end_ms: int, *, keep: bool
    ) -> Sequence[Sequence[tuple[int, int]]]:
        found = []
        for tenant in tenants:
            billed = self._billed[tenant]
            own = [(start, end) for start, end, holder in billed if holder == name]
            if not own:
                own = _without([(start_ms, end_ms)], [(start, end) for start, end, _ in billed])
                self._billed[tenant] += [(*span, name) for span in own] if keep else []
            found.append(own)
        return found

    async def seal(self, tenant: str, before_ms: int) -> None:
        self.sealed[tenant] = max(before_ms, self.sealed.get(tenant, 0))

    async def put(self, name: str, record: bytes, *, head: bytes) -> Resource:
        self._stored.setdefault(name, (record, head))
        return await self.get(name)


class MemoryLedger:
    """Entries by tenant, each with the millisecond at which it was booked."""

    def __init__(self) -> None:
        self.booked: dict[str, list[tuple[int, LedgerEntry]]] = defaultdict(list)

    async def entries(
        self, tenant: str, *, start_ms: int, end_ms: int, after: str = ""
    ) -> AsyncIterator[Sequence[LedgerEntry]]:
        for at_ms, entry in self.booked[tenant]:
            if start_ms <= at_ms < end_ms:
                yield [entry]


def _without(spans: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    for start, end in taken:
        parts = [part for first, last in spans for part in ((first, min(last, start)), (max(first, end), last))]
        spans = [(first, last) for first, last in parts if first < last]
    return spans
