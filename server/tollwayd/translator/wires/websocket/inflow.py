"""What comes over a WebSocket: aiohttp's queue of messages, which stops the client while it is full."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import proxy

from aiohttp import WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue

if TYPE_CHECKING:
    from aiohttp.base_protocol import BaseProtocol

NO_MESSAGE: Final = 0
ONE_MESSAGE: Final = 1
ANY_MESSAGES: Final = sys.maxsize

_QUEUE_BYTES: Final = 64 * 1024  # aiohttp lets it hold twice that, and one message more.


class Listener(Protocol):
    """Hears what is not a message, as soon as it has come."""

    def on_ping(self, payload: bytes) -> None: ...
    def on_close(self, code: int) -> None: ...
    def on_violation(self, error: BaseException) -> None: ...


class Inflow(WebSocketDataQueue):
    """Messages in their order, of which `wanted` are kept; an empty text is the last. What comes behind is dropped.

    Control frames go to the listener past the messages in front of them: a client that leaves must be heard though
    nobody reads.
    """

    def __init__(self, connection: BaseProtocol, listener: Listener, wanted: int) -> None:
        super().__init__(connection, _QUEUE_BYTES, loop=asyncio.get_running_loop())
        self._listener: Final[Listener] = proxy(listener)  # It holds this: a cycle until a garbage collection.
        self._wanted = wanted
        self._reading: Final = asyncio.Lock()

    async def read(self) -> Any:
        """The next message; aiohttp's EofStream behind the last of a client that is gone."""
        async with self._reading:  # A handler may have left a reader behind, which nobody waits for.
            return await super().read()

    def feed_data(self, message: Any, size: int) -> None:
        """aiohttp: a frame has come."""
        kind = message.type
        if kind is WSMsgType.PING:
            self._listener.on_ping(message.data)
        elif kind is WSMsgType.CLOSE:
            self._listener.on_close(message.data)
        elif kind is not WSMsgType.PONG and self._wanted:
            self._wanted = 0 if is_end(message) else self._wanted - 1
            super().feed_data(message, size)

    def set_exception(self, exc: BaseException, _: object = None) -> None:
        """aiohttp: the frames are none."""
        self._listener.on_violation(exc)


def is_end(message: Any) -> bool:
    """Whether the message says that no other follows."""
    return message.type is WSMsgType.TEXT and not message.data
