"""The registry's methods as grpc.aio wants them: Calls out of contexts, messages out of bytes, errors into statuses."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError, Message

from tollwayd.core.call import Call
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.reply import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tollwayd.rpc.registry import Method, Registry
    from tollwayd.rpc.reply import Context

    Send = Callable[[Any, Reply], Awaitable[bytes | None]]

KEPT_PEERS = 1024
"""Peers whose addresses are kept: a connection's calls all come from one."""

Running = dict[asyncio.Task[Any], Call]
"""The calls under way, by the tasks that run them."""


class Methods(grpc.GenericRpcHandler):
    """The methods of registries. `running` holds the calls under way.

    Messages are read and parsed here. Of a call that has none grpc.aio says nothing, and its caller waits for ever; of
    two it takes the first; of one that does not parse it tells the caller what the library said.
    """

    def __init__(self, running: Running, *registries: Registry) -> None:
        methods = [method for registry in registries for method in registry]
        self._handlers = {method.name: _handler(method, running) for method in methods}
        self._unknown: Any = grpc.stream_unary_rpc_method_handler(_refuse)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self._handlers.get(details.method, self._unknown)


async def _refuse(_: object, context: Context) -> NoReturn:
    await Reply(context, Call("", {}, door="grpc")).fail(TollwayError(Reason.REASON_METHOD_NOT_FOUND))


def _handler(method: Method, running: Running) -> Any:
    streams = method.descriptor.server_streaming
    make = grpc.stream_stream_rpc_method_handler if streams else grpc.stream_unary_rpc_method_handler
    return make(_answerer(method, _send_stream if streams else _send_one, running))


def _answerer(method: Method, send: Send, running: Running) -> Any:
    read = _read_all if method.descriptor.client_streaming else _read_one

    async def answer(_: object, context: Context) -> bytes | None:
        task = asyncio.current_task()
        assert task is not None
        running[task] = call = _call(method, context)
        reply = Reply(context, call, method.error_body)
        try:
            return await send(await method.invoke(None, call, partial(read, method, context)), reply)
        except BaseException as error:  # noqa: BLE001 - grpc.aio would tell the caller the text of most.
            await reply.fail(error)
        finally:
            del running[task]

    return answer


async def _send_one(result: Any, reply: Reply) -> bytes:
    assert isinstance(result, Message)
    await reply.start()
    reply.end()
    return result.SerializeToString()


async def _send_stream(result: Any, reply: Reply) -> None:
    # Written with context.write, not as a generator: a generator that grpc.aio cancels at its `yield` stays unclosed
    # until garbage collection, and with it the connection to the provider.
    if isinstance(result, Message):
        await reply.start()
        await reply.write(result)
    else:
        await _send_all(result, reply)
    reply.end()


async def _send_all(events: Any, reply: Reply) -> None:
    try:
        # The head waits for the first message: until then an error needs none, and may add to it.
        first = await anext(events, None)
        await reply.start()
        if first is not None:
            await reply.write(first)
            async for event in events:
                await reply.write(event)
    finally:
        await events.aclose()


async def _read_one(method: Method, context: Context) -> Message:
    # What would follow the message is not looked for: to see that nothing does is another turn through C-Core, 7 % of
    # an echo's time.
    data = await context.read()
    if data is grpc.aio.EOF:
        raise TollwayError(Reason.REASON_MESSAGE_MISSING)
    return _parse(method, data)


async def _read_all(method: Method, context: Context) -> AsyncIterator[Message]:
    return _Messages(method, context)


class _Messages:
    """A stream of requests. No generator: one that is left early stays open until garbage collection."""

    def __init__(self, method: Method, context: Context) -> None:
        self._method = method
        self._context = context

    def __aiter__(self) -> _Messages:
        return self

    async def __anext__(self) -> Message:
        if (data := await self._context.read()) is grpc.aio.EOF:
            raise StopAsyncIteration
        return _parse(self._method, data)


def _parse(method: Method, data: Any) -> Message:
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


@lru_cache(KEPT_PEERS)
def _address(peer: str) -> str:
    """`ipv4:127.0.0.1:50412` → `127.0.0.1`; `ipv6:%5B::1%5D:50412` → `::1`."""
    _, _, address = unquote(peer).partition(":")
    host, _, _ = address.rpartition(":")
    return host.strip("[]")
