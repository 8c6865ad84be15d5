"""A registry's methods for the gRPC door: Calls out of streams, messages out of bytes, errors into statuses."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import Message

from tollwayd.core.call import Call
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.reply import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tollwayd.rpc.parsing import Parser
    from tollwayd.rpc.registry import Method, Registry
    from tollwayd.rpc.stream import Stream

    Answer = Callable[[Stream], Awaitable[bool]]
    """Answers a call, in a task of its own; whether it succeeded. CancelledError where nobody is there to be told."""

    Running = dict[asyncio.Task[Any], Call]


class Answered(NamedTuple):
    """How calls of a method are answered, and whether with a stream."""

    answer: Answer
    streams: bool


class Methods:
    """The methods of registries, and their calls under way."""

    def __init__(self, *registries: Registry) -> None:
        self._running: Running = {}
        methods = [method for registry in registries for method in registry]
        self._answered = {method.name: _answered(method, self._running) for method in methods}
        self._unknown = Answered(_refuse_unknown, streams=False)

    def find(self, name: str) -> Answered:
        """Of the method of this full name, or of one that there is not."""
        return self._answered.get(name, self._unknown)

    def cut(self, reason: Reason) -> None:
        """Ends every call under way, and tells its caller why."""
        for task, call in self._running.items():
            call.cut(task, TollwayError(reason))  # Each its own, as a traceback is part of it.

    def cut_one(self, task: asyncio.Task[Any], reason: Reason) -> None:
        """The same for the call that this task runs, if it runs one."""
        if (call := self._running.get(task)) is not None:
            call.cut(task, TollwayError(reason))


async def refuse(stream: Stream, error: TollwayError) -> bool:
    """Answers what is no call of a method with an error."""
    await Reply(stream, Call("", {}, door="grpc")).fail(error)
    return False


async def _refuse_unknown(stream: Stream) -> bool:
    return await refuse(stream, TollwayError(Reason.REASON_METHOD_NOT_FOUND))


def _answered(method: Method, running: Running) -> Answered:
    read = _read_all if method.descriptor.client_streaming else _read_one
    parser = method.parser

    async def answer(stream: Stream) -> bool:
        task = asyncio.current_task()
        assert task is not None
        running[task] = call = Call(
            method.name, stream.metadata, peer=stream.peer, door="grpc", deadline=stream.deadline
        )
        reply = Reply(stream, call, method.error_body)
        try:
            result = await method.invoke(None, call, partial(read, parser, stream))
            if isinstance(result, Message):
                await reply.only(result)
            else:
                await _send_all(result, reply)
        except BaseException as error:  # noqa: BLE001 - the caller is told what it was, if it is still there.
            await reply.fail(error)
            return False
        finally:
            del running[task]
            call.cut_by = None  # Its traceback holds this frame: a cycle that would keep the call until a collection.
        return True

    return Answered(answer, streams=method.descriptor.server_streaming)


async def _send_all(events: Any, reply: Reply) -> None:
    try:
        # The head waits for the first message: until then an error needs none, and may add to it.
        first = await anext(events, None)
        reply.start()
        if first is not None:
            if (room := reply.write(first)) is not None:
                await room
            async for event in events:
                if (room := reply.write(event)) is not None:
                    await room
    finally:
        await events.aclose()
    await reply.end()


async def _read_one(parser: Parser, stream: Stream) -> Message:
    # What follows the message is not looked at.
    data = await stream.read()
    if data is None:
        raise TollwayError(Reason.REASON_MESSAGE_MISSING)
    return await parser.parse(data)


async def _read_all(parser: Parser, stream: Stream) -> AsyncIterator[Message]:
    return _Messages(parser, stream)


class _Messages:
    """A stream of requests. No generator: one that is left early stays open until garbage collection."""

    def __init__(self, parser: Parser, stream: Stream) -> None:
        self._parser = parser
        self._stream = stream

    def __aiter__(self) -> _Messages:
        return self

    async def __anext__(self) -> Message:
        if (data := await self._stream.read()) is None:
            raise StopAsyncIteration
        return await self._parser.parse(data)
