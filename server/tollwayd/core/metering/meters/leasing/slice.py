"""One slice of a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.charge import Charge, Counts
from tollwayd.core.metering.limits.limit import Algorithm, Standing
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Grants, Limit

LONGEST_SECONDS: Final = 10.0
"""How long a slice is used at most: two clocks that run differently by 0.01 % are then 1 ms apart."""

MARGIN_SECONDS: Final = 0.002
"""A slice is put down so long before its time is over: for that difference, and for milliseconds being rounded."""


class Slice:
    """What a process has reserved of a limit under a call id of its own, and what is taken of that.

    `sent` is when that was asked for, by the process's clock: no later than the store did it. A call that is admitted
    by the slice counts as if it had been admitted then, which may make a difference only within the same window, or
    the same part of a sliding one; after `until`, it is not used.
    """

    __slots__ = (
        "_leaks",
        "_now_ms",
        "amount",
        "call",
        "limit",
        "running",
        "sent",
        "standing",
        "taken",
        "told",
        "undecided",
        "until",
        "used_at",
    )

    def __init__(self, call: str, grants: Grants, sent: float) -> None:
        standing = grants.standings[0]
        self._now_ms = grants.now_ms
        self.call = call
        self.limit = standing.limit
        self._leaks = standing.limit.algorithm is Algorithm.BUCKET
        self.standing = standing
        self.amount = standing.granted
        self.taken = 0
        self.running = 0
        self.undecided = 0  # Calls among these that others may refuse yet.
        self.sent = self.told = self.used_at = sent
        self.until = sent + min(LONGEST_SECONDS, _lasts_ms(standing) / 1_000) - MARGIN_SECONDS

    def left(self, now: float) -> int:
        """What can be taken of it."""
        if now >= self.until:
            return 0
        left = self.amount - self.taken
        if self._leaks:
            # The store's bucket has been filling since; what is taken now it would have to be empty of now.
            left -= -(-int((now - self.sent) * 1_000 + 1) * self.limit.limit // self.limit.window_ms)
        return left

    def take(self, amount: int, now: float) -> bool:
        """Takes of it, for a call; says whether there was as much."""
        if now >= self.until or self.amount - self.taken < amount or (self._leaks and self.left(now) < amount):
            return False
        self.taken += amount
        self.running += 1
        self.used_at = now
        return True

    def settle(self, held: int, used: int) -> None:
        """A call has ended: puts what it used in the place of what it held."""
        self.taken += used - held
        self.running -= 1

    def stands(self, limit: Limit, granted: int, now: float) -> Standing:
        """How the limit stands for a call that this slice admitted, as far as the process knows."""
        taken = self.standing.taken - self.amount + self.taken
        passed = int((now - self.sent) * 1_000)
        return Standing(limit, granted, taken, max(0, self.standing.reset_ms - passed), self.standing.exceeded)

    def now_ms(self, now: float) -> int:
        """The store's clock, Unix milliseconds."""
        return self._now_ms + int((now - self.sent) * 1_000)

    def charge(self) -> Charge:
        """What was taken of it, as a charge."""
        return charge_of(self.limit.unit, self.taken)

    def whole(self) -> Charge:
        """All of it, as a charge."""
        return charge_of(self.limit.unit, max(self.taken, self.amount))


def charge_of(unit: Unit, amount: int) -> Charge:
    """A charge of an amount in one unit, with nothing to be booked."""
    match unit:
        case Unit.REQUESTS:
            return Charge(requests=amount)
        case Unit.OUTPUT_TOKENS:
            return Charge(Counts(output=amount), requests=0)
        case Unit.COST:
            return Charge(cost=amount, requests=0)
        case _:
            return Charge(Counts(input=amount), requests=0)


def _lasts_ms(standing: Standing) -> int:
    """For how long what is taken now counts as if it had been taken with the slice."""
    match standing.limit.algorithm:
        case Algorithm.FIXED | Algorithm.CALENDAR:
            return standing.reset_ms
        case Algorithm.SLIDING:
            return standing.reset_ms - standing.limit.window_ms
        case Algorithm.BUCKET:
            return standing.limit.window_ms
        case Algorithm.CONCURRENCY:
            return 0
