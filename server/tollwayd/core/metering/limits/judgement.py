"""One limit of a call, before it is decided whether the call is admitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.metering.limits.limit import Algorithm, Grants, Refusal, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.limits.algorithms.count import Count
    from tollwayd.core.metering.limits.holding import Held
    from tollwayd.core.metering.limits.limit import Limit


class Judgement:
    """What one limit says to a call. What the call has, `held`, it is not asked for again: from an attempt before, or
    because the same is asked again."""

    __slots__ = ("count", "exceeded", "granted", "held", "limit")

    def __init__(self, limit: Limit, count: Count, now_ms: int, held: Held | None) -> None:
        self.limit = limit
        self.count = count
        self.held = held
        left = most(limit) - count.taken(limit, now_ms)
        self.exceeded = held.exceeded if held else left < limit.least
        self.granted = held.amount if held else _granted(limit, left)

    @property
    def refuses(self) -> bool:
        """Whether the call is refused for it."""
        return self.exceeded and self.limit.enforce and not self.held

    @property
    def more(self) -> int:
        """What has to be taken for the call."""
        return 0 if self.held else self.granted

    def standing(self, now_ms: int, granted: int, more: int = 0) -> Standing:
        """How the limit stands now, with `more` taken than is."""
        taken = self.count.taken(self.limit, now_ms) + more
        return Standing(self.limit, granted, taken, self.count.reset_ms(self.limit, now_ms), self.exceeded)

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


def admitted(judged: Sequence[Judgement], now_ms: int, *, dry: bool = False) -> Grants:
    """The call has what was judged or, `dry`, would have it."""
    return Grants(now_ms, [one.standing(now_ms, one.granted, one.more if dry else 0) for one in judged])


def refused(judged: Sequence[Judgement], by: Sequence[int], now_ms: int) -> Refusal:
    """The call is refused by those of these indexes."""
    waits = [judged[index].wait_ms(now_ms) for index in by]
    known = [wait for wait in waits if wait is not None]
    retry = max(known) if len(known) == len(waits) else None
    return Refusal(now_ms, [one.standing(now_ms, granted=0) for one in judged], by, retry)
