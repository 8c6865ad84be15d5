"""How the counts of a policy stand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tollway.admin.v1.policies_pb2 import InspectPolicyResponse, PolicyCount
from tollwayd.admin.policies.verdicts import duration
from tollwayd.core.call import new_call_id
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Reservation
from tollwayd.core.resource_names import id_of, tenant_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.limits.limit import Limit, Standing
    from tollwayd.core.metering.policies.rules import LimitRule
    from tollwayd.core.ports import CountNames, Meter
    from tollwayd.core.snapshot import Snapshot

__all__ = ["Inspection"]

DEFAULT_COUNTS: Final = 50
MAX_COUNTS: Final = 500
"""As the proto says of `InspectPolicyRequest.max_counts`."""

MAX_LOOKED_AT: Final = 5_000
"""Counts of which the fullest are found."""

AT_ONCE: Final = 100
"""Counts that one script looks at: about a millisecond of the store's time."""

_MS_A_SECOND: Final = 1000


class Inspection:
    """Looks at counts with a meter, by a reservation of nothing that is dry."""

    def __init__(self, meter: Meter, counts: CountNames) -> None:
        self._meter = meter
        self._counts = counts

    async def of(self, snapshot: Snapshot, policy: str, most: int) -> InspectPolicyResponse:
        """The fullest counts of a policy by its name. REASON_STORE_UNAVAILABLE."""
        most = min(most or DEFAULT_COUNTS, MAX_COUNTS)
        tenant = tenant_of(policy)
        rule = snapshot.tenants[tenant].policies.limit_rule(id_of(policy)) if tenant in snapshot.tenants else None
        if rule is None:
            return InspectPolicyResponse()
        buckets, all_seen = await self._counts.beginning(tenant, rule.counts, MAX_LOOKED_AT)
        standings = await self._standings(tenant, rule, buckets)
        taken = sorted((each for each in standings if each.taken), key=lambda each: (-each.taken, each.limit.bucket))
        counts = [_count(standing) for standing in taken[:most]]
        return InspectPolicyResponse(counts=counts, partial=not all_seen or len(taken) > most)

    async def _standings(self, tenant: str, rule: LimitRule, buckets: Sequence[str]) -> Sequence[Standing]:
        now_ms = int(time.time() * _MS_A_SECOND)
        limits = [rule.look(bucket, now_ms) for bucket in buckets if _is_of(rule, bucket)]
        found: list[Standing] = []
        for start in range(0, len(limits), AT_ONCE):
            found += await self._look(tenant, limits[start : start + AT_ONCE])
        return found

    async def _look(self, tenant: str, limits: Sequence[Limit]) -> Sequence[Standing]:
        return (await self._meter.reserve(Reservation(tenant, new_call_id(), limits, NOTHING, dry=True))).standings


def _is_of(rule: LimitRule, bucket: str) -> bool:
    """Whether it is a count of this rule, and not of one whose window is a longer number."""
    return bucket.partition("|")[0] == rule.counts


def _count(standing: Standing) -> PolicyCount:
    return PolicyCount(
        bucket=standing.limit.bucket,
        limit=standing.limit.limit,
        taken=standing.taken,
        reset_delay=duration(standing.reset_ms),
    )
