"""The wire of google.api.http over a WebSocket: a JSON message in a text frame, an HttpBody's bytes in a binary one.

Answers are `{"result": ...}` each, and an error `{"error": google.rpc.Status}`; then the socket closes. An empty text
ends the request stream. A method that takes one request takes the first message, or needs none where its rule has no
body. What is wrong with credential, path or query is an HTTP answer still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType

from tollwayd.translator.answers.errors import status_json
from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.messages.upload import messages, ready
from tollwayd.translator.rules.routes import Match, WrongMethod
from tollwayd.translator.wires.transcoding import Reading, Transcoding
from tollwayd.translator.wires.websocket.close_codes import close_code
from tollwayd.translator.wires.websocket.frames import Socket
from tollwayd.translator.wires.websocket.handshake import accepted, check_origin, move_credential
from tollwayd.translator.wires.websocket.inflow import ANY_MESSAGES, NO_MESSAGE, ONE_MESSAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.message import Message

    from tollwayd.core.call import Call
    from tollwayd.core.errors import TollwayError
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.rules.routes import RouteTable
    from tollwayd.translator.wires.wire import Endpoint, Messages, Site


class WebSocket(Transcoding):
    """One handshake that a binding matched, and what follows it."""

    __slots__ = ("_accepted", "_socket")

    def __init__(self, request: Request, reply: Reply, site: Site, reading: Reading) -> None:
        super().__init__(request, reply, site, reading)
        self._accepted = ""
        self._socket: Socket | None = None

    def begin(self) -> Call:
        check_origin(self.request, self.site.cors)
        self._accepted = accepted(self.request)
        return super().begin()

    def metadata(self) -> dict[str, str]:
        metadata = super().metadata()
        move_credential(metadata)
        return metadata

    async def read(self) -> Any:
        reader = self._endpoint.reader
        # Where messages follow, it is made for what may be wrong with it: afterwards nothing has a status of its own.
        message = reader.read(b"", "", self._reading.parameters, self._reading.variables)
        if self.method.descriptor.client_streaming:
            return self._received()
        socket = self._switch(ONE_MESSAGE if reader.takes_body else NO_MESSAGE)
        if not reader.takes_body or not (data := await socket.receive()):
            return message
        return await reader.read_fairly(data, "", self._reading.parameters, self._reading.variables)

    async def send(self, call: Call, message: Message) -> None:
        await self._put(message)
        await self._close(WSCloseCode.OK)

    async def stream(self, call: Call, messages: Messages) -> None:
        async for message in messages:
            await self._put(message)
        await self._close(WSCloseCode.OK)

    async def fail(self, error: TollwayError, call_id: str) -> None:
        if self._socket is None:
            await super().fail(error, call_id)
            return
        await self._socket.send(b'{"error":%b}' % status_json(error), WSMsgType.TEXT)
        await self._close(close_code(error), error.rule.name)

    def _received(self) -> AsyncIterator[Message]:
        reader, call = self._endpoint.reader, self.call
        assert call is not None
        socket = self._switch(ANY_MESSAGES if reader.takes_body else NO_MESSAGE)
        parts = socket.messages() if reader.takes_body else ready()
        stream = messages(reader, parts, "", self._reading.parameters, self._reading.variables)
        call.defer(parts.aclose)
        call.defer(stream.aclose)
        return stream

    def _switch(self, wanted: int) -> Socket:
        call = self.call
        assert call is not None
        self.reply.switch(self._accepted + answer_headers(call.id, "", call.response_metadata))
        kind = WSMsgType.BINARY if self._endpoint.reader.raw else WSMsgType.TEXT
        self._socket = socket = Socket(self, kind=kind, wanted=wanted)
        return socket

    async def _put(self, message: Message) -> None:
        printer, socket = self._endpoint.printer, self._socket
        assert socket is not None
        body, _ = printer.print(message)
        if printer.raw:
            await socket.send(body, WSMsgType.BINARY)
        else:
            await socket.send(b'{"result":%b}' % body, WSMsgType.TEXT)

    async def _close(self, code: WSCloseCode, reason: str = "") -> None:
        assert self._socket is not None
        await self._socket.close(code, reason)


def find(routes: RouteTable[Endpoint], path: str) -> Match[Endpoint] | WrongMethod[Endpoint] | None:
    """What a handshake for this path is for. The HTTP method of the binding does not matter: the one that streams most
    is meant; among those that do not, GET's. Where there is no such one, it is nobody's business to guess.
    """
    found = routes.at(path)
    if not found:
        return None
    name, match = max(found.items(), key=lambda each: (_streams(each[1].target), each[0] == "GET"))
    if len(found) > 1 and name != "GET" and not any(_streams(match.target)):
        return WrongMethod(tuple(sorted(found)), match.target)
    return match


def _streams(endpoint: Endpoint) -> tuple[bool, bool]:
    method = endpoint.method.descriptor
    return method.client_streaming, method.server_streaming
