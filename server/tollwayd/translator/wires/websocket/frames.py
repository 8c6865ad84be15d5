"""A WebSocket after its handshake: messages in and out, signs of life, and how it closes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp import EofStream, WebSocketError, WSCloseCode, WSMsgType
from aiohttp.http import WebSocketWriter

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.limits import LINGER_SECONDS
from tollwayd.translator.wires.websocket.close_codes import violation
from tollwayd.translator.wires.websocket.inflow import Inflow, is_end
from tollwayd.translator.wires.websocket.masking import MaskedReader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tollwayd.translator.wires.wire import Wire

_MAX_MESSAGE_BYTES = 2**31 - 1  # What aiohttp can count.


class Socket:
    """The socket of one call, in the task that runs the call and that ends where the client leaves.

    `kind` is that of the client's messages, TEXT or BINARY, and `wanted` how many are. Reading and writing wait where
    the other side does not keep up; ConnectionError where it is gone.
    """

    __slots__ = (
        "__weakref__",
        "_broken",
        "_call",
        "_came_at",
        "_connection",
        "_inflow",
        "_kind",
        "_loop",
        "_open",
        "_owed_pong",
        "_parser",
        "_pays_soon",
        "_reply",
        "_timeouts",
        "_timer",
        "_transport",
        "_writer",
    )

    def __init__(self, wire: Wire, *, kind: WSMsgType, wanted: int) -> None:
        transport, call = wire.request.client.transport, wire.call
        assert call is not None
        if transport is None:
            raise ConnectionResetError("the client is gone")
        self._transport: Final = transport
        self._loop: Final = asyncio.get_running_loop()
        connection: Any = wire.request.client  # aiohttp wants less of it than its types say.
        self._connection: Final = connection
        self._reply: Final = wire.reply
        self._call: Final = call
        self._timeouts: Final = wire.site.timeouts
        self._kind: Final = kind
        self._open = True
        self._broken = False
        self._owed_pong: bytes | None = None
        self._pays_soon = False
        self._came_at = self._loop.time()
        self._timer = self._loop.call_later(self._timeouts.pulse, self._beat)
        self._writer: Final = _Writer(connection, transport)
        self._inflow: Final = Inflow(connection, self, wanted)
        limit = min(wire.site.max_body_bytes + 1, _MAX_MESSAGE_BYTES)
        self._parser: Final = MaskedReader(self._inflow, limit, compress=False, decode_text=False)
        call.defer(self._stop)
        self._connection.set_parser(self._parser, self._note)

    async def receive(self) -> bytes | None:
        """The client's next message; None where it has said that there is none."""
        try:
            message = await self._inflow.read()
        except EofStream:
            raise TollwayError(Reason.REASON_CANCELLED) from None
        if is_end(message):
            return None
        if message.type is not self._kind:
            raise TollwayError(
                Reason.REASON_MEDIA_TYPE_UNSUPPORTED, f"Messages of this method are {self._kind.name.lower()}."
            )
        data: bytes = message.data
        return data

    async def messages(self) -> AsyncGenerator[bytes, None]:
        """The client's messages until it says that there are no more."""
        while (data := await self.receive()) is not None:
            yield data

    async def send(self, data: bytes, kind: WSMsgType) -> None:
        """Sends a message."""
        if self._open:
            self._writer.put(data, kind)
            await self._reply.drain()
            self._pay_pong()

    async def close(self, code: WSCloseCode, reason: str = "") -> None:
        """Says that the socket closes, and waits a little until the client says the same (RFC 6455, section 7.1.1):
        closed at once, TCP might take back what was sent. `reason` has 123 bytes at most.
        """
        if not self._open:
            return
        self._open = False
        self._writer.put(code.to_bytes(2, "big") + reason.encode(), WSMsgType.CLOSE)
        with suppress(TimeoutError, EofStream):
            async with asyncio.timeout(LINGER_SECONDS):
                await self._wait_for_close()

    def on_ping(self, payload: bytes) -> None:
        """The client's. Pings that come together, or while the client does not read, have one answer, that to the last
        (RFC 6455, section 5.5.3): each a write of its own, a megabyte of them would take most of a second.
        """
        self._owed_pong = payload
        if not self._pays_soon:
            self._pays_soon = True
            self._loop.call_soon(self._pay_soon)

    def on_close(self, code: int) -> None:
        """The client leaves, or agrees to."""
        if self._open:
            self._open = False
            with suppress(ConnectionError):
                self._writer.put((code or WSCloseCode.OK).to_bytes(2, "big"), WSMsgType.CLOSE)
            self._connection.task.cancel()
        self._inflow.feed_eof()

    def on_violation(self, error: BaseException) -> None:
        """Nothing that comes can be read any more."""
        self._broken = True
        if self._open:
            code = error.code if isinstance(error, WebSocketError) else WSCloseCode.PROTOCOL_ERROR
            self._call.cut(self._connection.task, violation(code))
        self._inflow.feed_eof()

    async def _wait_for_close(self) -> None:
        if self._broken:
            with suppress(NotImplementedError):  # TLS knows no such half of an end.
                self._transport.write_eof()
            await self._loop.create_future()  # The loss of the connection cancels this task.
        while True:
            await self._inflow.read()

    def _pay_soon(self) -> None:
        self._pays_soon = False
        self._pay_pong()

    def _pay_pong(self) -> None:
        if self._owed_pong is not None and self._open and not self._connection.writing_paused:
            self._put_quietly(self._owed_pong, WSMsgType.PONG)
            self._owed_pong = None

    def _put_quietly(self, payload: bytes, kind: WSMsgType) -> None:
        with suppress(ConnectionError):  # Whoever writes the answer meets it too.
            self._writer.put(payload, kind)

    def _stop(self) -> None:
        self._timer.cancel()

    def _note(self) -> None:
        """Something came."""
        self._came_at = self._loop.time()

    def _beat(self) -> None:
        """Looks whether the client still lives, and asks it for a sign."""
        if self._connection.transport is None:
            return  # It has left.
        if not self._transport.is_reading():
            self._note()  # The silence is this side's own.
        silence = self._loop.time() - self._came_at
        if silence >= self._timeouts.stream_idle:
            late = TollwayError(Reason.REASON_REQUEST_TIMEOUT, "Nothing came for too long.")
            self._call.cut(self._connection.task, late)
            return
        self._pay_pong()
        # Half, as what a ping brings comes a moment after it.
        if silence > self._timeouts.pulse / 2 and self._open and not self._connection.writing_paused:
            self._put_quietly(b"", WSMsgType.PING)
        self._timer = self._loop.call_later(self._timeouts.pulse, self._beat)


class _Writer(WebSocketWriter):
    def put(self, payload: bytes, kind: WSMsgType) -> None:
        """Writes a frame, without waiting; ConnectionError where the client is gone."""
        self._write_websocket_frame(payload, kind, 0)
