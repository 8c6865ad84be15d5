"""ProviderService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.providers_pb2 import ListProvidersResponse, Provider, TestProviderResponse
from tollway.config.v1.records_pb2 import ProviderRecord
from tollwayd.admin.providers.use import require_unused
from tollwayd.admin.resources.collection import Collection
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.listing import Listing
from tollwayd.core.resource_names import child_name

if TYPE_CHECKING:
    from tollway.admin.v1 import providers_pb2
    from tollwayd.admin.providers.probe import ProviderProbe
    from tollwayd.admin.providers.rules import ProviderRules
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.call import Call
    from tollwayd.core.ports import ResourceStore

__all__ = ["ProviderServicer"]

_KIND = Kind("providers", "provider", ProviderRecord, Provider, lambda record: record.provider)


class ProviderServicer:
    """`tollway.admin.v1.ProviderService`. Credentials are stored sealed, and shown as masks."""

    def __init__(self, store: ResourceStore, tokens: PageTokens, rules: ProviderRules, probe: ProviderProbe) -> None:
        self._store = store
        self._providers = Collection(store, _KIND, rules.admit)
        self._listing = Listing(store, _KIND, tokens)
        self._probe = probe

    async def CreateProvider(self, request: providers_pb2.CreateProviderRequest, _: Call) -> Provider:
        name = child_name(request.parent, _KIND.name, request.provider_id)
        return await self._providers.create(name, ProviderRecord(provider=writable_copy(request.provider)))

    async def GetProvider(self, request: providers_pb2.GetProviderRequest, _: Call) -> Provider:
        return await self._providers.get(request.name)

    async def ListProviders(self, request: providers_pb2.ListProvidersRequest, _: Call) -> ListProvidersResponse:
        page = await self._listing.page(request.parent, request)
        return ListProvidersResponse(providers=page.resources, next_page_token=page.next_page_token)

    async def UpdateProvider(self, request: providers_pb2.UpdateProviderRequest, _: Call) -> Provider:
        return await self._providers.update(request.provider, request.update_mask)

    async def DeleteProvider(self, request: providers_pb2.DeleteProviderRequest, _: Call) -> Empty:
        await self._providers.get(request.name)
        await require_unused(self._store, request.name)
        await self._providers.delete(request.name, request.etag)
        return Empty()

    async def TestProvider(self, request: providers_pb2.TestProviderRequest, _: Call) -> TestProviderResponse:
        return await self._probe.probe(await self._providers.read(request.name))
