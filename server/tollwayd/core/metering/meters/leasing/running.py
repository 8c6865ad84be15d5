"""A call that was admitted by slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tollwayd.core.metering.limits.holding import used
from tollwayd.core.metering.limits.limit import Grants, Refusal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Limit, Standing
    from tollwayd.core.metering.meters.leasing.slice import Slice


class Running:
    """What a call has taken of slices, what it was granted last, its own reservation if nobody waits for it, and its
    booking if that waits for the reservation. Within its context it waits to be let through by others: what it has
    taken may have to go back yet."""

    __slots__ = ("attempt", "booked", "grants", "sent", "takes")

    def __init__(self) -> None:
        self.takes: dict[str, tuple[Slice, Limit]] = {}  # By bucket, the slice and the limit with the amount.
        self.attempt = 0
        self.grants: Grants | None = None
        self.sent: asyncio.Future[Any] | None = None
        self.booked: asyncio.Future[None] | None = None

    def __enter__(self) -> None:
        for part, _ in self.takes.values():
            part.undecided += 1

    def __exit__(self, *error: object) -> None:
        for part, _ in self.takes.values():
            part.undecided -= 1

    def rest(self, limits: Sequence[Limit]) -> Sequence[Limit]:
        """The limits that no slice admits it by."""
        return [limit for limit in limits if limit.bucket not in self.takes]

    def told(self, limits: Sequence[Limit], answer: Grants | Refusal | None, now: float) -> Grants | Refusal:
        """What the slices say, and the store of the rest, where it was asked."""
        granted = not isinstance(answer, Refusal)
        asked = iter(answer.standings if answer else ())
        standings: list[Standing] = []
        places: list[int] = []  # Of the limits that the store was asked about.
        for place, limit in enumerate(limits):
            if take := self.takes.get(limit.bucket):
                standings.append(take[0].stands(limit, limit.amount if granted else 0, now))
            else:
                standings.append(next(asked))
                places.append(place)
        if isinstance(answer, Refusal):
            return replace(answer, standings=standings, refused=[places[index] for index in answer.refused])
        return Grants(answer.now_ms if answer else self._now_ms(now), standings)

    def _now_ms(self, now: float) -> int:
        return max(part.now_ms(now) for part, _ in self.takes.values())

    def give_back(self) -> None:
        """Nothing is taken after all."""
        for part, limit in self.takes.values():
            part.settle(limit.amount, 0)

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
