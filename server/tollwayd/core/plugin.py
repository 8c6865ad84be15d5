"""What a link of the interceptor chain is.

A plugin is any object with `name` and `stage` and at least one of the hooks below, found by presence. Hooks are plain
or async functions; an error raised in one ends the call. Most plugins need nothing else:

    class RefuseOnSundays:
        name = "refuse-on-sundays"
        stage = Stage.AUTHORIZE

        def on_request(self, call, request):
            if datetime.now(UTC).weekday() == 6:
                raise TollwayError(Reason.REASON_PERMISSION_DENIED)

`intercept` is for links that must wrap the rest of the chain: a cache, a retry. It costs more per event.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from google.protobuf.message import Message

    from tollwayd.core.call import Call

    Proceed = Callable[[Call, Any], AsyncGenerator[Message, None]]


class Stage(IntEnum):
    """Where in the chain a link stands; lower stages see the request earlier and the answer later."""

    OBSERVE = 0
    AUTHENTICATE = 100
    AUTHORIZE = 200
    ADMIT = 300
    TRANSFORM = 400
    ROUTE = 500


class Plugin(Protocol):
    """What every link has. `priority`, lower first, orders links of one stage; absent, it is 0; then names decide."""

    @property
    def name(self) -> str:
        """Unique within a chain, in kebab-case."""
        ...

    @property
    def stage(self) -> Stage:
        """Where it stands."""
        ...


class OnCall(Protocol):
    """Sees the call before its request is read. For links that need no more than metadata: nobody's body is taken in
    before they have let the call pass."""

    def on_call(self, call: Call) -> Awaitable[None] | None: ...


class OnRequest(Protocol):
    """Sees the request before the servicer: a message, or an async iterator of messages where the method streams
    requests. What is returned takes the request's place. A link may have `minds(descriptor) -> bool` besides: it is
    asked once for each method, and does not see requests of a type that it does not mind."""

    def on_request(self, call: Call, request: Any) -> Any | Awaitable[Any] | None: ...


class OnEvent(Protocol):
    """Sees each message of a streamed answer. A message returned takes its place."""

    def on_event(self, call: Call, event: Message) -> Message | Awaitable[Message | None] | None: ...


class OnResponse(Protocol):
    """Sees an answer that is one message. A message returned takes its place."""

    def on_response(self, call: Call, response: Message) -> Message | Awaitable[Message | None] | None: ...


class OnEnd(Protocol):
    """Runs exactly once for every call, however it ended, in reverse order, after all that the call opened is closed.

    `error` is None for success, `asyncio.CancelledError` or `GeneratorExit` where the caller left. An error raised
    here is logged and changes nothing.
    """

    def on_end(self, call: Call, error: BaseException | None) -> Awaitable[None] | None: ...


class Intercept(Protocol):
    """Wraps the rest: an async generator that yields the events of `proceed(call, request)`, more, fewer or others."""

    def intercept(self, call: Call, request: Message, proceed: Proceed) -> AsyncGenerator[Message, None]: ...
