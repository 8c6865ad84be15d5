"""The engine: the one place that drives a call to a provider and back.

It finds the model, has the call let through by its limits (`metering`), tries its targets in order until one answers,
and gives what that one said as bytes. What the bytes mean is the dialects' affair: `raw.py` and `inference.py` put the
two together.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from tollwayd.core.call import Exchange
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.failpoint import failpoint
from tollwayd.core.sse import Framer, parse, split
from tollwayd.dialects.unquoted import unquoted
from tollwayd.proxy.failures import Failures

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tollwayd.core.call import Call
    from tollwayd.core.dialect import Allowance, Headers, Load, OutputAsked
    from tollwayd.core.metering.prices.terms import CacheWrites, Terms
    from tollwayd.core.snapshot import Model, Provider, Target
    from tollwayd.proxy.metering.metering import Metering
    from tollwayd.upstream.client import HttpClient, HttpResponse, OnWay

MAX_ERROR_BYTES = 64 * 1024
"""How much of a provider's error answer is read: its message is far shorter, and the rest is not worth waiting for."""

END_GRACE_SECONDS = 0.1
"""How long the body of an answer that is complete may take to end: one that does leaves its connection for others."""

USAGE_SECONDS = 1.0
"""How long a stream whose caller has left is waited for to tell its usage, when that comes next. Who leaves just then
has had all of the answer, and of what a model has thought only the provider knows how much it was."""

_OK = 200


class Request(Protocol):
    """What a servicer sends: it is asked for the bytes for each target that is tried."""

    stream: bool

    def body_for(self, target: Target) -> bytes:
        """The request's body in the target's dialect."""
        ...

    def headers_for(self, target: Target) -> bytes:
        """Header lines to add to the target's own, each with its CRLF; usually none. Never fails."""
        ...

    @property
    def output_asked(self) -> OutputAsked:
        """How much output it allows."""
        ...

    def limit_output(self, tokens: int) -> None:
        """Allows each answer at most so many tokens from now on."""
        ...

    def load(self) -> Load:
        """What it holds beside text."""
        ...

    def terms(self, target: Target) -> Terms:
        """What it leaves open of the target's price."""
        ...

    def cache_writes(self) -> CacheWrites:
        """What it can have cached where only what is asked for is."""
        ...

    def allowance_headers(self, allowances: Sequence[Allowance]) -> Headers:
        """How its caller stands with its limits, in headers of the caller's dialect."""
        ...


class Progress(Protocol):
    """How far the reader of a stream has come, as `core.dialect` tells it of its relays and readers."""

    complete: bool
    done: bool

    @property
    def usage_due(self) -> bool: ...


class _Unread:
    complete = False
    done = False
    usage_due = False


class Blocks:
    """A streamed answer: who gives it, and its blocks of whole server-sent events, as `read` makes something of them.

    How the answer's connection ends says nothing any more of an answer that `progress` knows to be complete.

    `straight` takes what was made of a block and says whether it did; what it takes is not given by the iterator. It is
    called while somebody waits there, and in the middle of an answer only: all that is to be seen to (the end, usage
    that is due, what cannot be taken just now, errors) comes from the iterator.
    """

    __slots__ = ("_fault", "_first", "_framer", "_left", "_response", "progress", "read", "straight", "target")

    def __init__(self, target: Target, response: HttpResponse) -> None:
        self.target = target
        self._response = response
        self._framer = Framer()
        self._first = b""
        self._left: list[Any] = []
        self._fault: Exception | None = None
        self.progress: Progress = _Unread()
        self.read: Callable[[bytes], Any] = bytes
        self.straight: Callable[[Any], bool] | None = None

    async def open(self) -> None:
        """Waits for the first event that says something: until then another target can still take over.

        Comments say nothing: some providers send them while they look for a machine. What comes before the event's
        block is not passed on. Raises the error where the event is one.
        """
        first = None
        while first is None:
            if not (block := await self._next()):
                raise TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
            first = next(filter(None, map(parse, split(block))), None)
        provider = self.target.provider
        if error := provider.dialect.read_error_event(first, provider.credential):
            self._response.close()
            try:
                raise error
            finally:
                del error  # As in `Engine._first`.
        self._first = block

    def __aiter__(self) -> Blocks:
        return self

    async def __anext__(self) -> Any:
        if self._first:
            block, self._first = self._first, b""
        elif self.progress.done:
            await self._end()
            raise StopAsyncIteration
        else:
            block = await self._next()
        if block:
            return self.read(block)
        if self._fault is not None:
            raise self._fault
        if self._left:
            return self._left.pop()
        raise StopAsyncIteration

    async def _next(self) -> bytes:
        """The next block that is not read yet; empty at the end, and where `_take` has left something."""
        response, progress = self._response, self.progress
        response.lingers = progress.usage_due
        # Of an answer that has all come nothing would take it away again, and the two would hold each other.
        is_at_end = progress.complete or progress.usage_due or not response.under_way
        response.straight = self._take if self.straight is not None and not is_at_end else None
        try:
            async for chunk in response:
                if block := self._framer.feed(chunk):
                    failpoint("upstream.streaming")
                    return block
                if self._left or self._fault is not None:
                    return b""
        except TollwayError:
            if not progress.complete:
                raise
        return self._framer.rest()

    def _take(self, chunk: bytes) -> bool:
        """HttpResponse: takes what has come, and says whether the reader can go on waiting."""
        assert self.straight is not None
        try:
            if not (block := self._framer.feed(chunk)):
                return True
            failpoint("upstream.streaming")
            made = self.read(block)
        except Exception as error:  # noqa: BLE001 - it is the reader's.
            self._fault = error
            return False
        progress = self.progress
        if not (progress.complete or progress.usage_due) and (not made or self.straight(made)):
            return True
        self._left.append(made)
        return False

    async def linger(self) -> None:
        """Reads the next blocks of an answer that nobody waits for any more, for as long as its usage is due."""
        if not self.progress.usage_due:
            return
        with suppress(TollwayError, TimeoutError):
            async with asyncio.timeout(USAGE_SECONDS):
                async for _ in self:
                    if not self.progress.usage_due:
                        break

    async def _end(self) -> None:
        # Mostly there is nothing left but the last chunk, which may not have come with the last event. What else comes
        # has no part in the answer, which is booked.
        if not self._response.under_way:
            return
        self._response.straight = None
        with suppress(TollwayError, TimeoutError):
            async with asyncio.timeout(END_GRACE_SECONDS):
                async for _ in self._response:
                    pass


class Engine:
    """Drives calls over one HTTP client."""

    def __init__(self, client: HttpClient, metering: Metering) -> None:
        self._client = client
        self._metering = metering

    def whole(self, call: Call, model: Model, request: Request) -> Awaitable[tuple[Target, bytes]]:
        """The first whole answer that a target gives, and which one. Where none does, the TollwayError that tells the
        caller most."""
        return self._first(call, model, request)

    async def blocks(self, call: Call, model: Model, request: Request) -> Blocks:
        """The first streamed answer that a target begins; the call closes it."""
        blocks: Blocks
        _, blocks = await self._first(call, model, request)
        return blocks

    async def _first(self, call: Call, model: Model, request: Request) -> tuple[Target, Any]:
        """The first answer that a target gives, as bytes, or as the Blocks of one that streams; and which target."""
        exchange = call.exchange
        assert exchange is not None
        failures = Failures(exchange)
        ticket = self._metering.ticket(call, model, request)
        while not failures.final and (target := ticket.next_target()) is not None:
            exchange.begin(target.provider.name, target.model)
            try:
                body = request.body_for(target)
            except TollwayError as error:
                failures.unasked(error)
                continue
            admitted = await ticket.admit(target, body)
            if not isinstance(admitted, bytes):
                if admitted is not None:
                    failures.asked(admitted)
                continue
            exchange.request_bytes = len(admitted)
            try:
                response = await self._send(target, request, admitted, ticket.asks)
                failpoint("upstream.answered")
                if response.under_way:  # Most answers come whole with their head.
                    call.defer(response.close)
                exchange.first_byte_at = response.first_byte_at
                if response.status != _OK:
                    raise await _refusal(target.provider, response)
                if not request.stream:
                    ticket.answers()
                    return target, response.take_whole() or await response.read()
                blocks = Blocks(target, response)
                await blocks.open()  # The first event may still be an error.
                ticket.answers()
            except TollwayError as error:
                ticket.fails()
                failures.asked(error)
            else:
                return target, blocks
        try:
            raise failures.told()
        finally:
            del failures  # Its error's traceback holds this frame: a cycle that would keep the request.

    def _send(self, target: Target, request: Request, body: bytes, on_way: OnWay) -> Awaitable[HttpResponse]:
        provider = target.provider
        head = target.stream_head if request.stream else target.unary_head
        if added := request.headers_for(target):
            head += added
        return self._client.send(provider.origin, head, body, timeouts=provider.timeouts, on_way=on_way)


async def _refusal(provider: Provider, response: HttpResponse) -> TollwayError:
    said = unquoted(provider.credential, await _error_body(response))
    return provider.dialect.read_error(response.status, response.headers, said)


async def _error_body(response: HttpResponse) -> bytes:
    # A body that is too large or breaks off must not hide the status, which says most of it.
    try:
        return await response.read(MAX_ERROR_BYTES)
    except TollwayError:
        return b""


def find_model(call: Call, public_name: str, *, stream: bool) -> Model:
    """The model that the call may use under this name; begins the call's record of its exchange."""
    call.exchange = Exchange(public_name, stream=stream)
    assert call.snapshot is not None
    assert call.principal is not None
    assert call.api_key is not None
    if not call.api_key.allows(public_name):
        raise TollwayError(Reason.REASON_MODEL_NOT_ALLOWED)
    model = call.snapshot.tenants[call.principal.tenant].models.get(public_name)
    if model is None:
        raise TollwayError(Reason.REASON_MODEL_NOT_FOUND)
    return model
