"""The thresholds that budgets have reached, followed as they are."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from tollwayd.core.metering.limits.reached import Reached
from tollwayd.core.metering.unit import Unit
from tollwayd.state.metering import keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tollwayd.state.metering.followers import Followers


class RedisPolicyEvents:
    """A `PolicyEvents` over a stream for each tenant."""

    def __init__(self, followers: Followers) -> None:
        self._followers = followers

    async def follow(self, tenant: str, *, after: str = "") -> AsyncIterator[Sequence[tuple[str, Reached]]]:
        """As the port says."""
        async with aclosing(self._followers.follow(keys.events(tenant), after)) as following:
            async for raw in following:
                yield [(place.decode(), _reached(tenant, fields)) for place, fields in raw]


def _reached(tenant: str, fields: dict[bytes, bytes]) -> Reached:
    names = (b"threshold", b"limit", b"settled", b"start", b"window")
    threshold, limit, settled, start_ms, window_ms = (int(fields[name]) for name in names)
    bucket, unit = fields[b"bucket"].decode(), Unit(int(fields[b"unit"]))
    return Reached(tenant, bucket, unit, threshold, limit, settled, start_ms, start_ms + window_ms)
