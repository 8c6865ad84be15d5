"""Handles the requests of one door, and knows which of them are under way."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.reply import Reply
from tollwayd.translator.turn import Turn

if TYPE_CHECKING:
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.wire import Site

_CUT_SECONDS = 0.5
"""How long calls that are cut get to write their last words."""

_log = logging.getLogger(__name__)


class Handler:
    """`await answer(request)` answers a request; gives whether its connection stays, raises CancelledError only."""

    def __init__(self, site: Site) -> None:
        self._site: Final = site
        self._running: dict[asyncio.Task[Any], Turn] = {}
        self._idle: asyncio.Event | None = None
        self._draining = False

    async def answer(self, request: Request) -> bool:
        """As `request.Answer`."""
        site, client = self._site, request.client
        client.reply = reply = Reply(request, site.timeouts.stalled_answer, site.encoding)
        if site.cors is not None:
            reply.extra = site.cors.lines(request.headers.get("origin"))
        if self._draining:
            reply.keep_alive = False
        task = client.task
        self._running[task] = turn = Turn(request, reply, site)
        error = None
        try:
            try:
                await turn.answer()
            except BaseException as raised:  # noqa: BLE001 - it goes on from there, unless it is for the caller.
                error = _told(turn, raised)
            if error is not None:
                await self._fail(turn, error)
        except ConnectionError:
            pass  # The client is gone; what is left of the connection is closed.
        finally:
            reply.close()
            del self._running[task]
            if self._idle is not None and not self._running:
                self._idle.set()
        return reply.keeps_connection

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

    async def _fail(self, turn: Turn, error: TollwayError) -> None:
        try:
            await turn.fail(error)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - what a method sends along with its error can be what HTTP has no room for.
            defect = _defect(turn)
            if turn.reply.started:
                turn.reply.abort()
            else:
                await turn.fail(defect)


def _told(turn: Turn, error: BaseException) -> TollwayError:
    """What the caller is told of an error; raises what is none of the caller's."""
    if isinstance(error, TollwayError):
        return error
    if isinstance(error, asyncio.CancelledError):
        reason = turn.reason_for(error)
        if isinstance(reason, TollwayError) and turn.reply.connected:
            return reason
        raise error
    if isinstance(error, ConnectionError) or not isinstance(error, Exception):
        raise error
    return _defect(turn)  # Whatever it is, the caller gets an answer and the log the cause.


def _defect(turn: Turn) -> TollwayError:
    """The error for the exception at hand, which the log gets."""
    _log.exception("the REST door failed in call %s", turn.call_id)
    return TollwayError(Reason.REASON_INTERNAL)
