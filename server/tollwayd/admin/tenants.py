"""TenantService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.tenants_pb2 import ListTenantsResponse, Tenant
from tollwayd.admin.resources.collection import Collection, no_rules
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.listing import Listing
from tollwayd.core.resource_names import TENANTS

if TYPE_CHECKING:
    from tollway.admin.v1 import tenants_pb2
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.call import Call
    from tollwayd.core.ports import ResourceStore

__all__ = ["TenantServicer"]

_KIND = Kind(TENANTS, "tenant", Tenant, Tenant, lambda record: record)


class TenantServicer:
    """`tollway.admin.v1.TenantService`."""

    def __init__(self, store: ResourceStore, tokens: PageTokens) -> None:
        self._tenants = Collection(store, _KIND, no_rules)
        self._listing = Listing(store, _KIND, tokens)

    async def CreateTenant(self, request: tenants_pb2.CreateTenantRequest, _: Call) -> Tenant:
        return await self._tenants.create(f"{TENANTS}/{request.tenant_id}", writable_copy(request.tenant))

    async def GetTenant(self, request: tenants_pb2.GetTenantRequest, _: Call) -> Tenant:
        return await self._tenants.get(request.name)

    async def ListTenants(self, request: tenants_pb2.ListTenantsRequest, _: Call) -> ListTenantsResponse:
        page = await self._listing.page("", request)
        return ListTenantsResponse(tenants=page.resources, next_page_token=page.next_page_token)

    async def UpdateTenant(self, request: tenants_pb2.UpdateTenantRequest, _: Call) -> Tenant:
        return await self._tenants.update(request.tenant, request.update_mask)

    async def DeleteTenant(self, request: tenants_pb2.DeleteTenantRequest, _: Call) -> Empty:
        await self._tenants.delete(request.name, request.etag, force=request.force)
        return Empty()
