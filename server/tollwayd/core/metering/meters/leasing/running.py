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
    from tollwayd.core.metering.limits.limit import Limit
    from tollwayd.core.metering.meters.leasing.slice import Slice


class Running:
    """What a call has taken of slices, what it was granted last, its own reservation if nobody waits for it, and its
    booking if that waits for the reservation. Within its context it waits to be let through by others: what it has
    taken may have to go back yet.

    `slices` are those of the limits that it came with, in their order; None where the store has it.
    """

    __slots__ = ("attempt", "booked", "grants", "limits", "sent", "slices")

    def __init__(self, limits: Sequence[Limit], slices: list[Slice | None]) -> None:
        self.limits = limits
        self.slices = slices
        self.attempt = 0
        self.grants: Grants | None = None
        self.sent: asyncio.Future[Any] | None = None
        self.booked: asyncio.Future[None] | None = None

    def __enter__(self) -> None:
        for part in self.slices:
            if part:
                part.undecided += 1

    def __exit__(self, *error: object) -> None:
        for part in self.slices:
            if part:
                part.undecided -= 1

    def rest(self) -> list[Limit]:
        """The limits that the store has, or has to be asked for."""
        return [limit for limit, part in zip(self.limits, self.slices) if part is None]  # noqa: B905  # It takes time.

    def slices_of(self, limits: Sequence[Limit]) -> list[Slice | None]:
        """Those of other limits: of which it has a slice already, as they are the same."""
        taken = {limit.bucket: part for limit, part in zip(self.limits, self.slices, strict=True)}
        return [taken.get(limit.bucket) for limit in limits]

    def told(
        self, limits: Sequence[Limit], slices: Sequence[Slice | None], answer: Grants | Refusal | None, now: float
    ) -> Grants | Refusal:
        """What slices say of some limits, and the store of the rest, where it was asked."""
        granted = not isinstance(answer, Refusal)
        asked = iter(answer.standings if answer else ())
        standings = [
            part.stands(limit, limit.amount if granted else 0, now) if part else next(asked)
            for limit, part in zip(limits, slices)  # noqa: B905  # It takes time.
        ]
        if isinstance(answer, Refusal):
            places = [place for place, part in enumerate(slices) if part is None]
            return replace(answer, standings=standings, refused=[places[index] for index in answer.refused])
        return Grants(answer.now_ms if answer else self._first.now_ms(now), standings)

    def give_back(self) -> None:
        """Nothing is taken after all."""
        for limit, part in zip(self.limits, self.slices, strict=True):
            if part:
                part.settle(limit.amount, 0)

    def settle(self, charge: Charge) -> None:
        """The call has ended: the slices have what it used in the place of what it held."""
        for limit, part in zip(self.limits, self.slices):  # noqa: B905  # It takes time.
            if part:
                part.settle(limit.amount, used(limit, charge))

    @property
    def _first(self) -> Slice:
        """A slice of it, of which there is one at least."""
        for part in self.slices:
            if part:
                return part
        raise AssertionError

    @property
    def is_under_way(self) -> bool:
        """Whether its own reservation has no answer yet."""
        return self.sent is not None and not self.sent.done()

    @property
    def is_held(self) -> bool:
        """Whether the store holds the call: its own reservation, where there is one, has not failed."""
        return self.sent is None or (not self.sent.cancelled() and self.sent.exception() is None)
