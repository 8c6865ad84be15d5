"""What one reservation takes of slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tollwayd.core.metering.limits.limit import Grants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tollwayd.core.metering.limits.limit import Limit, Refusal, Reservation, Standing
    from tollwayd.core.metering.meters.leasing.slice import Slice

Takes = dict[str, tuple["Slice", "Limit"]]
"""By bucket, the slice that was taken of, and the limit with the amount."""


class Taking:
    """What one reservation takes: `new` of slices, beside what the call has, `held`, and the rest of the store."""

    __slots__ = ("held", "limits", "new")

    def __init__(self, reservation: Reservation, held: Mapping[str, tuple[Slice, Limit]]) -> None:
        self.limits = reservation.limits
        self.held = held
        self.new: Takes = {}

    def part(self, limit: Limit) -> Slice | None:
        """The slice that admits the call by a limit."""
        take = self.new.get(limit.bucket) or self.held.get(limit.bucket)
        return take[0] if take else None

    @property
    def rest(self) -> Sequence[Limit]:
        """The limits that no slice admits by."""
        return [limit for limit in self.limits if not self.part(limit)]

    def give_back(self) -> None:
        """Nothing is taken after all."""
        for part, limit in self.new.values():
            part.settle(limit.amount, 0)

    def granted(self, answer: Grants | None, now: float) -> Grants:
        """The call is admitted: by the store, where it was asked, and by slices."""
        standings = self._standings(answer, now, granted=True)
        if answer:
            return replace(answer, standings=standings)
        return Grants(max(part.now_ms(now) for part, _ in (*self.held.values(), *self.new.values())), standings)

    def refused(self, answer: Refusal, now: float) -> Refusal:
        """The store refuses the call."""
        places = [index for index, limit in enumerate(self.limits) if not self.part(limit)]
        standings = self._standings(answer, now, granted=False)
        return replace(answer, standings=standings, refused=[places[index] for index in answer.refused])

    def _standings(self, answer: Grants | Refusal | None, now: float, *, granted: bool) -> Sequence[Standing]:
        asked = iter(answer.standings if answer else ())
        return [
            part.stands(limit, limit.amount if granted else 0, now) if (part := self.part(limit)) else next(asked)
            for limit in self.limits
        ]
