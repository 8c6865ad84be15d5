"""The time limits of one exchange, on one timer."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from tollwayd.upstream.failures import timed_out

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from tollwayd.core.errors import TollwayError
    from tollwayd.core.timeouts import Timeouts


class Deadlines:
    """Calls `expire` once, with the error to tell, when a limit passes.

    A limit that moves away, as the idle one does with each piece, is only noted; the timer finds that out when it goes
    off, and sleeps on. So a stream of a thousand pieces costs a thousand assignments and no timers.
    """

    __slots__ = ("_due", "_expire", "_handle", "_limit", "_limit_at", "_loop", "_timeouts", "_total_at")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timeouts: Timeouts,
        total_at: float,
        expire: Callable[[TollwayError], None],
    ) -> None:
        self._loop = loop
        self._expire = expire
        self._timeouts = timeouts
        self._total_at = total_at
        self._limit = "first_byte"
        self._limit_at = monotonic() + timeouts.first_byte
        self._arm()

    def sent(self) -> None:
        """Begins `first_byte` again: it counts from the request's end."""
        self._limit_at = monotonic() + self._timeouts.first_byte

    def progress(self) -> None:
        """Begins `idle`, or begins it again: a piece of the answer has come."""
        self._limit = "idle"
        self._limit_at = monotonic() + self._timeouts.idle
        if self._limit_at < self._due:
            self._handle.cancel()
            self._arm()

    def suspend(self) -> None:
        """Stops `idle` until the next progress: it is the gateway now that does not read."""
        self._limit_at = inf

    def cancel(self) -> None:
        """Ends all limits."""
        self._handle.cancel()

    def _arm(self) -> None:
        self._due = min(self._limit_at, self._total_at)
        self._handle = self._loop.call_later(max(self._due - monotonic(), 0), self._check)

    def _check(self) -> None:
        now = monotonic()
        if now >= self._total_at:
            self._expire(timed_out("total"))
        elif now >= self._limit_at:
            self._expire(timed_out(self._limit))
        else:
            self._arm()
