"""How long a connection may last: until it greets, while it answers, and at most so long."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.rpc.listeners.lean.connection import Connection

GREETING_SECONDS = 20.0
"""How long a connection has until it is one of HTTP/2."""

PING_SECONDS, PONG_SECONDS = 45.0, 15.0
"""How often a client is asked whether it is there, and how soon it has to say so: meshes and load balancers forget
silent connections after a minute or more."""

AGE_SECONDS, AGE_GRACE_SECONDS = 30 * 60.0, 10 * 60.0
"""How old connections get, a tenth more or less, and how long their last calls have then: connections are balanced, not
calls, so renewing them now and then lets new replicas have their share."""


class Lifetime:
    """The clock of one connection, from its beginning until `stop`."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Final = connection
        self._loop: Final = asyncio.get_running_loop()
        age = AGE_SECONDS * random.uniform(0.9, 1.1)  # noqa: S311 - no secret.
        self._retires_at = self._loop.time() + age
        self._timer = self._loop.call_later(GREETING_SECONDS, self._expect_greeting)

    def stop(self) -> None:
        """The connection is over."""
        self._timer.cancel()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(seconds, then)

    def _expect_greeting(self) -> None:
        if self._connection.greeted:
            self._wait(PING_SECONDS - GREETING_SECONDS, self._ask)
        else:
            self._connection.abort()

    def _ask(self) -> None:
        self._connection.ping()
        self._wait(PONG_SECONDS, self._expect_answer)

    def _expect_answer(self) -> None:
        if not self._connection.heard:
            self._connection.abort()
        elif self._loop.time() < self._retires_at:
            self._wait(PING_SECONDS - PONG_SECONDS, self._ask)
        else:
            self._connection.leave()
            self._wait(AGE_GRACE_SECONDS, self._connection.abort)
