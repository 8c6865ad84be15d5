"""A pulse: signs of life in a streamed answer that has nothing to say, so that nobody on the way takes it for dead."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.translator.answers.reply import Reply


class Pulse:
    """`with Pulse(...)`: after each `seconds` in which nothing was written it sends the head, where that is not out
    yet, and `idle`. `head` makes the head's lines.

    Balancers cut an answer that is silent for a minute, and its head as well counts as a sign. An error that comes
    after the head has the status 200, and stands in the body.
    """

    __slots__ = ("_head", "_idle", "_loop", "_reply", "_seconds", "_seen", "_timer")

    def __init__(self, reply: Reply, idle: bytes, seconds: float, head: Callable[[], str]) -> None:
        self._reply: Final = reply
        self._idle: Final = idle
        self._seconds: Final = seconds
        self._head: Final = head
        self._loop: Final = asyncio.get_running_loop()
        self._seen = 0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self._seen = self._reply.writes
        self._timer = self._loop.call_later(self._seconds, self._beat)

    def _beat(self) -> None:
        reply = self._reply
        if reply.writes == self._seen and not reply.ended:
            with suppress(ConnectionError, ValueError):  # Whoever writes the answer meets it too.
                if not reply.started:
                    reply.open(200, self._head())
                reply.put(self._idle)
        self._wait()
