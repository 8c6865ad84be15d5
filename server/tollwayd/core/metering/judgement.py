"""One limit of a call, before it is decided whether the call is admitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.metering.limit import Algorithm, Grants, Refusal, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.algorithms.count import Count
    from tollwayd.core.metering.holding import Held
    from tollwayd.core.metering.limit import Limit


class Judgement:
    """What one limit says to a call. `held` is what the call has of it from before: then it is not asked for again."""

    __slots__ = ("count", "exceeded", "granted", "held", "limit")

    def __init__(self, limit: Limit, count: Count, now_ms: int, held: Held | None) -> None:
        self.limit = limit
        self.count = count
        self.held = held
        left = most(limit) - count.taken(limit, now_ms)
        self.exceeded = held is None and left < limit.least
        self.granted = held.amount if held else _granted(limit, left)

    @property
    def refuses(self) -> bool:
        """Whether the call is refused for it."""
        return self.exceeded and self.limit.enforce

    def standing(self, now_ms: int) -> Standing:
        """How the limit stands now."""
        taken = self.count.taken(self.limit, now_ms)
        return Standing(self.limit, self.granted, taken, self.count.reset_ms(self.limit, now_ms), self.exceeded)

    def wait_ms(self, now_ms: int) -> int | None:
        """In how many milliseconds the least that is asked for may be left; None where that never comes or nobody
        knows."""
        if self.limit.least > most(self.limit):
            return None
        room = self.count.taken(self.limit, now_ms) + self.limit.least - most(self.limit)
        return self.count.wait_ms(self.limit, now_ms, room)


def most(limit: Limit) -> int:
    """The most that can be taken of a limit at one time."""
    return limit.burst if limit.algorithm is Algorithm.BUCKET else limit.limit


def _granted(limit: Limit, left: int) -> int:
    """All that is wanted or, where that is enough, what is left. A limit that only observes makes no call smaller."""
    return left if limit.enforce and limit.least <= left < limit.amount else limit.amount


def admitted(judged: Sequence[Judgement], now_ms: int) -> Grants:
    """The call has what was judged."""
    return Grants(now_ms, [judgement.standing(now_ms) for judgement in judged])


def refused(judged: Sequence[Judgement], by: Sequence[int], now_ms: int) -> Refusal:
    """The call is refused by those of these indexes."""
    waits = [judged[index].wait_ms(now_ms) for index in by]
    known = [wait for wait in waits if wait is not None]
    retry = max(known) if len(known) == len(waits) else None
    standings = [judgement.standing(now_ms) for judgement in judged]
    return Refusal(now_ms, [_ungranted(standing) for standing in standings], by, retry)


def _ungranted(standing: Standing) -> Standing:
    return Standing(standing.limit, 0, standing.taken, standing.reset_ms, standing.exceeded)
