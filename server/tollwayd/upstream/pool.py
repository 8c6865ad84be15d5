"""The connections of one client, and which of them are free."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tollwayd.core.origin import Origin
    from tollwayd.upstream.connection import Connection
    from tollwayd.upstream.limits import Limits


class Pool:
    """Keeps free connections by origin, the one used last on top: the rest can then grow old and go."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._idle: dict[Origin, list[Connection]] = {}
        self._idle_count = 0
        self._open: set[Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None

    @property
    def open_count(self) -> int:
        """How many connections are open, busy or free."""
        return len(self._open)

    def take(self, origin: Origin) -> Connection | None:
        """A free connection that nobody has closed yet, as far as is known; None where there is none."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            self._idle_count -= 1
            if not connection.closing:
                return connection
        return None

    def put(self, connection: Connection) -> None:
        """Keeps a connection that has become free, or drops it where it is too old or there are too many."""
        now, limits = monotonic(), self.limits
        idle = self._idle.get(connection.origin)
        if idle is None:
            idle = self._idle[connection.origin] = []
        full = len(idle) >= limits.idle_connections or self._idle_count >= limits.idle_connections_in_all
        if full or now - connection.made_at > limits.connection_age:
            connection.drop()
            return
        connection.idle_since = now
        idle.append(connection)
        self._idle_count += 1
        if self._sweeper is None:
            self._sweep_in(self.limits.idle_seconds)

    def add(self, connection: Connection) -> None:
        """Counts a connection that has been made."""
        self._open.add(connection)
        if self._emptied is not None:
            connection.drop()

    def forget(self, connection: Connection) -> None:
        """Counts a connection out that is gone."""
        self._open.discard(connection)
        idle = self._idle.get(connection.origin)
        if idle and connection in idle:
            idle.remove(connection)
            self._idle_count -= 1
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)

    async def close(self) -> None:
        """Drops all connections, busy ones too, and waits until they are gone."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._emptied = asyncio.get_running_loop().create_future()
        for connection in tuple(self._open):
            connection.drop()
        if self._open:
            await self._emptied

    def _sweep_in(self, seconds: float) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        """Drops the connections that have been free for too long, and comes back when the next one will have been."""
        self._sweeper = None
        now = monotonic()
        expired = now - self.limits.idle_seconds
        for origin, idle in list(self._idle.items()):
            while idle and idle[0].idle_since <= expired:
                idle.pop(0).drop()
                self._idle_count -= 1
            if not idle:
                del self._idle[origin]
        if self._idle:
            self._sweep_in(min(idle[0].idle_since for idle in self._idle.values()) - expired)
