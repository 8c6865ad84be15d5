"""Who is still of a tier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.policies_pb2 import Policy
from tollway.config.v1.records_pb2 import ApiKeyRecord
from tollwayd.admin.resources.references import MAX_SCANNED, first
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import id_of, tenant_of

if TYPE_CHECKING:
    from tollwayd.core.ports import Resource, ResourceStore

__all__ = ["require_unused"]

MAX_NAMED: Final = 10
"""Resources that a refusal names; who has more of them needs a listing."""


async def require_unused(store: ResourceStore, tier: str) -> None:
    """REASON_RESOURCE_IN_USE where API keys are of the tier or policies about it, naming them.

    A key that is written in the same moment may still come to be of a tier that is gone: its calls are then refused.
    """
    tier_id = id_of(tier)

    def is_of_it(stored: Resource) -> bool:
        return ApiKeyRecord.FromString(stored.record).api_key.tier == tier_id

    def is_about_it(stored: Resource) -> bool:
        return Policy.FromString(stored.record).subject.tier == tier_id

    for kind, fits, advice in (
        ("apiKeys", is_of_it, "Give these API keys another tier first."),
        ("policies", is_about_it, "Delete these policies first, or make them about something else."),
    ):
        users, all_seen = await first(store, kind, tenant_of(tier), fits, most=MAX_NAMED)
        if users:
            named = ", ".join(users[:MAX_NAMED])
            raise TollwayError(
                Reason.REASON_RESOURCE_IN_USE,
                f"The tier is in use by {named}. {advice}",
                metadata={"name": tier, kind: named},
            )
        if not all_seen:
            raise TollwayError(
                Reason.REASON_RESOURCE_IN_USE,
                f"The tenant has more than {MAX_SCANNED} {kind}, too many to tell that none is of the tier.",
                metadata={"name": tier},
            )
