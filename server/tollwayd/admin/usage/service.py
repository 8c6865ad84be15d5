"""UsageService."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from tollway.admin.v1.usage_pb2 import StreamUsageResponse
from tollwayd.admin.resources.names import require_name
from tollwayd.admin.usage.ledger_export import LedgerFiles, bodies
from tollwayd.admin.usage.ledger_reading import between, filtered, filtering, start_of
from tollwayd.admin.usage.ledger_search import LedgerSearch
from tollwayd.admin.usage.query import UsageQuery
from tollwayd.core.resource_names import TENANTS, id_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from google.api.httpbody_pb2 import HttpBody

    from tollway.admin.v1 import usage_pb2
    from tollway.admin.v1.ledger_pb2 import LedgerEntry
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.admin.usage.ledger_export import FileFormat
    from tollwayd.core.call import Call
    from tollwayd.core.ports import Ledger, ResourceStore, UsageStore

    Batches = AsyncGenerator[Sequence[LedgerEntry], None]

__all__ = ["UsageServicer"]


class UsageServicer:
    """`tollway.admin.v1.UsageService`."""

    def __init__(self, store: ResourceStore, tokens: PageTokens, ledger: Ledger, usage: UsageStore) -> None:
        self._store = store
        self._ledger = ledger
        self._query = UsageQuery(usage, tokens)
        self._search = LedgerSearch(ledger, tokens)
        self._files = LedgerFiles()

    async def QueryUsage(self, request: usage_pb2.QueryUsageRequest, _: Call) -> usage_pb2.QueryUsageResponse:
        require_name(TENANTS, request.parent)
        page = await self._query.page(request)
        if not page.rows:
            await self._require_tenant(request.parent)
        return page

    async def StreamUsage(self, request: usage_pb2.StreamUsageRequest, _: Call) -> AsyncIterator[StreamUsageResponse]:
        require_name(TENANTS, request.parent)
        lets_through = filtering(request.filter)
        await self._require_tenant(request.parent)
        booked = cast("Batches", self._ledger.follow(request.parent, after=request.last_entry))
        return _answers(filtered(booked, lets_through))

    async def SearchLedgerEntries(
        self, request: usage_pb2.SearchLedgerEntriesRequest, _: Call
    ) -> usage_pb2.SearchLedgerEntriesResponse:
        require_name(TENANTS, request.parent)
        page = await self._search.page(request)
        if not page.entries:
            await self._require_tenant(request.parent)
        return page

    async def ExportLedger(self, request: usage_pb2.ExportLedgerRequest, call: Call) -> AsyncIterator[HttpBody]:
        require_name(TENANTS, request.parent)
        form = self._files.form(request.format)
        lets_through = filtering(request.filter)
        entries = between(self._ledger, request, start_ms=start_of(request), after=request.last_entry)
        first = await anext(entries, None)
        if first is None:
            await self._require_tenant(request.parent)
        call.response_metadata["content-disposition"] = f'attachment; filename="{_file_name(request, form)}"'
        return bodies(form, filtered(_from_the_first(first, entries), lets_through))

    async def _require_tenant(self, name: str) -> None:
        """REASON_RESOURCE_NOT_FOUND: an empty answer would hide a wrong name. Where there is something to tell, it is
        told, though the tenant be gone."""
        await self._store.get(TENANTS, name)


async def _answers(batches: Batches) -> AsyncGenerator[StreamUsageResponse, None]:
    async with aclosing(batches):
        async for batch in batches:
            for entry in batch:
                yield StreamUsageResponse(entry=entry)


async def _from_the_first(first: Sequence[LedgerEntry] | None, rest: Batches) -> Batches:
    async with aclosing(rest):
        if first is not None:
            yield first
        async for batch in rest:
            yield batch


def _file_name(request: usage_pb2.ExportLedgerRequest, form: FileFormat) -> str:
    return f"ledger-{id_of(request.parent)}.{form.suffix}"
