"""One request's turn: from its route to the last byte of its answer."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.call import Call, new_call_id
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.errors import ALLOW
from tollwayd.translator.answers.refusal import refuse
from tollwayd.translator.head.target import target
from tollwayd.translator.http_methods import OWN, answered
from tollwayd.translator.pages import answer_with
from tollwayd.translator.rules.routes import Match, WrongMethod
from tollwayd.translator.rules.verbs import unknown_verb
from tollwayd.translator.wires.rpc.connect import refuse as refuse_in_connect
from tollwayd.translator.wires.rpc.protocols import method_wire, stranger
from tollwayd.translator.wires.transcoding import Reading, Transcoding
from tollwayd.translator.wires.websocket.handshake import asks_for_socket
from tollwayd.translator.wires.websocket.websocket import WebSocket
from tollwayd.translator.wires.websocket.websocket import find as find_for_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.rpc.rpc_wire import Refuse
    from tollwayd.translator.wires.wire import Endpoint, Site, Wire

_log = logging.getLogger(__name__)


class Turn:
    """`await answer()` answers the request and gives whether its connection stays; `ended` hears of its end."""

    __slots__ = ("_call", "_call_id", "_ended", "_method", "_refuse", "_request", "_site", "_timer", "_wire", "reply")

    def __init__(self, request: Request, reply: Reply, site: Site, ended: Callable[[asyncio.Task[Any]], None]) -> None:
        self._request: Final = request
        self.reply: Final = reply
        self._site: Final = site
        self._ended: Final = ended
        self._method: Method | None = None
        self._refuse: Refuse = refuse
        self._wire: Wire | None = None
        self._call: Call | None = None
        self._call_id = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def call_id(self) -> str:
        """The call's id, or one of its own for a request that became no call."""
        self._call_id = self._call_id or (self._call.id if self._call else new_call_id())
        return self._call_id

    def cut(self, task: asyncio.Task[Any], error: TollwayError) -> None:
        """Has `task`, which runs this turn, end it; the caller is told the error, in the stream where one has begun."""
        if self._call is None:
            task.cancel()
        else:
            self._call.cut(task, error)

    async def answer(self) -> bool:
        """It raises CancelledError only."""
        # One frame for all that goes well: each that a call waits in is entered again whenever something comes for it.
        request, reply, error = self._request, self.reply, None
        task = request.client.task  # A client that has left has none any more.
        try:
            try:
                head = request.recurring
                reading = None if head is None else head.reading
                wire = await self._open() if reading is None else Transcoding(request, reply, self._site, reading)
                if wire is not None:
                    self._wire = wire
                    wire.call = self._call = call = wire.begin()
                    if call.deadline is not None:
                        self._end_at_deadline(call)
                    await wire.answer(call, await wire.method.invoke(None, call, wire.read))
            except BaseException as raised:
                if (error := self._told(raised)) is None:
                    raise
            finally:
                if self._timer is not None:
                    self._timer.cancel()
            if error is not None:
                await self._fail(error)
        except ConnectionError:
            pass  # The client is gone; what is left of the connection is closed.
        finally:
            reply.close()
            self._ended(task)
            # Tracebacks, of which a cancelled task holds one, hold this frame: cycles that would keep the request until
            # a collection.
            if self._call is not None:
                self._call.cut_by = None
            error = None
            del task
        return reply.keep_alive and reply.ended

    async def _open(self) -> Wire | None:
        """What is to be called, and how; None for a request that is none of a method's, and answered."""
        request, reply, site = self._request, self.reply, self._site
        try:
            path, query = target(request)
        except TollwayError:
            reply.keep_alive = False
            raise
        if request.method in OWN and await answered(site, request, reply, path, self.call_id):
            return None
        if page := site.pages.get(path):
            await answer_with(page, request, reply, site.encoding, self.call_id)
            return None
        return self._find(path, query)

    async def _fail(self, error: TollwayError) -> None:
        try:
            await self._tell(error)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - what a method sends along with its error can be what HTTP has no room for.
            defect = self._defect()
            if self.reply.started:
                self.reply.abort()
            else:
                await self._tell(defect)

    async def _tell(self, error: TollwayError) -> None:
        """Answers with the error, or ends with it an answer that has begun."""
        if self._call is None and self._site.on_refusal is not None:
            self._site.on_refusal(error.reason)
        if self._wire is None:
            await self._refuse(self.reply, error, self.call_id, self._method)
        else:
            await self._wire.fail(error, self.call_id)

    def _told(self, error: BaseException) -> TollwayError | None:
        """What the caller is told of an error; None for one that is none of the caller's."""
        if isinstance(error, TollwayError):
            return error
        if isinstance(error, asyncio.CancelledError):
            reason = error if self._call is None else self._call.reason_for(error)
            return reason if isinstance(reason, TollwayError) and self.reply.connected else None
        if isinstance(error, ConnectionError) or not isinstance(error, Exception):
            return None
        return self._defect()  # Whatever it is, the caller gets an answer and the log the cause.

    def _defect(self) -> TollwayError:
        """The error for the exception at hand, which the log gets."""
        _log.exception("the REST door failed in call %s", self.call_id)
        return TollwayError(Reason.REASON_INTERNAL)

    def _find(self, path: str, query: str) -> Wire:
        request, reply, site = self._request, self.reply, self._site
        if method := site.rpcs.get(path):
            self._method = method
            self._refuse = refuse_in_connect
            return method_wire(request, reply, site, method, query)
        over_socket = request.method == "GET" and asks_for_socket(request)
        found = find_for_socket(site.routes, path) if over_socket else site.routes.find(request.method, path)
        if not isinstance(found, Match):
            raise self._not_found(path) if found is None else self._wrong_method(found, path)
        self._method = found.target.method
        return (WebSocket if over_socket else Transcoding)(request, reply, site, Reading(found, query))

    def _wrong_method(self, found: WrongMethod[Endpoint], path: str) -> TollwayError:
        self._method = found.target.method
        if error := unknown_verb(self._site.routes, path):
            return error
        return TollwayError(Reason.REASON_METHOD_NOT_ALLOWED, metadata={ALLOW: ", ".join(found.allow)})

    def _not_found(self, path: str) -> TollwayError:
        if (refuse_in_its_words := stranger(self._request)) is None:
            return unknown_verb(self._site.routes, path) or TollwayError(Reason.REASON_ROUTE_NOT_FOUND)
        self._refuse = refuse_in_its_words
        return TollwayError(Reason.REASON_METHOD_NOT_FOUND)

    def _end_at_deadline(self, call: Call) -> None:
        late = TollwayError(Reason.REASON_DEADLINE_EXCEEDED)
        task, left = self._request.client.task, max(call.remaining() or 0, 0)
        self._timer = asyncio.get_running_loop().call_later(left, call.cut, task, late)
