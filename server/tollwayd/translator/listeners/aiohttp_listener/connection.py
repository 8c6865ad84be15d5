"""A client's connection: aiohttp's parser and flow control, with a loop over its requests that is this door's own."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from tollwayd.translator.limits import LINGER_SECONDS, TURN_BYTES
from tollwayd.translator.listeners.aiohttp_listener.half_head import HEAD_END, ends_with_body
from tollwayd.translator.listeners.aiohttp_listener.requests import made, reason_of
from tollwayd.translator.listeners.half_close import Question
from tollwayd.translator.listeners.no_request import refusal

if TYPE_CHECKING:
    from aiohttp import StreamReader, web

    from tollwayd.core.errors import Reason
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.limits import Timeouts
    from tollwayd.translator.options import OnRefusal
    from tollwayd.translator.request import Answer, Request

_log = logging.getLogger(__name__)


class Connection(RequestHandler):
    """aiohttp's connection, with the edges closed that it leaves open: a head has to come whole within `head_seconds`,
    and what is malformed is answered at once, in words that quote nothing of it.

    A request is answered in the connection's own task. aiohttp starts another one for each, and turns what its handler
    raises or returns into an answer; leaving that out takes a tenth off the time of a short call. `reply` is the answer
    under way; `on_refusal` hears of what is no request.
    """

    __slots__ = (
        "_answer",
        "_half_closed",
        "_half_head",
        "_head_timer",
        "_taken",
        "_timeouts",
        "on_refusal",
        "reply",
    )

    def __init__(
        self,
        manager: web.Server,
        answer: Answer,
        *,
        timeouts: Timeouts,
        **settings: Any,
    ) -> None:
        super().__init__(manager, keepalive_timeout=timeouts.idle, **settings)
        self._answer: Final = answer
        self._timeouts: Final = timeouts
        self.on_refusal: OnRefusal | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._half_head = False
        self._half_closed = False
        self._taken: tuple[Any, StreamReader] | None = None
        self.reply: Reply | None = None

    async def start(self) -> None:
        """aiohttp: the life of the connection, request by request."""
        try:
            while not self._force_close and (self._messages or not self._half_closed):
                message, content = await self._next()
                if not isinstance(message, RawRequestMessage):
                    self._refuse(reason_of(message.exc))
                    await self._see_off()
                    break
                if not await self._serve(made(message, content, self), content):
                    break
        except Exception:  # noqa: BLE001 - its traceback is logged, and the connection is all that it may cost.
            # What answers raises nothing; where it does, nobody knows what is out already.
            _log.exception("the REST door failed")
        finally:
            # Also on the way out of a cancellation: a client that has left is cut off from what was for it.
            self.force_close()

    async def _next(self) -> tuple[Any, StreamReader]:
        if not self._messages:
            self._waiter = self._loop.create_future()
            if self._half_head:
                self._time_head()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._taken = taken = self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        return taken

    async def _serve(self, request: Request, payload: StreamReader) -> bool:
        """Answers one request; whether another may follow."""
        self._request_in_progress = True
        try:
            keep = await self._answer(request)
        finally:
            self.reply = None
            self._request_in_progress = False
            if self._handler_waiter is not None and not self._handler_waiter.done():
                self._handler_waiter.set_result(None)
        self._decline_upgrade()
        if not payload.is_eof():
            keep = await self._linger(payload) and keep
        self._keepalive = keep
        if not keep or self._close or self._force_close:
            return False
        self._await_next()
        if self._messages:  # Pipelined: without a pause the loop would be this client's until its last one is answered.
            await asyncio.sleep(0)
        return True

    def _decline_upgrade(self) -> None:
        """Reads on behind a request that asked for another protocol and did not get it (RFC 9110, section 7.8)."""
        if self._upgraded and not self._messages and self._parser is not None:
            self._parser.set_upgraded(False)
            self._upgraded = False
            tail, self._message_tail = self._message_tail, b""
            if tail:
                super().data_received(tail)
            if self._buffer_paused:
                self._resume_reading_if_drained()

    async def _linger(self, payload: StreamReader) -> bool:
        """Throws the unread body of an answered request away; whether all of it came in time."""
        with suppress(TimeoutError, RequestPayloadError, ConnectionError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not payload.is_eof():
                    await payload.readany()
        return payload.is_eof()

    def _await_next(self) -> None:
        self._taken = None
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    def data_received(self, data: bytes) -> None:
        if data and not data.endswith(HEAD_END):
            self._receive_part(data)
        else:
            self._half_head = self._half_head and not data
            super().data_received(data)
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            self._break_body()
        if not self._waits_for_head:
            self._forget_head()
        elif data:
            self._time_head()
        if len(data) >= TURN_BYTES:
            self._end_turn()

    def _end_turn(self) -> None:
        """Reads on in the loop's next turn: uvloop would go on for 8 MB, and all other connections wait for that."""
        self._pause_transport_reading()
        self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if not (self._reading_paused or self._buffer_paused):
            self._resume_transport_reading()

    def _receive_part(self, data: bytes) -> None:
        """Takes in what ends in a body, or within a head."""
        before = self._messages[-1] if self._messages else self._taken
        known = 0 if before is None else before[1].total_bytes
        super().data_received(data)
        last = self._messages[-1] if self._messages else self._taken
        if last is None or not last[1].is_eof():
            self._half_head = last is None
        else:
            size = last[1].total_bytes
            self._half_head = len(data) > size - known if last is before else not ends_with_body(data, size)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's own signature, which aiohttp narrows.
        """asyncio: the client sends no more. What it has asked for whole is answered all the same, if it is there."""
        last = self._last
        if self._close or last is None or (last is self._taken and not (last[1].is_eof() and self._can_ask)):
            return False
        if not last[1].is_eof():
            last[1].set_exception(RequestPayloadError())
        self._half_closed = True
        Question(self, self._loop).ask()
        return True

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's signature.
        # Every body read to its end asks for this. Where nothing was paused there is nothing to parse again.
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def force_close(self) -> None:
        """Closes the connection when what was written has been sent, and cuts it where nobody takes that."""
        transport = self.transport
        super().force_close()
        if transport is not None and transport.get_write_buffer_size():
            self._loop.call_later(self._timeouts.stalled_answer, transport.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_head()
        if self._taken is not None and not self._taken[1].is_eof():
            self._taken[1].set_exception(ConnectionResetError("the client is gone"))
        super().connection_lost(exc)
        self._data_received_cb = None  # A WebSocket, which holds this connection: a cycle until a garbage collection.

    @property
    def _last(self) -> tuple[Any, StreamReader] | None:
        """The request that came last, of those that are not answered yet."""
        return self._messages[-1] if self._messages else self._taken

    @property
    def _can_ask(self) -> bool:
        """Whether there is a way to find out. Where there is none, the end of sending is how clients leave."""
        return self.reply is None or self.reply.can_nudge

    @property
    def task(self) -> asyncio.Task[Any]:
        """As `request.Client`."""
        assert self._task_handler is not None
        return self._task_handler

    @property
    def peer(self) -> str:
        """As `request.Client`."""
        return str(self.peername[0]) if self.peername else ""

    def drained(self) -> asyncio.Future[None]:
        """As `request.Client`."""
        return asyncio.ensure_future(self._drain_helper())

    @property
    def waits(self) -> bool:
        """Whether no request is under way on it."""
        return self._taken is None and not self._messages

    def turn_away(self, reason: Reason) -> None:
        """Closes a connection that has only just come, and says why."""
        self._refuse(reason)
        self.force_close()

    @property
    def _waits_for_head(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _time_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self._loop.call_later(self._timeouts.head, self._close_on_slow_head)

    def _close_on_slow_head(self) -> None:
        self._head_timer = None
        if self._waits_for_head:
            self.force_close()

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _break_body(self) -> None:
        """Ends the wait of a request whose body turned out malformed: aiohttp would let it wait for ever."""
        if self._taken is not None and not self._taken[1].is_eof():
            self._taken[1].set_exception(RequestPayloadError())

    def _refuse(self, reason: Reason) -> None:
        """Answers what is no request."""
        if self.on_refusal is not None:
            self.on_refusal(reason)
        if self.transport is not None:
            self.transport.write(refusal(reason))

    async def _see_off(self) -> None:
        """Throws away for a moment what still comes behind the last answer, as `_linger` does, and for the same reason
        (RFC 9112, section 9.6). A client that closes its end ends it.
        """
        self._close = True  # aiohttp parses nothing more then.
        if self.transport is not None and not self._half_closed:
            self.transport.write_eof()
            await asyncio.sleep(LINGER_SECONDS)
