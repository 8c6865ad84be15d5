"""A call that was admitted by slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tollwayd.core.metering.limits.holding import used

if TYPE_CHECKING:
    import asyncio

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Grants
    from tollwayd.core.metering.meters.leasing.taking import Takes


class Running:
    """What a call has taken of slices, what it was granted last, its own reservation if nobody waits for it, and its
    booking if that waits for the reservation."""

    __slots__ = ("attempt", "booked", "grants", "sent", "takes")

    def __init__(self) -> None:
        self.attempt = -1
        self.grants: Grants | None = None
        self.takes: Takes = {}
        self.sent: asyncio.Future[Any] | None = None
        self.booked: asyncio.Future[None] | None = None

    def add(self, attempt: int, takes: Takes, grants: Grants) -> None:
        """An attempt was admitted, of some limits by slices."""
        self.attempt = attempt
        self.grants = grants
        self.takes |= takes

    def settle(self, charge: Charge) -> None:
        """The call has ended: the slices have what it used in the place of what it held."""
        for part, limit in self.takes.values():
            part.settle(limit.amount, used(limit, charge))

    @property
    def is_under_way(self) -> bool:
        """Whether its own reservation has no answer yet."""
        return self.sent is not None and not self.sent.done()

    @property
    def is_held(self) -> bool:
        """Whether the store holds the call: its own reservation, where there is one, has not failed."""
        return self.sent is None or (not self.sent.cancelled() and self.sent.exception() is None)
