"""The registry's methods as grpc.aio wants them: Calls out of contexts, messages out of bytes, errors into statuses."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError, Message

from tollwayd.core.call import Call
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.status import to_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tollwayd.core.chain import Read
    from tollwayd.rpc.registry import Method, Registry

    Context = grpc.aio.ServicerContext[bytes, bytes]
    Behaviour = Callable[[Any, Context, Call], Awaitable[bytes | None]]

Running = dict[asyncio.Task[Any], Call]
"""The calls under way, by the tasks that run them."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_DETAILS = "grpc-status-details-bin"


class Methods(grpc.GenericRpcHandler):
    """A registry's methods. Messages are parsed here: grpc.aio would answer INTERNAL for one that does not parse, and
    say in which library. `running` holds the calls under way."""

    def __init__(self, registry: Registry, running: Running) -> None:
        self._handlers = {method.name: _handler(method, running) for method in registry}

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self._handlers.get(details.method)


def _handler(method: Method, running: Running) -> Any:
    descriptor = method.descriptor
    requests = "stream" if descriptor.client_streaming else "unary"
    responses = "stream" if descriptor.server_streaming else "unary"
    make = getattr(grpc, f"{requests}_{responses}_rpc_method_handler")
    behaviour = _streamed(method) if descriptor.server_streaming else _unary(method)
    return make(_counted(method, behaviour, running))


def _counted(method: Method, behaviour: Behaviour, running: Running) -> Any:
    async def answer(data: bytes | AsyncIterator[bytes], context: Context) -> bytes | None:
        task = asyncio.current_task()
        assert task is not None
        running[task] = call = _call(method, context)
        try:
            return await behaviour(data, context, call)
        finally:
            del running[task]

    return answer


def _unary(method: Method) -> Behaviour:
    async def answer(data: bytes | AsyncIterator[bytes], context: Context, call: Call) -> bytes:
        try:
            result = await method.invoke(None, call, _reader(method, data))
        except TollwayError as error:
            await _abort(method, call, context, error)
        assert isinstance(result, Message)
        await _begin(call, context)
        _end(call, context)
        return result.SerializeToString()

    return answer


def _streamed(method: Method) -> Behaviour:
    # Written with context.write, not as a generator: a generator that grpc.aio cancels at its `yield` stays unclosed
    # until garbage collection, and with it the connection to the provider.
    async def answer(data: bytes | AsyncIterator[bytes], context: Context, call: Call) -> None:
        try:
            result = await method.invoke(None, call, _reader(method, data))
            await _write(result, call, context)
        except TollwayError as error:
            await _abort(method, call, context, error)
        _end(call, context)

    return answer


async def _write(result: Any, call: Call, context: Context) -> None:
    if isinstance(result, Message):
        await _begin(call, context)
        await context.write(result.SerializeToString())
        return
    try:
        await _begin(call, context)
        async for message in result:
            await context.write(message.SerializeToString())
    finally:
        await result.aclose()


def _reader(method: Method, data: Any) -> Read:
    async def read() -> Any:
        return _parse(method, data) if isinstance(data, bytes) else _parsed(method, data)

    return read


async def _parsed(method: Method, stream: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    async for data in stream:
        yield _parse(method, data)


def _parse(method: Method, data: bytes) -> Message:
    try:
        return method.request_class.FromString(data)
    except DecodeError:
        name = method.request_class.DESCRIPTOR.full_name
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, f"The message is not a valid {name}.") from None


def _call(method: Method, context: Context) -> Call:
    remaining = context.time_remaining()
    return Call(
        method.name,
        _metadata(context),
        peer=_address(context.peer()),
        door="grpc",
        deadline=None if remaining is None else time.monotonic() + remaining,
    )


def _metadata(context: Context) -> dict[str, str]:
    """As the REST door has it: values of one name joined by commas."""
    metadata: dict[str, str] = {}
    for key, value in context.invocation_metadata() or ():
        text = value if isinstance(value, str) else b64encode(value).decode()
        metadata[key] = f"{metadata[key]}, {text}" if key in metadata else text
    return metadata


def _address(peer: str) -> str:
    """`ipv4:127.0.0.1:50412` → `127.0.0.1`; `ipv6:%5B::1%5D:50412` → `::1`."""
    _, _, address = unquote(peer).partition(":")
    host, _, _ = address.rpartition(":")
    return host.strip("[]")


async def _begin(call: Call, context: Context) -> None:
    await context.send_initial_metadata((("x-request-id", call.id), *call.response_metadata.items()))


def _end(call: Call, context: Context) -> None:
    if call.trailers:
        context.set_trailing_metadata(tuple(call.trailers.items()))


async def _abort(method: Method, call: Call, context: Context, error: TollwayError) -> None:
    status = to_status(error, method.error_body)
    trailers = (("x-request-id", call.id), *call.trailers.items(), (_DETAILS, status.SerializeToString()))
    await context.abort(_CODES[error.rule.code], status.message, trailers)
