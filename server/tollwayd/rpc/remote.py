"""A registry whose methods are those of another gRPC server, called over a channel."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import grpc
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.registry import Registry
from tollwayd.rpc.remote_errors import UNREADABLE, failure
from tollwayd.rpc.remote_metadata import received, sent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool

    from tollwayd.core.call import Call
    from tollwayd.core.chain import Chain, Handler


_LONGEST_SECONDS: Final = 10 * 365 * 24 * 3600.0
"""A deadline that is further off is sent as this: gRPC's library takes one beyond 292 years as passed."""


def remote_registry(
    channel: grpc.aio.Channel, services: Iterable[ServiceDescriptor], pool: DescriptorPool, chain: Chain
) -> Registry:
    """The methods of these services, each behind the chain. Errors' details are of the pool's types."""
    status_class = GetMessageClass(pool.FindMessageTypeByName("google.rpc.Status"))
    registry = Registry()
    for service in services:
        handlers = {method.name: _handler(channel, method, status_class) for method in service.methods}
        registry.add(service, SimpleNamespace(**handlers), chain)
    return registry


def _handler(channel: grpc.aio.Channel, method: MethodDescriptor, status_class: type[Message]) -> Handler:
    requests = "stream" if method.client_streaming else "unary"
    responses = "stream" if method.server_streaming else "unary"
    assert method.containing_service is not None
    # Answers are parsed here: gRPC's library would write those that do not parse into the log, and go on with None.
    start = getattr(channel, f"{requests}_{responses}")(
        f"/{method.containing_service.full_name}/{method.name}", request_serializer=_serialized
    )
    begin = partial(_Exchange, _Target(channel, start, GetMessageClass(method.output_type), status_class))

    async def answer(request: Any, call: Call) -> Message:
        return await begin(request, call).answer()

    async def stream(request: Any, call: Call) -> AsyncIterator[Message]:
        return begin(request, call).messages()

    return stream if method.server_streaming else answer


class _Target(NamedTuple):
    """A method of the other server: what starts a call of it, and the classes of its answers and of its errors."""

    channel: grpc.aio.Channel
    start: Callable[..., Any]
    answer_class: type[Message]
    status_class: type[Message]


class _Exchange:
    """One call at the other server: it begins when this is made, and is cancelled when the caller's call ends."""

    def __init__(self, target: _Target, request: Any, call: Call) -> None:
        self._target: Final = target
        self._call: Final = call
        self._refused: Exception | None = None
        requests = () if (streamed := not isinstance(request, Message)) else (request,)
        self._under_way: Final = target.start(*requests, timeout=_timeout(call), metadata=sent(call))
        call.defer(self._under_way.cancel)
        if streamed:
            self._sending: Final = asyncio.create_task(self._send(request))
            call.defer(self._stop_sending)

    async def answer(self) -> Message:
        """The one message of the answer."""
        try:
            data = await self._under_way
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
            raise self._reason(error) from None
        await self._begun()
        await self._ended()
        return self._parsed(data)

    async def messages(self) -> AsyncIterator[Message]:
        """The messages of the answer, each read when it is asked for."""
        await self._begun()
        try:
            async for data in self._under_way:
                yield self._parsed(data)
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
            raise self._reason(error) from None
        await self._ended()

    async def _begun(self) -> None:
        """Waits until the server has said what comes before its first message, or has failed.

        Of a stream that has no message it may be lost: grpc.aio forgets it where the end comes together with it.
        """
        self._call.response_metadata.update(received(await self._under_way.initial_metadata()))

    async def _ended(self) -> None:
        self._call.trailers.update(received(await self._under_way.trailing_metadata()))

    async def _send(self, requests: AsyncIterator[Message]) -> None:
        """Sends the caller's messages, each once the server has taken those before."""
        try:
            async for message in requests:
                await self._under_way.write(message)
            await self._under_way.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # The server has ended the call, and says there why.
        except Exception as error:  # noqa: BLE001 - whatever the caller's message was, it ends the call.
            self._refused = error
            self._under_way.cancel()

    async def _stop_sending(self) -> None:
        # Whoever made the caller's messages closes them next, and could not while they are being read.
        # A client that leaves while its call ends cancels that too, and this is not to be left half done.
        self._sending.cancel()
        while not self._sending.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((self._sending,))

    def _reason(self, error: BaseException) -> BaseException:
        if isinstance(error, grpc.aio.AioRpcError):
            call = self._call
            call.response_metadata.update(received(error.initial_metadata()))
            call.trailers.update(received(error.trailing_metadata()))
            connected = self._target.channel.get_state() is grpc.ChannelConnectivity.READY
            return failure(error, call, self._target.status_class, connected=connected)
        return self._refused or error

    def _parsed(self, data: bytes) -> Message:
        try:
            return self._target.answer_class.FromString(data)
        except DecodeError:
            raise TollwayError(Reason.REASON_UPSTREAM_INVALID, UNREADABLE) from None


def _timeout(call: Call) -> float | None:
    remaining = call.remaining()
    return None if remaining is None else min(remaining, _LONGEST_SECONDS)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
