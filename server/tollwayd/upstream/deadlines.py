"""The time limits of the exchanges on one connection, on one timer."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from tollwayd.core.timeouts import Timeouts
from tollwayd.upstream.failures import timed_out

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from tollwayd.core.errors import TollwayError

_NONE = Timeouts()


class Deadlines:
    """Calls `expire` once an exchange, with the error to tell, when a limit passes.

    A limit that moves away, as the idle one does with each piece, is only noted; the timer finds that out when it goes
    off, and sleeps on. So a stream of a thousand pieces costs a thousand assignments and no timers, and so do a
    thousand exchanges, one after the other.
    """

    __slots__ = ("_due", "_expire", "_handle", "_limit", "_limit_at", "_loop", "_timeouts", "_total_at")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._due = self._limit_at = self._total_at = inf
        self._limit = ""
        self._timeouts = _NONE
        self._expire: Callable[[TollwayError], None] | None = None

    def begin(self, timeouts: Timeouts, now: float, total_at: float, expire: Callable[[TollwayError], None]) -> None:
        """Begins `first_byte` and `total` of an exchange."""
        self._timeouts = timeouts
        self._total_at = total_at
        self._expire = expire
        self._limit = "first_byte"
        self._limit_at = limit_at = now + timeouts.first_byte
        if limit_at < self._due or total_at < self._due:
            self._arm()

    def sent(self) -> None:
        """Begins `first_byte` again: it counts from the request's end."""
        self._limit_at = monotonic() + self._timeouts.first_byte
        if self._limit_at < self._due or self._total_at < self._due:
            self._arm()

    def progress(self) -> None:
        """Begins `idle`, or begins it again: a piece of the answer has come."""
        self._limit = "idle"
        self._limit_at = limit_at = monotonic() + self._timeouts.idle
        if limit_at < self._due or self._total_at < self._due:
            self._arm()

    def suspend(self) -> None:
        """Stops `idle` until the next progress: it is the gateway now that does not read."""
        self._limit_at = inf

    def rest(self) -> None:
        """Ends the limits of this exchange."""
        self._limit_at = self._total_at = inf
        self._expire = None

    def cancel(self) -> None:
        """Ends all limits, and the timer."""
        self.rest()
        if self._handle is not None:
            self._handle.cancel()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._due = min(self._limit_at, self._total_at)
        self._handle = self._loop.call_later(max(self._due - monotonic(), 0), self._check)

    def _check(self) -> None:
        now = monotonic()
        self._handle, self._due = None, inf
        if self._expire is None:
            return
        if now >= self._total_at:
            self._expire(timed_out("total"))
        elif now >= self._limit_at:
            self._expire(timed_out(self._limit))
        else:
            self._arm()
