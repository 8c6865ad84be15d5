"""What the wires have in common whose paths are method names: calls, and answers of messages in envelopes."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.framing import UNBUFFERED
from tollwayd.translator.answers.pulse import Pulse
from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.head.metadata import request_metadata, response_headers
from tollwayd.translator.messages.body import ask_for_body, read_body, stream_body
from tollwayd.translator.wires.rpc.envelope import HEAD_BYTES, Envelopes, envelope, only
from tollwayd.translator.wires.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from google.protobuf.message import Message

    from tollwayd.core.call import Call
    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.rpc.codec import Codec
    from tollwayd.translator.wires.wire import Messages, Site

    Refuse = Callable[..., Awaitable[None]]
    """As `refusal.refuse`: answers with an error where no answer has begun."""


def rpc_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """The request's headers as metadata, without those of the protocols themselves; `-bin` values in padded base64."""
    return {
        name: _padded(value) if name.endswith("-bin") else value
        for name, value in request_metadata(headers).items()
        if not name.startswith("connect-") and name != "x-grpc-web"
    }


def check_identity(headers: Mapping[str, str], *names: str) -> None:
    """REASON_ENCODING_UNSUPPORTED where one of the headers names a compression."""
    for name in names:
        if headers.get(name, "identity").strip().lower() not in {"", "identity"}:
            raise TollwayError(Reason.REASON_ENCODING_UNSUPPORTED)


def failed_metadata(error: TollwayError, call: Call | None) -> str:
    """The header lines of a failed call's metadata; after a defect it may be what is wrong."""
    return "" if call is None or error.reason == Reason.REASON_INTERNAL else sound_headers(call.response_metadata)


def sound_headers(metadata: Mapping[str, str], prefix: str = "") -> str:
    """As `response_headers`, for an error's answer: none where they cannot be sent."""
    try:
        return response_headers(metadata, prefix)
    except ValueError:
        return ""


class EnvelopeWire(Wire):
    """A wire whose bodies are messages in envelopes, the answer's with a last one that says how the call ended."""

    __slots__ = ("_codec",)

    content_type: str
    """The answer's."""
    refuse: Refuse

    def __init__(self, request: Request, reply: Reply, site: Site, method: Method, codec: Codec) -> None:
        super().__init__(request, reply, site, method)
        self._codec: Final = codec

    @abstractmethod
    def check(self) -> None:
        """TollwayError where the head asks for what the protocol does not have here."""

    @abstractmethod
    def deadline(self) -> float | None:
        """The call's deadline; TollwayError where it cannot be read."""

    @abstractmethod
    def last(self, trailers: Mapping[str, str], error: TollwayError | None) -> bytes:
        """The last envelope: trailers, and the error where there is one."""

    async def body(self, limit: int) -> bytes:
        """The whole body, of `limit` bytes at most. TollwayError as `read_body`."""
        return await read_body(self.request, limit, self.site.timeouts)

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. TollwayError as `stream_body`."""
        return stream_body(self.request, self.site.timeouts)

    def pack(self, part: bytes) -> bytes:
        """A part of the answer as it goes over the wire."""
        return part

    def begin(self) -> Call:
        self.check()
        return self.make_call(rpc_metadata(self.request.headers), self.deadline())

    async def read(self) -> Any:
        if self.method.descriptor.client_streaming:
            ask_for_body(self.request)
            messages = self._messages()
            assert self.call is not None
            self.call.defer(messages.aclose)
            return messages
        limit = self.site.max_body_bytes
        return await self._codec.read(self.method, only(await self.body(HEAD_BYTES + limit), limit))

    async def send(self, call: Call, message: Message) -> None:
        body = envelope(self._codec.write(self.method, message)) + self.last(call.trailers, None)
        await self.reply.send(200, self._head(call), self.pack(body))

    async def stream(self, call: Call, messages: Messages) -> None:
        reply, method, write = self.reply, self.method, self._codec.write
        # The head goes out with the first message, as until then the method may add to it, but not much later: it is
        # the one sign of life that these protocols have.
        with Pulse(reply, b"", self.site.timeouts.pulse, partial(self._head, call)):
            async for message in messages:
                part = self.pack(envelope(write(method, message)))
                if reply.started:
                    await reply.write(part)
                else:
                    await reply.start(200, self._head(call), part)
        last = self.pack(self.last(call.trailers, None))
        if reply.started:
            await reply.write(last)
            await reply.end({})
        else:
            await reply.send(200, self._head(call), last)

    async def fail(self, error: TollwayError, call_id: str) -> None:
        call, reply = self.call, self.reply
        if not reply.started:
            await self.refuse(reply, error, call_id, self.method, call)
        elif not reply.ended:
            await reply.write(self.pack(self.last(call.trailers if call else {}, error)))
            await reply.end({})

    async def _messages(self) -> AsyncGenerator[Message, None]:
        """The request messages of a stream."""
        envelopes = Envelopes(self.site.max_body_bytes)
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                for data in envelopes.feed(piece):
                    yield await self._codec.read(self.method, data)
        envelopes.end()

    def _head(self, call: Call) -> str:
        return answer_headers(call.id, self.content_type, call.response_metadata) + UNBUFFERED


def _padded(values: str) -> str:
    """As the gRPC door has them; callers may leave the padding out."""
    parts = (value.strip().rstrip("=") for value in values.split(","))
    return ", ".join(part + "=" * (-len(part) % 4) for part in parts)
