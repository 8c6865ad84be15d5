"""TierService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.tiers_pb2 import ListTiersResponse, Tier
from tollwayd.admin.policies.defaults import complete
from tollwayd.admin.policies.rules import check_rule, require_rule_models
from tollwayd.admin.policies.tier_use import require_unused
from tollwayd.admin.resources.collection import Collection
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.listing import Listing
from tollwayd.core.errors import invalid_field
from tollwayd.core.resource_names import child_name, tenant_of

if TYPE_CHECKING:
    from tollway.admin.v1 import tiers_pb2
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.call import Call
    from tollwayd.core.ports import ResourceStore

__all__ = ["TierServicer"]

_KIND = Kind("tiers", "tier", Tier, Tier, lambda record: record)


class TierServicer:
    """`tollway.admin.v1.TierService`."""

    def __init__(self, store: ResourceStore, tokens: PageTokens) -> None:
        self._store = store
        self._tiers = Collection(store, _KIND, self._rules)
        self._listing = Listing(store, _KIND, tokens)

    async def CreateTier(self, request: tiers_pb2.CreateTierRequest, _: Call) -> Tier:
        name = child_name(request.parent, _KIND.name, request.tier_id)
        return await self._tiers.create(name, writable_copy(request.tier))

    async def GetTier(self, request: tiers_pb2.GetTierRequest, _: Call) -> Tier:
        return await self._tiers.get(request.name)

    async def ListTiers(self, request: tiers_pb2.ListTiersRequest, _: Call) -> ListTiersResponse:
        page = await self._listing.page(request.parent, request)
        return ListTiersResponse(tiers=page.resources, next_page_token=page.next_page_token)

    async def UpdateTier(self, request: tiers_pb2.UpdateTierRequest, _: Call) -> Tier:
        return await self._tiers.update(request.tier, request.update_mask)

    async def DeleteTier(self, request: tiers_pb2.DeleteTierRequest, _: Call) -> Empty:
        await self._tiers.get(request.name)
        await require_unused(self._store, request.name)
        await self._tiers.delete(request.name, request.etag)
        return Empty()

    async def _rules(self, before: Tier | None, after: Tier) -> str:
        earlier_rules = {rule.id: rule for rule in before.rules} if before else {}
        seen: dict[str, int] = {}
        for position, rule in enumerate(after.rules):
            path = f"tier.rules[{position}]"
            if (earlier := seen.setdefault(rule.id, position)) != position:
                raise invalid_field(f"{path}.id", f"is that of rules[{earlier}] too; write another")
            check_rule(path, rule)
            # A model that is gone must not keep the tier from being changed otherwise.
            await require_rule_models(self._store, tenant_of(after.name), path, earlier_rules.get(rule.id), rule)
            complete(rule)
        return ""
