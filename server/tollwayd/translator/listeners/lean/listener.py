"""The listening socket, and the connections that came over it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tollwayd.translator.limits import BACKLOG
from tollwayd.translator.listeners.lean.connection import Connection
from tollwayd.translator.listeners.room import make_room

if TYPE_CHECKING:
    from tollwayd.translator.limits import Timeouts
    from tollwayd.translator.options import OnRefusal
    from tollwayd.translator.request import Answer

_CLOSE_SECONDS: Final = 0.1
"""What tasks get to end; what they answered has been cut already."""


class LeanListener:
    """As `listener.Listener`."""

    def __init__(self, answer: Answer, timeouts: Timeouts, limit: int, on_refusal: OnRefusal | None) -> None:
        self.answer: Final = answer
        self.timeouts: Final = timeouts
        self.on_refusal: Final = on_refusal
        self._limit: Final = limit
        self._connections: Final[dict[Connection, None]] = {}
        self._server: asyncio.Server | None = None

    @property
    def connected(self) -> bool:
        return bool(self._connections)

    async def start(self, host: str, port: int, *, reuse_port: bool) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self, loop), host, port, backlog=BACKLOG, reuse_port=reuse_port or None
        )
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        return bound_host, bound_port

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        tasks = [connection.task for connection in self._connections]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)
        for connection in tuple(self._connections):
            connection.force_close()

    def opened(self, connection: Connection) -> None:
        """A client has connected."""
        self._connections[connection] = None
        if len(self._connections) > self._limit:
            make_room(self._connections, connection)

    def closed(self, connection: Connection) -> None:
        """Its connection is lost."""
        self._connections.pop(connection, None)
