"""The interceptor chain: it runs plugins around a servicer, and owns the closing of all that a call opened.

Hooks run in flat loops, which cost next to nothing; only `intercept` stacks generators. A generator that is left early
does not close the ones it reads from (they would stay open until garbage collection), so the chain defers each one's
`aclose` on the call: upstream first, then inner, then outer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from google.protobuf.message import Message

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from tollwayd.core.call import Call
    from tollwayd.core.plugin import Plugin, Proceed

Result = Message | AsyncIterator[Message]
"""What a method answers: one message, or the messages of a stream. A stream that is one message may be that message."""

Handler = Callable[[Any, "Call"], Awaitable[Result]]
"""A servicer's method as the chain sees it: `await handler(request, call)`."""

Read = Callable[[], Awaitable[Any]]
"""Makes the request of a call; TollwayError where it cannot be made."""

Hook = Callable[..., Any]


class Bound(Protocol):
    """A handler with its chain. Where `read` is given, it makes the request, once links have let the call pass."""

    def __call__(self, request: Any, call: Call, read: Read | None = None) -> Awaitable[Result]: ...


class Chain:
    """Plugins in their order, around any handler. Immutable; made once, not per call."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self.plugins: Final = tuple(sorted(plugins, key=_order))
        names = [plugin.name for plugin in self.plugins]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"plugins of one chain need different names: {sorted(twice)}")
        backwards = tuple(reversed(self.plugins))
        self._on_call = _hooks(self.plugins, "on_call")
        self._on_event = _hooks(backwards, "on_event")
        self._on_response = _hooks(backwards, "on_response")
        self._on_end = _hooks(backwards, "on_end")
        self._interceptors = [hook for plugin in backwards if (hook := getattr(plugin, "intercept", None))]

    def bind(self, handler: Handler, *, streams: bool, request: Descriptor | None = None) -> Bound:
        """The handler with the chain around it. `streams` says whether the method's answer is a stream, `request` what
        its requests are: links that say that such are none of theirs do not see them."""
        inner = self._intercepted(handler, streams=streams) if self._interceptors else handler
        on_call, on_response = self._on_call, self._on_response
        on_request = _hooks([plugin for plugin in self.plugins if _minds(plugin, request)], "on_request")

        # One frame for all that goes well: each more that a call waits in is half a microsecond.
        async def run(request: Any, call: Call, read: Read | None = None) -> Result:
            try:
                for hook in on_call:
                    if (outcome := hook(call)) is not None:
                        await _settled(outcome, None)
                if read is not None:
                    request = await read()
                for hook in on_request:
                    if (outcome := hook(call, request)) is not None:
                        request = await _settled(outcome, request)
                result = await inner(request, call)
                if not isinstance(result, Message):
                    self._own(call, result)
                    return Stream(result, call, self._on_event, self._on_end, wrapped=bool(self._interceptors))
                if on_response:
                    result = await _seen(result, call, on_response)
            except BaseException as error:  # noqa: BLE001 - cancellation ends a call, too.
                _raise(await _end(call, self._on_end, error))
            await _end(call, self._on_end, None)
            return result

        return run

    def _own(self, call: Call, source: AsyncIterator[Message]) -> None:
        if isinstance(source, AsyncGenerator) and not self._interceptors:  # theirs were deferred one by one
            call.defer(source.aclose)

    def _intercepted(self, handler: Handler, *, streams: bool) -> Handler:
        proceed = _source(handler)
        for hook in self._interceptors:
            proceed = _layer(hook, proceed)

        async def run(request: Any, call: Call) -> Result:
            events = proceed(call, request)
            return events if streams else await _only(events)

        return run


class Stream:
    """A streamed answer under way. Whoever holds it must read it to its end or `aclose` it; both are safe to repeat."""

    __slots__ = ("_call", "_ended", "_hooks", "_on_end", "_source", "_wrapped")

    def __init__(
        self,
        source: AsyncIterator[Message],
        call: Call,
        hooks: tuple[Hook, ...],
        on_end: tuple[Hook, ...],
        *,
        wrapped: bool = False,
    ) -> None:
        self._source = source
        self._call = call
        self._hooks = hooks
        self._on_end = on_end
        self._wrapped = wrapped
        self._ended = False

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Message:
        try:
            event = await self._source.__anext__()
            for hook in self._hooks:
                if (outcome := hook(self._call, event)) is not None:
                    event = await _settled(outcome, event)
        except StopAsyncIteration:
            await self._finish(None)
            raise
        except BaseException as error:  # noqa: BLE001 - the same.
            _raise(await self._finish(error))
        return event

    def go_straight(self, take: Callable[[bytes], bool]) -> None:
        """Lets a stream of HttpBody give bytes to `take`, as `Call.straight` has it: what comes while somebody waits
        for the next message then wakes nobody. Links that see the messages see all of them, so where there is one
        nothing goes this way."""
        if not (self._hooks or self._wrapped):
            self._call.straight = take

    async def aclose(self) -> None:
        """Ends the call as one whose caller left, unless it has ended already."""
        await self._finish(GeneratorExit())

    async def _finish(self, error: BaseException | None) -> BaseException | None:
        if self._ended:
            return error
        self._ended = True
        return await _end(self._call, self._on_end, error)


def _order(plugin: Plugin) -> tuple[int, int, str]:
    return plugin.stage, getattr(plugin, "priority", 0), plugin.name


def _minds(plugin: Plugin, request: Descriptor | None) -> bool:
    minds = getattr(plugin, "minds", None)
    return request is None or minds is None or minds(request)


def _hooks(plugins: Iterable[Plugin], name: str) -> tuple[Hook, ...]:
    return tuple(hook for plugin in plugins if (hook := getattr(plugin, name, None)))


async def _seen(message: Message, call: Call, hooks: tuple[Hook, ...]) -> Message:
    """The message as the hooks leave it."""
    for hook in hooks:
        if (outcome := hook(call, message)) is not None:
            message = await _settled(outcome, message)
    return message


async def _settled(outcome: Any, message: Any) -> Any:
    """What goes on from a hook that gave something: the message that it gave, or else the one that it saw."""
    if hasattr(outcome, "__await__"):
        outcome = await outcome
    return message if outcome is None else outcome


async def _end(call: Call, hooks: tuple[Hook, ...], error: BaseException | None) -> BaseException | None:
    """Closes what the call opened, runs the `on_end` hooks, and gives the error, if any, as its caller may see it."""
    call.error = public = error if error is None else _public(call.reason_for(error))
    # An ending must reach its last step whatever one of them does, a second cancellation included; what went wrong goes
    # into the call's log line.
    closers = call.closers
    while closers:
        try:
            if hasattr(outcome := closers.pop()(), "__await__"):
                await outcome
        except BaseException as error_within:  # noqa: BLE001
            call.end_errors.append(error_within)
    call.error = None  # Its frames hold the call: a cycle that would keep the request until a collection.
    for hook in hooks:
        try:
            if (outcome := hook(call, public)) is not None:
                await _settled(outcome, None)
        except BaseException as error_within:  # noqa: BLE001
            call.end_errors.append(error_within)
    return public


def _raise(error: BaseException | None) -> NoReturn:
    # A frame that holds the error it raises lives as long as that: in a cycle, until a collection, and with it the
    # frame's request, of megabytes maybe. So no caller names the error, and this frame forgets it.
    assert error is not None
    try:
        raise error from error.__cause__
    finally:
        del error


def _public(error: BaseException) -> BaseException:
    """The error itself where callers may see it, else REASON_INTERNAL with the error as its cause.

    grpc.aio sends the text of any other exception to the client.
    """
    if isinstance(error, TollwayError) or not isinstance(error, Exception):
        return error
    internal = TollwayError(Reason.REASON_INTERNAL)
    internal.__cause__ = error
    return internal


def _source(handler: Handler) -> Proceed:
    async def proceed(call: Call, request: Any) -> AsyncGenerator[Message, None]:
        result = await handler(request, call)
        if isinstance(result, Message):
            yield result
            return
        if isinstance(result, AsyncGenerator):
            call.defer(result.aclose)
        async for event in result:
            yield event

    return _closed_by_chain(proceed)


def _layer(intercept: Callable[..., AsyncGenerator[Message, None]], inner: Proceed) -> Proceed:
    def proceed(call: Call, request: Any) -> AsyncGenerator[Message, None]:
        return intercept(call, request, inner)

    return _closed_by_chain(proceed)


def _closed_by_chain(proceed: Proceed) -> Proceed:
    def deferred(call: Call, request: Any) -> AsyncGenerator[Message, None]:
        events = proceed(call, request)
        call.defer(events.aclose)
        return events

    return deferred


async def _only(events: AsyncIterator[Message]) -> Message:
    async for event in events:
        return event
    raise RuntimeError("an interceptor left a unary call without an answer")
