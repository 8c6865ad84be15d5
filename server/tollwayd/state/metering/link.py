"""The way to one Redis server: connected when it is needed, again when it broke, and known to be down when it is."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from tollwayd.state.metering.wire import Wire
from tollwayd.state.outage import OUTAGES, pauses
from tollwayd.state.topology.node import CONNECT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio.connection import AbstractConnection

PATIENCE_SECONDS: Final = 0.08
"""How long the server may say nothing, or not be reached, before it is down and nobody waits for it any more. With what
else it takes to find that out, a call waits for 0.1 s at most."""

GRACE_SECONDS: Final = 0.01
"""How much longer a reply is looked for that may have come already, while this process itself was busy."""

HEALING_PAUSE: Final = 0.5
"""Seconds between two tries to reach a server that is down, at most."""

_logger = logging.getLogger(__name__)


class Link:
    """The connection to one server, and the breaker that opens when it is away, and heals by itself.

    `on_up` is called when it stands (again), `on_lost` when it broke and is made anew, `on_down` when that took too
    long: from then on `is_up` is False until the server answers a PING.
    """

    def __init__(
        self,
        make_connection: Callable[[], AbstractConnection],
        on_replies: Callable[[list[Any]], None],
        on_up: Callable[[], None],
        on_lost: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self.is_up = True
        self._make_connection = make_connection
        self._on_replies, self._on_up, self._on_lost, self._on_down = on_replies, on_up, on_lost, on_down
        self._wire: Wire | None = None
        self._mending: asyncio.Task[None] | None = None
        self._patience = CONNECT_SECONDS  # The first connection may take its time: nobody knows yet that it is down.
        self._closed = False
        self._expecting_since: float | None = None
        self._watch: asyncio.TimerHandle | None = None

    def wire(self) -> Wire | None:
        """The connection; where there is none, it is made, and `on_up` called."""
        if self._wire is None:
            self._mend()
        return self._wire

    def expect(self) -> None:
        """A reply has to come from now on."""
        loop = asyncio.get_running_loop()
        self._expecting_since = loop.time()
        if self._watch is None:
            self._watch = loop.call_later(PATIENCE_SECONDS, self._look)

    def rest(self) -> None:
        """Nothing has to come."""
        self._expecting_since = None

    def give_up(self) -> None:
        """The server is away, though it can be reached."""
        if self.is_up:
            self.is_up = False
            _logger.warning("The metering store is away: calls are treated as their policies say.")
            self._drop()
            self._on_down()
            self._mend()

    def close(self) -> None:
        """Ends the connection, for good."""
        self._closed = True
        self._drop()
        if self._mending:
            self._mending.cancel()
        if self._watch:
            self._watch.cancel()

    def _look(self) -> None:
        self._watch = None
        if self._expecting_since is None:
            return
        loop = asyncio.get_running_loop()
        left = self._expecting_since + PATIENCE_SECONDS - loop.time()
        if left > 0:
            self._watch = loop.call_later(left, self._look)
        else:
            # When this process itself was busy, the reply may be waiting to be read.
            self._watch = loop.call_later(GRACE_SECONDS, self._judge, self._expecting_since)

    def _judge(self, since: float) -> None:
        self._watch = None
        if self._expecting_since == since:
            self.give_up()
        elif self._expecting_since is not None:
            self._look()

    def _drop(self) -> None:
        wire, self._wire = self._wire, None
        self.rest()
        if wire:
            wire.abort()

    def _lose(self, wire: Wire) -> None:
        if wire is self._wire:
            self._wire = None
            self.rest()
            self._on_lost()
            self._mend()

    def _mend(self) -> None:
        if self._mending is None and not self._closed:
            self._mending = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        deadline, retries = loop.time() + self._patience, pauses(HEALING_PAUSE)
        while self._wire is None:
            left = deadline - loop.time() if self.is_up else CONNECT_SECONDS
            try:
                async with asyncio.timeout(left):
                    self._wire = Wire(await self._greeted(), self._on_replies, self._lose)
            except (*OUTAGES, OSError):
                if self.is_up and loop.time() >= deadline:
                    self.give_up()
                pause = next(retries)
                await asyncio.sleep(min(pause, max(0, deadline - loop.time())) if self.is_up else pause)
        self._mending, self._patience = None, PATIENCE_SECONDS
        if not self.is_up:
            _logger.warning("The metering store is back.")
        self.is_up = True
        self._on_up()

    async def _greeted(self) -> AbstractConnection:
        connection = self._make_connection()
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            # A server that is frozen, or loads its data, takes connections all the same.
            await connection.send_command("PING")
            await connection.read_response()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection
