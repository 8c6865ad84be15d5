"""One connection to a provider: it writes one request at a time and reads its answer."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, cast

from tollwayd.core.errors import TollwayError
from tollwayd.upstream.deadlines import Deadlines
from tollwayd.upstream.failures import UnansweredError, interrupted, unreachable
from tollwayd.upstream.parser import AnswerParser
from tollwayd.upstream.request import framed
from tollwayd.upstream.response import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tollwayd.core.origin import Origin
    from tollwayd.core.timeouts import Timeouts
    from tollwayd.upstream.pool import Pool

_ONE_WRITE = 64 * 1024
"""Up to this size a body goes out with its head in one write; a larger one goes in pieces, as the socket takes them."""

_PIECE = 256 * 1024


class Connection(asyncio.Protocol):
    """A connection in the hands of a Pool, which it tells when it is free and when it is gone."""

    __slots__ = (
        "_abandoned",
        "_asked_at",
        "_deadlines",
        "_limits",
        "_loop",
        "_parser",
        "_pool",
        "_response",
        "_sent",
        "_transport",
        "_writable",
        "idle_since",
        "made_at",
        "origin",
    )

    def __init__(self, origin: Origin, pool: Pool, loop: asyncio.AbstractEventLoop) -> None:
        self.origin = origin
        self.made_at = self.idle_since = self._asked_at = monotonic()
        self._loop = loop
        self._abandoned = False
        self._deadlines = Deadlines(loop)
        self._limits = pool.limits
        self._parser = AnswerParser(pool.limits)
        self._pool = pool
        self._response: HttpResponse | None = None
        self._transport: asyncio.Transport | None = None
        self._sent = True
        self._writable = True

    def ask(self, head: bytes, body: bytes, timeouts: Timeouts, total_at: float) -> Awaitable[HttpResponse]:
        """Sends a request; awaited, it gives the answer, when its head is there.

        UnansweredError where the provider closed it just then and without a word.
        """
        transport = self._transport
        if transport is None:
            raise unreachable()
        self._asked_at = now = monotonic()
        self._response = response = HttpResponse(self, self._loop, self._deadlines, self._limits.buffered_bytes)
        self._deadlines.begin(timeouts, now, total_at, response.fail)
        self._parser.expect(response)
        if len(body) > _ONE_WRITE:
            return self._ask_at_length(transport, head, body, response)
        transport.write(framed(head, len(body), body))
        return response.head()

    async def _ask_at_length(
        self, transport: asyncio.Transport, head: bytes, body: bytes, response: HttpResponse
    ) -> HttpResponse:
        transport.write(framed(head, len(body)))
        await self._write(transport, body, response)
        return await response.head()

    async def _write(self, transport: asyncio.Transport, body: bytes, response: HttpResponse) -> None:
        """Writes a large body as fast as the provider takes it, until it answers: then it will not read the rest."""
        self._sent = False
        pieces = memoryview(body)
        for start in range(0, len(body), _PIECE):
            while not self._writable and not response.decided:
                await response.changed()
            if response.decided:
                return
            transport.write(pieces[start : start + _PIECE])
        self._sent = True
        response.deadlines.sent()

    def drop(self) -> None:
        """Ends the connection at once, and the answer that is under way on it."""
        if self._response is None:
            self.abort()
        else:
            self._response.fail(interrupted())

    def abandon(self) -> None:
        """Ends what there may be of a connection whose making failed or was cancelled: uvloop, which may have called
        `connection_made` already, then calls `connection_lost` never."""
        self._abandoned = True
        self.abort()
        self._pool.forget(self)

    def abort(self) -> None:
        """Ends the connection at once; its response knows already."""
        self._response = None
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Leaves the socket unread, so that TCP slows the provider down."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads the socket again."""
        if self._transport is not None:
            self._transport.resume_reading()

    @property
    def closing(self) -> bool:
        """Whether the connection is gone or about to go."""
        return self._transport is None or self._transport.is_closing()

    # --- Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._abandoned:
            self._transport.abort()
        else:
            self._pool.add(self)

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            # Nobody asked: an answer kept for the next request would go to the wrong caller.
            self.abort()
            return
        parser = self._parser
        if parser.between_chunks and (piece := parser.chunk_in(data)):
            response.piece_arrived(piece)
            return
        try:
            parser.feed(data)
        except TollwayError as error:
            response.fail(error)
            return
        if parser.complete:
            self._finish(response)
        else:
            response.progress()

    def eof_received(self) -> None:
        response = self._response
        if response is not None and response.status and self._parser.until_close:
            self._finish(response)
        elif response is not None:
            response.fail(self._broken(response))

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._pool.forget(self)
        if self._response is not None:
            self._response.fail(self._broken(self._response))
        self._deadlines.cancel()
        self._parser.close()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        if self._response is not None:
            self._response.wake()

    def _finish(self, response: HttpResponse) -> None:
        self._response = None
        response.end()
        if self._parser.keep_alive and self._sent:
            self._pool.put(self)
        else:
            self.abort()

    def _broken(self, response: HttpResponse) -> TollwayError:
        if response.status or self._parser.begun:
            return interrupted()
        if monotonic() - self._asked_at < self._limits.stale_seconds:
            return UnansweredError()
        return unreachable("The provider went away without an answer.")
