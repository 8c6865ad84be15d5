"""The meter in memory: for one process, or for each replica by itself while the store is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.limits.algorithms import COUNTS
from tollwayd.core.metering.limits.holding import Held, Hold, used
from tollwayd.core.metering.limits.judgement import Judgement, admitted, refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.algorithms.count import Count
    from tollwayd.core.metering.limits.limit import Algorithm, Grants, Limit, Refusal, Reservation, Settlement

MOST_COUNTS: Final = 100_000
"""Counts that are kept, about 50 MB; who needs one more while all of them are in use is refused."""

FIRST_SWEEP: Final = 1_000
"""Counts from which on those are forgotten that nothing is taken of, each time that there are twice as many as then."""

BOOKED_MS: Final = 7 * 24 * 3_600_000
"""How long it is known of a call that it was booked without a hold, or as lost."""

_Call = tuple[str, str]


class LocalMeter:
    """A `Meter` that keeps limits and holds but no ledger: `book` is told of each charge, once.

    `now_ms` is the clock, Unix milliseconds. `replicas` tells by how many every limit is shared: each has an equal
    part, rounded down. With a `lease_ms`, a call of which nothing was heard for so long counts as lost; without, none.
    `book` gets the call's tenant and id, what it is charged, and what it was charged before, as lost, if it was.
    """

    def __init__(
        self,
        now_ms: Callable[[], int],
        *,
        replicas: Callable[[], int] = lambda: 1,
        lease_ms: int = 0,
        book: Callable[[str, str, Charge, Charge | None], None] = lambda *_: None,
    ) -> None:
        self._now_ms = now_ms
        self._replicas = replicas
        self._lease_ms = lease_ms
        self._book = book
        self._counts: dict[tuple[str, str, Algorithm, int], tuple[Count, Limit]] = {}
        self._sweep_at = FIRST_SWEEP
        self._holds: dict[_Call, Hold] = {}
        self._booked: dict[_Call, tuple[int, Hold | None]] = {}  # When, and as lost its hold; in the order of time.

    async def reserve(self, reservation: Reservation) -> Grants | Refusal:
        """Takes all of a call's limits or none. REASON_LIMITS_UNAVAILABLE where more is counted than there is room
        for; REASON_STORE_UNAVAILABLE where the call is booked already, as lost."""
        now = self._now_ms()
        self.expire(now)
        if len(self._counts) >= self._sweep_at:
            self._sweep(now)
        call = reservation.tenant, reservation.call
        hold = self._holds.get(call)
        if call in self._booked and not hold and not reservation.dry:
            raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)
        judged = [*self._judged(reservation, hold, now)]
        if by := [index for index, judgement in enumerate(judged) if judgement.refuses]:
            return refused(judged, by, now)
        if not reservation.dry:
            self._take(reservation, judged, now)
        return admitted(judged, now, dry=reservation.dry)

    def settle(self, settlement: Settlement) -> Awaitable[None]:
        now = self._now_ms()
        call = settlement.tenant, settlement.call
        if hold := self._holds.pop(call, None):
            self._end(call, hold, settlement, now)
        elif call in self._booked:
            self._correct(call, settlement, now)
        elif settlement.unreserved is not None:
            self._end(call, Hold(settlement.charge, 0), settlement, now)
        return _DONE

    def checkpoint(self, tenant: str, call: str, if_lost: Charge) -> None:
        if hold := self._holds.get((tenant, call)):
            hold.if_lost = if_lost
            hold.ends_ms = self._now_ms() + self._lease_ms

    def expire(self, now_ms: int) -> None:
        """Books the calls as lost whose leases have ended, and forgets what was booked long ago."""
        if self._lease_ms:
            for call in [call for call, hold in self._holds.items() if hold.ends_ms <= now_ms]:
                hold = self._holds.pop(call)
                self._charge(call[0], hold, hold.if_lost, now_ms)
                self._book(*call, hold.if_lost, None)
                self._booked[call] = now_ms, hold
        while self._booked and self._booked[oldest := next(iter(self._booked))][0] <= now_ms - BOOKED_MS:
            del self._booked[oldest]

    def _judged(self, reservation: Reservation, hold: Hold | None, now: int) -> Iterator[Judgement]:
        held = hold.held if hold else {}
        replicas = self._replicas()
        for limit in reservation.limits:
            share = _share(limit, replicas)
            yield Judgement(share, self._count(reservation.tenant, share), now, held.get(limit.bucket))

    def _take(self, reservation: Reservation, judged: Sequence[Judgement], now: int) -> None:
        hold = self._holds.setdefault((reservation.tenant, reservation.call), Hold(reservation.if_lost, 0))
        hold.if_lost = reservation.if_lost
        hold.ends_ms = now + self._lease_ms
        for one in judged:
            if not one.held:
                place = one.count.take(one.limit, now, one.granted)
                hold.held[one.limit.bucket] = Held(one.limit, place, one.granted, one.exceeded)

    def _end(self, call: _Call, hold: Hold, settlement: Settlement, now: int) -> None:
        for limit in settlement.unreserved or ():
            if limit.bucket not in hold.held:
                share = _share(limit, self._replicas())
                place = self._count(call[0], share).take(share, now, 0)
                hold.held[limit.bucket] = Held(share, place, 0, exceeded=False)
        self._charge(call[0], hold, settlement.charge, now)
        self._book(*call, settlement.charge, None)
        if settlement.unreserved is not None:
            self._booked[call] = now, None

    def _correct(self, call: _Call, settlement: Settlement, now: int) -> None:
        """Puts the true charge in the place of what was booked when the call was lost, if it was."""
        _, lost = self._booked.pop(call)
        if lost:
            self._charge(call[0], lost, settlement.charge, now)
            self._book(*call, settlement.charge, lost.if_lost)
        self._booked[call] = now, None

    def _charge(self, tenant: str, hold: Hold, charge: Charge, now: int) -> None:
        """Puts what is used in the place of what was taken."""
        for held in hold.held.values():
            charged = used(held.limit, charge)
            self._count(tenant, held.limit).settle(held.limit, now, held.place, held.amount, charged)
            held.amount = charged

    def _count(self, tenant: str, limit: Limit) -> Count:
        key = tenant, limit.bucket, limit.algorithm, limit.window_ms
        if (known := self._counts.get(key)) is None:
            known = self._counts[key] = COUNTS[limit.algorithm](), limit
        return known[0]

    def _sweep(self, now: int) -> None:
        self._counts = {key: (count, limit) for key, (count, limit) in self._counts.items() if count.taken(limit, now)}
        if len(self._counts) >= MOST_COUNTS:
            raise TollwayError(Reason.REASON_LIMITS_UNAVAILABLE)
        self._sweep_at = min(MOST_COUNTS, max(FIRST_SWEEP, 2 * len(self._counts)))


class _Done:
    """What has been done already, for those who await it."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_DONE: Final = _Done()


def _share(limit: Limit, replicas: int) -> Limit:
    if replicas == 1:
        return limit
    return replace(limit, limit=limit.limit // replicas, burst=limit.burst // replicas)
