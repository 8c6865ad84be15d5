"""Who still needs a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.models_pb2 import Model
from tollwayd.admin.resources.references import MAX_SCANNED, first
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import id_of, tenant_of

if TYPE_CHECKING:
    from tollwayd.core.ports import Resource, ResourceStore

__all__ = ["require_unused"]

MAX_NAMED: Final = 10
"""Models that a refusal names; who has more of them needs a listing."""


async def require_unused(store: ResourceStore, provider: str) -> None:
    """REASON_RESOURCE_IN_USE where models of the tenant have the provider among their targets, naming them.

    A model that is written in the same moment may still come to point at nothing: its target is then not tried.
    """
    provider_id = id_of(provider)
    users, all_seen = await first(
        store, "models", tenant_of(provider), lambda stored: _uses(stored, provider_id), most=MAX_NAMED
    )
    if users:
        named = ", ".join(users[:MAX_NAMED])
        raise TollwayError(
            Reason.REASON_RESOURCE_IN_USE,
            f"The provider is a target of {named}. Give these models other targets first.",
            metadata={"name": provider, "models": named},
        )
    if not all_seen:
        raise TollwayError(
            Reason.REASON_RESOURCE_IN_USE,
            f"The tenant has more than {MAX_SCANNED} models, too many to tell that none uses the provider.",
            metadata={"name": provider},
        )


def _uses(stored: Resource, provider_id: str) -> bool:
    return any(target.provider == provider_id for target in Model.FromString(stored.record).targets)
