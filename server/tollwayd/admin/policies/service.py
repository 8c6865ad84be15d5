"""PolicyService."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.policies_pb2 import DryRunResponse, InspectPolicyResponse, ListPoliciesResponse, Policy
from tollwayd.admin.policies.defaults import complete
from tollwayd.admin.policies.dry_call import read_call
from tollwayd.admin.policies.dry_run import DryRun
from tollwayd.admin.policies.events import answers
from tollwayd.admin.policies.inspection import Inspection
from tollwayd.admin.policies.rules import check_kind, check_policy, check_policy_references
from tollwayd.admin.resources.collection import Collection
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.listing import Listing
from tollwayd.admin.resources.names import require_name
from tollwayd.core.resource_names import TENANTS, child_name, tenant_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tollway.admin.v1 import policies_pb2
    from tollway.admin.v1.policies_pb2 import StreamPolicyEventsResponse
    from tollwayd.admin.policies.events import Batches
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.call import Call
    from tollwayd.core.current import Current
    from tollwayd.core.ports import CountNames, Meter, PolicyEvents, ResourceStore

__all__ = ["Counted", "PolicyServicer"]

_KIND = Kind("policies", "policy", Policy, Policy, lambda record: record)


class Counted(NamedTuple):
    """What policies count by, and what comes of it."""

    meter: Meter
    counts: CountNames
    events: PolicyEvents


class PolicyServicer:
    """`tollway.admin.v1.PolicyService`."""

    def __init__(self, store: ResourceStore, tokens: PageTokens, current: Current, counted: Counted) -> None:
        self._store = store
        self._current = current
        self._dry_run = DryRun(counted.meter)
        self._inspection = Inspection(counted.meter, counted.counts)
        self._events = counted.events
        self._policies = Collection(store, _KIND, self._rules)
        self._listing = Listing(store, _KIND, tokens)

    async def CreatePolicy(self, request: policies_pb2.CreatePolicyRequest, _: Call) -> Policy:
        name = child_name(request.parent, _KIND.name, request.policy_id)
        return await self._policies.create(name, writable_copy(request.policy))

    async def GetPolicy(self, request: policies_pb2.GetPolicyRequest, _: Call) -> Policy:
        return await self._policies.get(request.name)

    async def ListPolicies(self, request: policies_pb2.ListPoliciesRequest, _: Call) -> ListPoliciesResponse:
        page = await self._listing.page(request.parent, request)
        return ListPoliciesResponse(policies=page.resources, next_page_token=page.next_page_token)

    async def UpdatePolicy(self, request: policies_pb2.UpdatePolicyRequest, _: Call) -> Policy:
        return await self._policies.update(request.policy, request.update_mask)

    async def DeletePolicy(self, request: policies_pb2.DeletePolicyRequest, _: Call) -> Empty:
        await self._policies.delete(request.name, request.etag)
        return Empty()

    async def InspectPolicy(self, request: policies_pb2.InspectPolicyRequest, _: Call) -> InspectPolicyResponse:
        await self._policies.get(request.name)
        return await self._inspection.of(self._current.snapshot, request.name, request.max_counts)

    async def StreamPolicyEvents(
        self, request: policies_pb2.StreamPolicyEventsRequest, _: Call
    ) -> AsyncIterator[StreamPolicyEventsResponse]:
        require_name(TENANTS, request.parent)
        await self._store.get(TENANTS, request.parent)
        return answers(cast("Batches", self._events.follow(request.parent, after=request.last_event)))

    async def DryRun(self, request: policies_pb2.DryRunRequest, _: Call) -> DryRunResponse:
        return await self._dry_run.judge(await read_call(self._store, self._current.snapshot, request))

    async def _rules(self, before: Policy | None, after: Policy) -> str:
        check_policy("policy", after)
        check_kind("policy", before, after)
        await check_policy_references(self._store, tenant_of(after.name), "policy", before, after)
        complete(after)
        return ""
