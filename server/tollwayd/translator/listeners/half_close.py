"""Tells a client that only sends no more (RFC 9112, section 9.6) from one that has left: TCP shows the same of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

    from tollwayd.translator.request import Client

FIRST_SECONDS: Final = 0.02
"""Between the first question and the second, whose writing finds what came of the first."""

SELDOM: Final = 4
"""How many times longer each pause between questions is than the one before."""

LONGEST_SECONDS: Final = 10.0
"""The longest pause."""

QUIET_SECONDS: Final = 1.0
"""A client that cannot be asked counts as gone when nothing was written to it for so long. Most have left: proxies
that speak HTTP/1.0 tell so that theirs has."""


class Question:
    """Asks the client of one connection whether it is there, from `ask` on until the connection ends.

    A question is a few bytes that mean nothing, `Reply.nudge`. Who has left resets the connection on them, and the next
    write finds that.
    """

    __slots__ = ("_client", "_loop", "_quiet_since", "_seconds", "_seen")

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client: Final = client
        self._loop: Final = loop
        self._seconds = FIRST_SECONDS
        self._quiet_since = loop.time()
        self._seen = 0

    def ask(self) -> None:
        """Asks now, and then ever more seldom."""
        transport, reply = self._client.transport, self._client.reply
        if transport is None or transport.is_closing():
            return
        if reply is None or reply.nudge() or reply.writes != self._seen:
            self._quiet_since = self._loop.time()
            self._seen = 0 if reply is None else reply.writes
        elif self._loop.time() - self._quiet_since > QUIET_SECONDS:
            transport.abort()
            return
        self._loop.call_later(self._seconds, self.ask)
        self._seconds = min(self._seconds * SELDOM, LONGEST_SECONDS)
