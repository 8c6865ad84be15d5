"""A call that nobody makes: what is known of it, from the request that asks what would become of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from tollway.config.v1.records_pb2 import ApiKeyRecord
from tollwayd.admin.policies.access_rules import proxy_methods
from tollwayd.admin.policies.rules import check_policy, check_policy_references
from tollwayd.admin.resources.field_behavior import check_resource, writable_copy
from tollwayd.admin.resources.references import missing, require
from tollwayd.core.errors import Reason, TollwayError, invalid_field
from tollwayd.core.metering.policies.compiling import compile_policy
from tollwayd.core.metering.policies.facts import Facts
from tollwayd.core.resource_errors import not_found
from tollwayd.core.resource_names import child_name, id_of, kind_of, tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollway.admin.v1.api_keys_pb2 import ApiKey
    from tollway.admin.v1.policies_pb2 import DryRunRequest, Policy
    from tollwayd.core.metering.policies.policy_set import PolicySet
    from tollwayd.core.ports import ResourceStore
    from tollwayd.core.snapshot import Snapshot, Tenant

__all__ = ["DryCall", "read_call"]

METHOD: Final = "tollway.proxy.v1.OpenAIService/CreateChatCompletion"
"""As the proto says of `DryRunRequest.method`."""

NOT_STORED: Final = ""
"""The id of a policy that is not stored: none that is has it, so it meets no count of another."""


@dataclass(frozen=True, slots=True)
class DryCall:
    """`asked` is None where it names no number of output tokens."""

    tenant: Tenant
    policies: PolicySet
    key: ApiKey
    facts: Facts
    input_tokens: int
    asked: int | None

    def barred(self) -> TollwayError | None:
        """What its key is refused for, whatever the policies say."""
        key = self.key
        if self.tenant.disabled or key.disabled:
            return TollwayError(Reason.REASON_CREDENTIAL_DISABLED)
        if key.HasField("expire_time") and key.expire_time.ToNanoseconds() <= time.time_ns():
            return TollwayError(Reason.REASON_CREDENTIAL_EXPIRED)
        if key.allowed_models and self.facts.model not in key.allowed_models:
            return TollwayError(Reason.REASON_MODEL_NOT_ALLOWED)
        return None


async def read_call(store: ResourceStore, snapshot: Snapshot, request: DryRunRequest) -> DryCall:
    """REASON_RESOURCE_NOT_FOUND, REASON_REFERENCE_NOT_FOUND, REASON_FIELD_INVALID, each for what of it cannot be."""
    tenant = snapshot.tenants.get(request.parent)
    if tenant is None:
        raise not_found(request.parent)
    key = await _api_key(store, request)
    if request.model not in tenant.models:
        raise missing("model", "model of this public name", request.model)
    policies = tenant.policies
    if request.HasField("policy"):
        policies = await _trying(store, policies, request)
    return DryCall(
        tenant,
        policies,
        key,
        _facts(request, key),
        request.input_tokens,
        request.max_output_tokens or None,
    )


async def _api_key(store: ResourceStore, request: DryRunRequest) -> ApiKey:
    name = child_name(request.parent, "apiKeys", request.api_key)
    await require(store, name, field="apiKey", noun="API key of this id")
    return ApiKeyRecord.FromString((await store.get("apiKeys", name)).record).api_key


def _facts(request: DryRunRequest, key: ApiKey) -> Facts:
    method = request.method or METHOD
    if method not in proxy_methods():
        raise invalid_field("method", f"is no method of the Proxy API; these are: {', '.join(sorted(proxy_methods()))}")
    if request.ip_address:
        _check_address(request.ip_address)
    says = _Everywhere(request.user)
    return Facts(request.api_key, request.model, method, request.ip_address, frozenset(key.groups), key.tier, says)


def _check_address(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        raise invalid_field("ipAddress", "is no address; write one such as 203.0.113.7 or 2001:db8::1") from None


async def _trying(store: ResourceStore, policies: PolicySet, request: DryRunRequest) -> PolicySet:
    """The policies with the one that is tried."""
    name = request.policy.name
    if name and (kind_of(name) != "policies" or tenant_of(name) != request.parent):
        raise invalid_field("policy.name", f"is no policy of the tenant; write {request.parent}/policies/, and its id")
    policy: Policy = writable_copy(request.policy)
    check_resource(policy, "policy")
    check_policy("policy", policy)
    await check_policy_references(store, request.parent, "policy", None, policy)
    return policies.trying(compile_policy(id_of(name) if name else NOT_STORED, policy.subject, policy))


class _Everywhere(Mapping[str, str]):
    """A user who is named by whatever header is looked at."""

    def __init__(self, user: str) -> None:
        self._user = user

    def __getitem__(self, _name: str) -> str:
        return self._user

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
