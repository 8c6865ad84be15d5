"""One request's turn: from its route to the last byte of its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

from google.protobuf.message import Message

from tollwayd.core.call import Call, new_call_id
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.body import read_body
from tollwayd.translator.errors import ALLOW, error_answer, status_json
from tollwayd.translator.metadata import deadline, request_metadata
from tollwayd.translator.outbound import RAW, Framing, framing
from tollwayd.translator.query import parse, system_parameters
from tollwayd.translator.reply import answer_headers
from tollwayd.translator.routes import Match, WrongMethod
from tollwayd.translator.target import target

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

    from tollwayd.rpc.registry import Method
    from tollwayd.translator.inbound import RequestReader
    from tollwayd.translator.limits import Timeouts
    from tollwayd.translator.outbound import ResponsePrinter
    from tollwayd.translator.query import Parameters
    from tollwayd.translator.reply import Reply
    from tollwayd.translator.routes import RouteTable

QUERY_KEY = "query-key"
"""The metadata that carries the system parameter `key`."""


class Endpoint(NamedTuple):
    """What a route leads to: a method, and the two translations of one of its bindings."""

    method: Method
    reader: RequestReader
    printer: ResponsePrinter


class Rules(NamedTuple):
    """What every turn of a door goes by."""

    routes: RouteTable[Endpoint]
    max_body_bytes: int
    timeouts: Timeouts


class _Stream(Protocol):
    """A streamed answer, as the chain gives it."""

    def __aiter__(self) -> _Stream: ...
    async def __anext__(self) -> Message: ...
    async def aclose(self) -> None: ...


class Turn:
    """`answer` answers the request, or raises; then `fail` tells the caller what was raised."""

    __slots__ = ("_alt", "_call", "_call_id", "_framing", "_method", "_request", "_rules", "reply")

    def __init__(self, request: BaseRequest, reply: Reply, rules: Rules) -> None:
        self._request: Final = request
        self.reply: Final = reply
        self._rules: Final = rules
        self._method: Method | None = None
        self._call: Call | None = None
        self._call_id = ""
        self._framing: Framing = RAW
        self._alt = ""

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
        try:
            path, query = target(self._request)
        except TollwayError:
            self.reply.keep_alive = False
            raise
        endpoint, variables = self._route(path)
        parameters = parse(query) if query else []
        self._call = call = self._begin(endpoint, parameters)
        timer = None if call.deadline is None else self._end_at_deadline(call)
        try:
            await self._run(call, endpoint, parameters, variables)
        finally:
            if timer is not None:
                timer.cancel()

    async def fail(self, error: TollwayError) -> None:
        """Answers with the error, or ends with it an answer that has begun; ConnectionError as `answer`."""
        reply = self.reply
        if not reply.started:
            await self._send_error(error)
        elif not reply.ended:
            last = self._framing.frame_error(status_json(error))
            if last is None:
                reply.abort()
                return
            await reply.write(last)
            await reply.end({})

    def _route(self, path: str) -> Match[Endpoint]:
        found = self._rules.routes.find(self._request.method, path)
        if found is None:
            raise TollwayError(Reason.REASON_ROUTE_NOT_FOUND)
        self._method = found.target.method
        if isinstance(found, WrongMethod):
            raise TollwayError(Reason.REASON_METHOD_NOT_ALLOWED, metadata={ALLOW: ", ".join(found.allow)})
        return found

    def _begin(self, endpoint: Endpoint, parameters: Parameters) -> Call:
        request = self._request
        metadata = request_metadata(request.headers)
        if parameters:
            system = system_parameters(parameters, endpoint.method.descriptor.input_type)
            self._alt = system.get("alt", "")
            if "key" in system:
                metadata[QUERY_KEY] = system["key"]
        return Call(
            endpoint.method.name, metadata, peer=request.remote or "", door="rest", deadline=deadline(request.headers)
        )

    def _end_at_deadline(self, call: Call) -> asyncio.TimerHandle:
        task = asyncio.current_task()
        assert task is not None
        late = TollwayError(Reason.REASON_DEADLINE_EXCEEDED)
        return asyncio.get_running_loop().call_later(max(call.remaining() or 0, 0), call.cut, task, late)

    async def _run(self, call: Call, endpoint: Endpoint, parameters: Parameters, variables: tuple[str, ...]) -> None:
        async def read() -> Message:
            content_type = call.metadata.get("content-type", "")
            body = await self._body(endpoint.reader, content_type)
            return await endpoint.reader.read(body, content_type, parameters, variables)

        result = await endpoint.method.invoke(None, call, read)
        if endpoint.method.descriptor.server_streaming and not endpoint.printer.raw:
            self._framing = framing(self._request, self._alt)
        if isinstance(result, Message):
            await self._send(call, endpoint.printer, result)
        else:
            await self._stream(call, endpoint.printer, cast("_Stream", result))

    async def _body(self, reader: RequestReader, content_type: str) -> bytes:
        request = self._request
        if not request.body_exists:
            return b""
        if reader.takes_body:
            reader.check_content_type(content_type)
            return await read_body(request, self._rules.max_body_bytes, self._rules.timeouts)
        self._close_if_unread()
        return b""

    async def _send(self, call: Call, printer: ResponsePrinter, message: Message) -> None:
        body = self._framing.frame(printer.body(message))
        content_type = self._framing.content_type or printer.content_type(message)
        await self.reply.send(200, answer_headers(call.id, content_type, call.response_metadata), body)

    async def _stream(self, call: Call, printer: ResponsePrinter, events: _Stream) -> None:
        reply, frame = self.reply, self._framing.frame
        try:
            # The head waits for the first message: until then an error can still have its own status.
            first = await anext(events, None)
            if first is None:
                await reply.send(200, self._stream_headers(call, self._framing.content_type), b"")
                return
            content_type = self._framing.content_type or printer.content_type(first)
            await reply.start(200, self._stream_headers(call, content_type), frame(printer.body(first)))
            async for event in events:
                await reply.write(frame(printer.body(event)))
            await reply.end(call.trailers)
        finally:
            await events.aclose()

    def _stream_headers(self, call: Call, content_type: str) -> str:
        return answer_headers(call.id, content_type, call.response_metadata) + self._framing.headers

    async def _send_error(self, error: TollwayError) -> None:
        self._close_if_unread()
        answer = error_answer(error, self._method)
        call = self._call
        # After a defect the call's headers may be what is wrong.
        metadata = call.response_metadata if call and error.reason != Reason.REASON_INTERNAL else {}
        headers = answer_headers(self.call_id, answer.content_type, metadata)
        await self.reply.send(answer.status, headers + answer.headers, answer.body)

    def _close_if_unread(self) -> None:
        """Says in the answer that the connection ends, where the rest of the request is not going to be read."""
        if not self._request.content.is_eof():
            self.reply.keep_alive = False
