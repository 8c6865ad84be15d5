"""The wire of google.api.http: paths, queries and JSON in, JSON or an HttpBody out."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.call import Metadata
from tollwayd.core.errors import Reason, TollwayError, invalid_field
from tollwayd.translator.answers.errors import status_json
from tollwayd.translator.answers.framing import FORMS, RAW, Frames, framing
from tollwayd.translator.answers.pulse import Pulse
from tollwayd.translator.answers.refusal import refuse
from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.head.accept import accepts
from tollwayd.translator.head.conditional import IF_MATCH, IF_NONE_MATCH, Condition
from tollwayd.translator.head.metadata import METADATA_PREFIX, deadline, has_deadline, request_metadata
from tollwayd.translator.head.target import target
from tollwayd.translator.messages.body import body_at_once, read_body
from tollwayd.translator.messages.query import parse, system_parameters
from tollwayd.translator.messages.upload import body_parts, messages
from tollwayd.translator.rules.verbs import with_verbs
from tollwayd.translator.wires.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from google.protobuf.message import Message

    from tollwayd.core.call import Call
    from tollwayd.translator.answers.framing import Framing
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.messages.query import Parameters
    from tollwayd.translator.request import Request
    from tollwayd.translator.rules.routes import Match
    from tollwayd.translator.wires.wire import Endpoint, Messages, Site

QUERY_KEY = "query-key"
"""The metadata that carries the system parameter `key`."""


_KEPT_PARAMETERS: Final = 32
"""Heads with more query parameters are read anew each time: of `?a&a&a` every idle connection would keep 100 KB."""

_RAW_FRAMES: Final = Frames(RAW)  # It holds no state that anybody sees.


class Reading:
    """What a request's head asks of the binding that it matched. Requests with the same head share it, and calls its
    metadata but for OWN_FIELDS: once `begin` has filled it in, nothing changes it but `checked`, which says that `read`
    need not look at the head any more.
    """

    __slots__ = (
        "alt",
        "checked",
        "conditional",
        "content_type",
        "endpoint",
        "metadata",
        "parameters",
        "timed",
        "variables",
    )

    def __init__(self, found: Match[Endpoint], query: str) -> None:
        self.endpoint: Final = found.target
        self.variables: Final = found.variables
        self.parameters: Final[Parameters] = parse(query) if query else []
        self.metadata: Metadata | None = None
        self.alt = ""
        self.content_type = ""
        self.conditional = self.timed = self.checked = False


class Transcoding(Wire):
    """One request that a binding matched."""

    __slots__ = ("_condition", "_endpoint", "_frames", "_reading")

    door = "rest"

    def __init__(self, request: Request, reply: Reply, site: Site, reading: Reading) -> None:
        self._reading: Final = reading
        self._endpoint: Final = reading.endpoint
        super().__init__(request, reply, site, reading.endpoint.method)
        self._frames = _RAW_FRAMES
        self._condition: Condition | None = None
        reply.like_grpc_gateway = site.like_grpc_gateway

    def begin(self) -> Call:
        request, reading = self.request, self._reading
        metadata: Mapping[str, str]
        if (known := reading.metadata) is None:
            metadata = self._read_head()
        else:
            metadata = known.beside(request.own) if request.own else known
        if reading.conditional:
            self._condition = Condition(self._endpoint.etags, request.method, metadata)
        return self.make_call(metadata, deadline(request.headers) if reading.timed else None)

    def metadata(self) -> dict[str, str]:
        """The call's metadata, but for what the query adds."""
        return request_metadata(self.request.headers)

    async def read(self) -> Any:
        request, reading, reader = self.request, self._reading, self._endpoint.reader
        if not reading.checked:
            self._check_head()
        if reader.streams:
            return self._uploaded()
        if not reader.takes_body:
            self.reply.close_if_unread()
            body = b""
        elif (whole := body_at_once(request, self.site.max_body_bytes)) is not None:
            body = whole
        else:
            body = await read_body(request, self.site.max_body_bytes, self.site.timeouts)
        if reader.raw or reader.reads_at_once(body):
            message = reader.read(body, reading.content_type, reading.parameters, reading.variables)
        else:
            message = await reader.read_fairly(body, reading.content_type, reading.parameters, reading.variables)
        if self._condition is not None:
            self._condition.bind(message)
        return message

    def send(self, call: Call, message: Message) -> Awaitable[None]:
        etags, printer = self._endpoint.etags, self._endpoint.printer
        tagged = ""
        if etags.shows or self._condition is not None:
            etag = etags.header(message) if etags.shows else ""
            tagged = f"etag: {etag}\r\n" if etag else ""
            if self._condition is not None and self._condition.is_current(etag):
                # Neither a body nor what describes one (RFC 9110, section 15.4.5).
                return self.reply.send(304, self._headers(call, "") + tagged, b"")
        body, content_type = printer.print(message)
        if printer.streams:
            frames = self._choose_frames(call)
            body, content_type = frames.message(body) + frames.end(), frames.framing.content_type
        return self.reply.send(200, self._headers(call, content_type) + tagged, body, call.trailers)

    async def stream(self, call: Call, messages: Messages) -> None:
        reply, printer, frames = self.reply, self._endpoint.printer, self._choose_frames(call)
        framing = frames.framing
        if reply.bodiless:
            await self._stream_head(call, messages, framing)
            return
        with self._pulse(call, framing):
            # The head waits for the first message: until then an error can still have its own status.
            async for message in messages:
                body, content_type = printer.print(message)
                part = body if framing is RAW else frames.message(body)
                if reply.started:
                    await reply.write(part)
                else:
                    headers = self._stream_headers(call, framing, framing.content_type or content_type)
                    await reply.start(200, headers, part)
                    if framing is RAW:
                        messages.go_straight(reply.take)
            if reply.started:
                await reply.write(frames.end())
                await reply.end(call.trailers)
            else:
                headers = self._stream_headers(call, framing, framing.content_type)
                await reply.send(200, headers, frames.end(), call.trailers)

    async def fail(self, error: TollwayError, call_id: str) -> None:
        reply = self.reply
        if not reply.started:
            if self._condition is not None:
                self._condition.own(error)
            told = with_verbs(error, self.site.routes, target(self.request)[0])
            await refuse(reply, told, call_id, self.method, self.call)
        elif not reply.ended:
            last = self._frames.error(status_json(error))
            if last is None:
                reply.abort()
                return
            await reply.write(last)
            call = self.call
            # After a defect the trailers may be what is wrong.
            await reply.end(call.trailers if call and error.reason != Reason.REASON_INTERNAL else {})

    async def _stream_head(self, call: Call, messages: Messages, framing: Framing) -> None:
        """Answers with what the head of the stream is. Nobody reads what follows, which may have no end, and nobody
        waits for its first message longer than a reader of the stream would wait for the head.
        """
        content_type = framing.content_type
        with suppress(TimeoutError):
            async with asyncio.timeout(self.site.timeouts.pulse):
                if (first := await anext(messages, None)) is not None:
                    content_type = content_type or self._endpoint.printer.print(first)[1]
        await self.reply.start(200, self._stream_headers(call, framing, content_type), b"")
        await self.reply.end(call.trailers)

    def _read_head(self) -> Mapping[str, str]:
        """Fills in the reading, and keeps it where the head may come again; gives the call's metadata."""
        request, reading = self.request, self._reading
        metadata = self.metadata()
        if reading.parameters:
            system = system_parameters(reading.parameters, self.method.descriptor.input_type)
            reading.alt = alt = system.get("alt", "")
            if alt not in FORMS and not self._endpoint.printer.raw:
                raise invalid_field("alt", f"has to be one of {', '.join(filter(None, FORMS))}")
            if "key" in system:
                metadata[QUERY_KEY] = system["key"]
        reading.conditional = IF_MATCH in metadata or IF_NONE_MATCH in metadata
        reading.timed = has_deadline(request.headers)
        reading.content_type = request.headers.get("content-type", "")
        head = request.recurring
        if head is None or len(reading.parameters) > _KEPT_PARAMETERS:
            return metadata
        if any(metadata.get(name) != request.headers[name] for name in head.own):
            return metadata  # Some field says more of them.
        reading.metadata = metadata = Metadata(metadata)
        head.reading = reading
        return metadata

    def _check_head(self) -> None:
        """TollwayError where the head asks for what there is not."""
        reading, reader, body = self._reading, self._endpoint.reader, self.request.body
        if self._endpoint.printer.forms and not reading.alt:
            self._check_accept()
        if self._condition is not None:
            self._condition.check()
        if not reader.raw and reader.takes_body and body is not None:
            reader.check_content_type(reading.content_type)
        # Another request with this head may have a body where this one has none, and a condition takes what it needs.
        reading.checked = self._condition is None and body is not None

    def _check_accept(self) -> None:
        call = self.call
        assert call is not None
        accept = call.metadata.get("accept")
        if accept is not None and not accepts(accept, self._endpoint.printer.forms):
            raise TollwayError(Reason.REASON_NOT_ACCEPTABLE)

    def _uploaded(self) -> AsyncIterator[Message]:
        """The request messages of a stream."""
        reading, reader, call = self._reading, self._endpoint.reader, self.call
        assert call is not None
        if not reader.takes_body:
            self.reply.close_if_unread()
        parts = body_parts(self.request, reader, reading.content_type, self.site)
        stream = messages(reader, parts, reading.content_type, reading.parameters, reading.variables)
        call.defer(parts.aclose)
        call.defer(stream.aclose)
        return stream

    def _choose_frames(self, call: Call) -> Frames:
        if self._endpoint.printer.streams:
            self._frames = Frames(framing(call.metadata.get("accept", ""), self._reading.alt))
        return self._frames

    def _pulse(self, call: Call, framing: Framing) -> AbstractContextManager[object]:
        if framing is RAW:
            return nullcontext()
        head = partial(self._stream_headers, call, framing, framing.content_type)
        return Pulse(self.reply, framing.idle, self.site.timeouts.pulse, head)

    def _headers(self, call: Call, content_type: str) -> str:
        prefix = METADATA_PREFIX if self.site.like_grpc_gateway else ""
        return answer_headers(call.id, content_type, call.response_metadata, prefix)

    def _stream_headers(self, call: Call, framing: Framing, content_type: str) -> str:
        return self._headers(call, content_type) + framing.headers
