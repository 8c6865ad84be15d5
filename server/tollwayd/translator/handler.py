"""Handles the requests of one door, and knows which of them are under way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.reply import Reply
from tollwayd.translator.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.wire import Site

_CUT_SECONDS = 0.5
"""How long calls that are cut get to write their last words."""


class Handler:
    """`await answer(request)` answers a request; gives whether its connection stays, raises CancelledError only."""

    def __init__(self, site: Site) -> None:
        self._site: Final = site
        self._running: dict[asyncio.Task[Any], Turn] = {}
        self._idle: asyncio.Event | None = None
        self._draining = False

    def answer(self, request: Request) -> Awaitable[bool]:
        """As `request.Answer`."""
        site, client = self._site, request.client
        client.reply = reply = Reply(request, site.timeouts.stalled_answer, site.encoding)
        if site.cors is not None:
            reply.extra = site.cors.lines(request.headers.get("origin"))
        if self._draining:
            reply.keep_alive = False
        self._running[client.task] = turn = Turn(request, reply, site, self._ended)
        return turn.answer()

    def drain(self) -> None:
        """Has every answer from now on, of requests under way too, say that its connection closes."""
        self._draining = True
        for turn in self._running.values():
            turn.reply.keep_alive = False

    async def finish(self) -> None:
        """Waits until no request is under way."""
        while self._running:
            self._idle = asyncio.Event()
            await self._idle.wait()

    async def cut(self) -> None:
        """Ends all requests under way; their callers are told that the gateway shuts down."""
        for task, turn in self._running.items():
            turn.cut(task, TollwayError(Reason.REASON_SHUTTING_DOWN))
        with suppress(TimeoutError):
            async with asyncio.timeout(_CUT_SECONDS):
                await self.finish()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._running[task]
        if self._idle is not None and not self._running:
            self._idle.set()
