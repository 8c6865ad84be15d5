"""What admits calls while the store is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.limits.limit import Grants, Refusal, Standing, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.limit import Limit, Reservation, Settlement
    from tollwayd.core.ports import Meter


class Fallback:
    """A `Meter` that, while the one behind it cannot be reached, judges each limit as its `store_error` says.

    Limits that say LOCAL are judged by `local`. A call that is admitted so has no hold: it is remembered until it is
    settled, and its settlement then brings the limits along.
    """

    def __init__(self, meter: Meter, local: Meter) -> None:
        self._meter = meter
        self._local = local
        self._unreserved: dict[tuple[str, str], Sequence[Limit]] = {}

    async def reserve(self, reservation: Reservation) -> Grants | Refusal:
        """Takes all of a call's limits or none. REASON_LIMITS_UNAVAILABLE where the store is away and one of them may
        not be judged without it."""
        try:
            return await self._meter.reserve(reservation)
        except TollwayError as error:
            if error.reason != Reason.REASON_STORE_UNAVAILABLE:
                raise
            for limit in reservation.limits:
                if limit.enforce and limit.store_error is StoreError.DENY:
                    raise TollwayError(Reason.REASON_LIMITS_UNAVAILABLE, metadata={"policy": limit.policy}) from error
        return await self._judge(reservation)

    def settle(self, settlement: Settlement) -> Awaitable[None]:
        unreserved = self._unreserved
        limits = unreserved.pop((settlement.tenant, settlement.call), None) if unreserved else None
        if limits is None:
            return self._meter.settle(settlement)
        self._local.settle(settlement)
        return self._meter.settle(replace(settlement, unreserved=(*(settlement.unreserved or ()), *limits)))

    def checkpoint(self, tenant: str, call: str, if_lost: Charge) -> None:
        self._meter.checkpoint(tenant, call, if_lost)

    async def _judge(self, reservation: Reservation) -> Grants | Refusal:
        judged = [index for index, limit in enumerate(reservation.limits) if limit.store_error is StoreError.LOCAL]
        answer = await self._local.reserve(replace(reservation, limits=[reservation.limits[index] for index in judged]))
        standings = _among(reservation.limits, judged, answer.standings)
        if isinstance(answer, Refusal):
            return replace(answer, standings=standings, refused=[judged[index] for index in answer.refused])
        if not reservation.dry:
            call = reservation.tenant, reservation.call
            self._unreserved[call] = _joined(self._unreserved.get(call, ()), reservation.limits)
        return replace(answer, standings=standings)


def _among(limits: Sequence[Limit], judged: Sequence[int], standings: Sequence[Standing]) -> Sequence[Standing]:
    """The standings of all limits: of those that were not judged, as if nothing were taken but by this call."""
    known = dict(zip(judged, standings, strict=True))
    return [known.get(index) or Standing(limit, limit.amount, limit.amount, 0) for index, limit in enumerate(limits)]


def _joined(before: Iterable[Limit], more: Iterable[Limit]) -> Sequence[Limit]:
    """Each bucket once: a reservation may be repeated, and a further attempt may name what the call has."""
    return [*{limit.bucket: limit for limit in (*before, *more)}.values()]
