"""A client's connection: aiohttp's, with the edges closed that it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from tollwayd.core.call import new_call_id
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.errors import error_answer
from tollwayd.translator.reply import CLOSED, answer_headers

if TYPE_CHECKING:
    import asyncio

    from aiohttp.web import BaseRequest, StreamResponse

_MALFORMED: Final = error_answer(TollwayError(Reason.REASON_REQUEST_MALFORMED))
_MALFORMED_HEAD: Final = f"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: {len(_MALFORMED.body)}\r\n"


class Connection(RequestHandler):
    """Adds to aiohttp's: a head has to come whole within `head_seconds`, and what is malformed is answered at once, in
    words that quote nothing of it.
    """

    __slots__ = ("_head_seconds", "_head_timer")

    def __init__(self, manager: web.Server, *, head_seconds: float, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._head_seconds: Final = head_seconds
        self._head_timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            self._break_body()
        if not self._waits_for_head:
            self._forget_head()
        elif data and self._head_timer is None:
            self._head_timer = self._loop.call_later(self._head_seconds, self._close_on_slow_head)

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's signature.
        # Every body read to its end asks for this. Where nothing was paused there is nothing to parse again.
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        if status == 400 and request.transport is not None:
            headers = answer_headers(new_call_id(), _MALFORMED.content_type, {})
            request.transport.write(f"{_MALFORMED_HEAD}{headers}\r\n".encode() + _MALFORMED.body)
        else:
            # The door's handler raises nothing; where it does, nobody knows what is out already.
            self.log_exception("the REST door failed", exc_info=exc)
            self.force_close()
        return CLOSED

    @property
    def _waits_for_head(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

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
        if self._current_request is not None and not self._current_request.content.is_eof():
            self._current_request.content.set_exception(RequestPayloadError())


class Connections(web.Server):
    """Makes the connections of one listener. The keyword arguments are those of Connection."""

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)
