"""One request's turn: from its route to the last byte of its answer."""

from __future__ import annotations

import asyncio
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
from tollwayd.translator.wires.transcoding import Transcoding
from tollwayd.translator.wires.websocket.handshake import asks_for_socket
from tollwayd.translator.wires.websocket.websocket import WebSocket
from tollwayd.translator.wires.websocket.websocket import find as find_for_socket

if TYPE_CHECKING:
    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.rpc.rpc_wire import Refuse
    from tollwayd.translator.wires.wire import Endpoint, Site, Wire


class Turn:
    """`answer` answers the request, or raises; then `fail` tells the caller what was raised."""

    __slots__ = ("_call", "_call_id", "_method", "_refuse", "_request", "_site", "_wire", "reply")

    def __init__(self, request: Request, reply: Reply, site: Site) -> None:
        self._request: Final = request
        self.reply: Final = reply
        self._site: Final = site
        self._method: Method | None = None
        self._refuse: Refuse = refuse
        self._wire: Wire | None = None
        self._call: Call | None = None
        self._call_id = ""

    @property
    def call_id(self) -> str:
        """The call's id, or one of its own for a request that became no call."""
        self._call_id = self._call_id or (self._call.id if self._call else new_call_id())
        return self._call_id

    def reason_for(self, error: BaseException) -> BaseException:
        """As `Call.reason_for`."""
        return error if self._call is None else self._call.reason_for(error)

    def cut(self, task: asyncio.Task[Any], error: TollwayError) -> None:
        """Has `task`, which runs this turn, end it; the caller is told the error, in the stream where one has begun."""
        if self._call is None:
            task.cancel()
        else:
            self._call.cut(task, error)

    async def answer(self) -> None:
        """Answers the request. TollwayError as from the method, and ConnectionError where the client is gone."""
        request, reply, site = self._request, self.reply, self._site
        try:
            path, query = target(request)
        except TollwayError:
            reply.keep_alive = False
            raise
        if request.method in OWN and await answered(site, request, reply, path, self.call_id):
            return
        if page := site.pages.get(path):
            await answer_with(page, request, reply, site.encoding, self.call_id)
            return
        wire = self._open(path, query)
        wire.call = self._call = call = wire.begin()
        timer = None if call.deadline is None else self._end_at_deadline(call)
        try:
            await wire.answer(call, await wire.method.invoke(None, call, wire.read))
        finally:
            if timer is not None:
                timer.cancel()

    async def fail(self, error: TollwayError) -> None:
        """Answers with the error, or ends with it an answer that has begun; ConnectionError as `answer`."""
        if self._call is None and self._site.on_refusal is not None:
            self._site.on_refusal(error.reason)
        if self._wire is None:
            await self._refuse(self.reply, error, self.call_id, self._method)
        else:
            await self._wire.fail(error, self.call_id)

    def _open(self, path: str, query: str) -> Wire:
        request, reply, site = self._request, self.reply, self._site
        if method := site.rpcs.get(path):
            self._method = method
            self._refuse = refuse_in_connect
            self._wire = method_wire(request, reply, site, method, query)
            return self._wire
        over_socket = request.method == "GET" and asks_for_socket(request)
        found = find_for_socket(site.routes, path) if over_socket else site.routes.find(request.method, path)
        if not isinstance(found, Match):
            raise self._not_found(path) if found is None else self._wrong_method(found, path)
        self._method = found.target.method
        self._wire = (WebSocket if over_socket else Transcoding)(request, reply, site, found, query)
        return self._wire

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

    def _end_at_deadline(self, call: Call) -> asyncio.TimerHandle:
        late = TollwayError(Reason.REASON_DEADLINE_EXCEEDED)
        task, left = self._request.client.task, max(call.remaining() or 0, 0)
        return asyncio.get_running_loop().call_later(left, call.cut, task, late)
