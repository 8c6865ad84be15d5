"""Who still needs a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.models_pb2 import Model
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import id_of, tenant_of

if TYPE_CHECKING:
    from tollwayd.core.ports import ResourceStore

__all__ = ["require_unused"]

MAX_NAMED: Final = 10
"""Models that a refusal names; who has more of them needs a listing."""

BATCH: Final = 250
"""Models read at once: between two batches other calls get their turn."""

MAX_SCANNED: Final = 10_000
"""Models that are looked at. A tenant with more keeps its providers until it has fewer models, rather than that one
call reads without end."""


async def require_unused(store: ResourceStore, provider: str) -> None:
    """REASON_RESOURCE_IN_USE where models of the tenant have the provider among their targets, naming them.

    A model that is written in the same moment may still come to point at nothing: its target is then not tried.
    """
    users, all_seen = await _users(store, provider)
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


async def _users(store: ResourceStore, provider: str) -> tuple[list[str], bool]:
    """The first models that use a provider, and whether all models were looked at for them."""
    users: list[str] = []
    after = ""
    for _ in range(MAX_SCANNED // BATCH):
        batch = await store.list("models", tenant_of(provider), after=after, limit=BATCH)
        models = [Model.FromString(stored.record) for stored in batch]
        users += [model.name for model in models if _uses(model, id_of(provider))]
        if len(batch) < BATCH:
            return users, True
        if len(users) >= MAX_NAMED:
            break
        after = batch[-1].name
    return users, False


def _uses(model: Model, provider_id: str) -> bool:
    return any(target.provider == provider_id for target in model.targets)
