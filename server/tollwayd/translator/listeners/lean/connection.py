"""A client's connection: its requests one after the other, its times, and its end."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tollwayd.translator.limits import LINGER_SECONDS, TURN_BYTES
from tollwayd.translator.listeners.half_close import Question
from tollwayd.translator.listeners.lean.flow import QUEUE, Flow
from tollwayd.translator.listeners.lean.parser import MAX_REQUESTS, RequestParser
from tollwayd.translator.listeners.no_request import refusal
from tollwayd.translator.request import BrokenBody, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.core.errors import Reason
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.listeners.lean.listener import LeanListener
    from tollwayd.translator.request import Body

_HELD_BYTES: Final = 64 * 1024
"""What may wait to be parsed before the client has to."""

_log = logging.getLogger(__name__)


class Connection(Flow):
    """As `request.Client`. Its task answers the requests, each behind the one before it, and closes the connection."""

    __slots__ = (
        "_closing",
        "_frames",
        "_half_closed",
        "_head_timer",
        "_idle_timer",
        "_idle_until",
        "_listener",
        "_on_frames",
        "_parser",
        "_requests",
        "_taken",
        "_waiter",
        "peer",
        "reply",
        "task",
    )

    task: asyncio.Task[None]

    def __init__(self, listener: LeanListener, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._listener: Final = listener
        self._parser: Final = RequestParser(self)
        self._requests: Final = self._parser.requests
        self._taken: Request | Reason | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_until = 0.0
        self._closing = False
        self._half_closed = False
        self._frames: Any = None
        self._on_frames: Callable[[], None] | None = None
        self.reply: Reply | None = None
        self.peer = ""

    @property
    def waits(self) -> bool:
        """Whether no request is under way on it."""
        return self._taken is None and not self._requests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer, end = transport.get_extra_info("peername"), transport.get_extra_info("socket")
        if peer:
            self.peer = str(peer[0])
        if end is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._await_next()
        self.task = self.loop.create_task(self._live())
        self._listener.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.closed(self)
        self._closing = True
        self._forget_head()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)
        self._parser.close()
        if self._frames is not None:
            self._frames.feed_eof()
        self.task.cancel()
        # Its end holds a traceback, and that this connection, which would wait for a garbage collection. So do frames.
        del self.task
        self._frames = self._on_frames = None

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._frames is not None:
            self._receive_frames(data)
        else:
            self._parser.feed(data)
            if self._waiter is not None and not self._waiter.done():
                self._wake()
            if self._parser.rest and len(self._parser.rest) >= _HELD_BYTES:
                self.hold(QUEUE)
        if len(data) >= TURN_BYTES:
            self.end_turn()

    def eof_received(self) -> bool:
        """asyncio: the client sends no more. What it has asked for whole is answered all the same, if it is there."""
        last = self._requests[-1] if self._requests else self._taken
        if self._closing or last is None:
            return False
        whole = not isinstance(last, Request) or last.body is None or last.body.whole
        if last is self._taken and not (whole and (self.reply is None or self.reply.can_nudge)):
            # Where there is no way to ask, the end of sending is how clients leave.
            return False
        self._parser.end()
        self._half_closed = True
        Question(self, self.loop).ask()
        return True

    def set_parser(self, parser: Any, data_received_cb: Callable[[], None] | None = None) -> None:
        """As `request.Client`."""
        self._frames, self._on_frames = parser, data_received_cb
        if rest := self._parser.take_rest():
            parser.feed_data(rest)
        self.release(QUEUE)

    def force_close(self) -> None:
        """Closes the connection when what was written has been sent, and cuts it where nobody takes that."""
        transport, self.transport, self._closing = self.transport, None, True
        if transport is not None:
            transport.close()
            if transport.get_write_buffer_size():
                self.loop.call_later(self._listener.timeouts.stalled_answer, transport.abort)

    def turn_away(self, reason: Reason) -> None:
        """Closes a connection that has only just come, and says why."""
        self._refuse(reason)
        self.force_close()

    async def _live(self) -> None:
        """The life of the connection."""
        requests, answer = self._requests, self._listener.answer
        try:
            while not self._closing and (requests or not self._half_closed):
                if not requests:
                    await self._something()
                self._taken = request = requests.popleft()
                if self._parser.rest and len(requests) <= MAX_REQUESTS // 2:
                    self._parse_on()
                if not isinstance(request, Request):
                    self._refuse(request)
                    await self._see_off()
                    return
                keep, body = await answer(request), request.body
                if (body is not None and not body.whole) or (self._parser.switches and not requests):
                    keep = await self._finish(request) and keep
                if not keep:
                    return
                self._taken = self.reply = None
                self._await_next()
                if requests:
                    # Pipelined: without a pause the loop would be this client's until its last one is answered.
                    await asyncio.sleep(0)
        except Exception:  # noqa: BLE001 - its traceback is logged, and the connection is all that it may cost.
            # What answers raises nothing; where it does, nobody knows what is out already.
            _log.exception("the REST door failed")
        finally:
            # Also on the way out of a cancellation: a client that has left is cut off from what was for it.
            self.force_close()
            self._taken = self.reply = None  # They hold this connection.

    def _something(self) -> asyncio.Future[None]:
        """Done when a request has come, or what is none."""
        self._waiter = waiter = self.loop.create_future()
        if self._parser.in_head:
            self._time_head()
        return waiter

    async def _finish(self, request: Request) -> bool:
        """Whether another may follow, once nothing of an answered request is left on the connection."""
        if self._parser.switches and not self._requests:
            self._parser.decline()
            self._parse_on()
        return request.body is None or request.body.whole or await self._linger(request.body)

    async def _linger(self, body: Body) -> bool:
        """Throws the unread body of an answered request away; whether all of it came in time."""
        with suppress(TimeoutError, BrokenBody, ConnectionError):
            async with asyncio.timeout(LINGER_SECONDS):
                while await body.read():
                    pass
        return body.whole

    def _wake(self) -> None:
        """Something came while a request is waited for."""
        if self._requests:
            assert self._waiter is not None
            self._waiter.set_result(None)
            if self._head_timer is not None:
                self._forget_head()
        else:
            self._time_head()

    def _parse_on(self) -> None:
        """Parses what waited, now that there is room, or that it is HTTP."""
        self._parser.resume()
        if len(self._parser.rest) < _HELD_BYTES:
            self.release(QUEUE)

    def _receive_frames(self, data: bytes) -> None:
        if self._on_frames is not None:
            self._on_frames()
        over, _ = self._frames.feed_data(data)
        self._closing = self._closing or over

    def _await_next(self) -> None:
        self._idle_until = self.loop.time() + self._listener.timeouts.idle
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_at(self._idle_until, self._close_idle)

    def _close_idle(self) -> None:
        self._idle_timer = None
        if self.loop.time() < self._idle_until:
            self._idle_timer = self.loop.call_at(self._idle_until, self._close_idle)
        elif self._waiter is not None and not self._waiter.done():
            self.force_close()

    def _time_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._listener.timeouts.head, self._close_on_slow_head)

    def _close_on_slow_head(self) -> None:
        self._head_timer = None
        if self._waiter is not None and not self._waiter.done():
            self.force_close()

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, reason: Reason) -> None:
        """Answers what is no request."""
        if self._listener.on_refusal is not None:
            self._listener.on_refusal(reason)
        if self.transport is not None:
            self.transport.write(refusal(reason))

    async def _see_off(self) -> None:
        """Throws away for a moment what still comes behind the last answer, as `_linger` does, and for the same reason
        (RFC 9112, section 9.6). A client that closes its end ends it.
        """
        self._closing = True
        if self.transport is not None and not self._half_closed:
            self.transport.write_eof()
            await asyncio.sleep(LINGER_SECONDS)
