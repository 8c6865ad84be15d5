"""Calls in a caller's own wire format: its bytes in, its bytes out, whichever dialect the provider speaks.

Where both speak the same one the bytes pass; otherwise the canonical messages carry the call between the two.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from google.api.httpbody_pb2 import HttpBody

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.unquoted import unquoted, unquoted_answer
from tollwayd.proxy import estimate
from tollwayd.proxy.canonical import note_end, response_of, write_request
from tollwayd.proxy.engine import find_model
from tollwayd.proxy.translation import Translation
from tollwayd.upstream.client import header_lines

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call, Exchange
    from tollwayd.core.dialect import Allowance, Asked, Dialect, Envelope, Headers, Load, OutputAsked
    from tollwayd.core.metering.prices.terms import CacheWrites, Terms
    from tollwayd.core.snapshot import Model, Target
    from tollwayd.proxy.engine import Blocks, Engine

    HttpBodies = AsyncGenerator[HttpBody, None]

_JSON = "application/json"
_NO_FIELDS: Mapping[str, Any] = {}
_EVENTS = "text/event-stream"


class RawRequest:
    """A request as its caller wrote it, for targets of the same dialect or another."""

    __slots__ = ("_asked", "_call", "_caller", "_envelope", "_headers", "_relayed", "stream")

    def __init__(self, call: Call, caller: Dialect, envelope: Envelope, headers: bytes) -> None:
        self._call = call
        self._caller = caller
        self._envelope = envelope
        self._headers = headers
        self._asked: Asked | None = None
        self._relayed: bytes | None = None
        self.stream = envelope.stream

    def body_for(self, target: Target) -> bytes:
        """The caller's bytes with the target's model, or the canonical request in the target's dialect."""
        dialect = target.provider.dialect
        if dialect is self._caller or _same(dialect, self._caller):
            self._relayed = relayed = dialect.relay_request(self._envelope, target.model)
            return relayed
        if self._asked is None:
            self._asked = self._caller.read_request(self._envelope)
        return write_request(self._call, self._asked, target, stream=self.stream)

    def headers_for(self, target: Target) -> bytes:
        """The caller's headers that mean something to a provider of its dialect."""
        return self._headers if self._headers and _same(target.provider.dialect, self._caller) else b""

    @property
    def output_asked(self) -> OutputAsked:
        """How much output its bounds allow."""
        return self._caller.output_asked(self._envelope)

    def limit_output(self, tokens: int) -> None:
        """Lowers the bounds; nothing else of the request changes."""
        self._envelope = self._caller.with_output(self._envelope, tokens)
        self._asked = None

    def load(self) -> Load:
        """What it holds beside text."""
        return self._caller.load(self._envelope)

    def terms(self, target: Target) -> Terms:
        """What it leaves open of the target's price: what it says in the target's dialect, else nothing."""
        dialect = target.provider.dialect
        return dialect.terms(self._envelope.fields if _same(dialect, self._caller) else _NO_FIELDS)

    def cache_writes(self) -> CacheWrites:
        """What it can have cached."""
        if self._relayed is None:
            self._relayed = self._caller.relay_request(self._envelope, "")
        return self._caller.cache_writes(self._relayed)

    def allowance_headers(self, allowances: Sequence[Allowance]) -> Headers:
        """In the caller's dialect."""
        return self._caller.allowance_headers(allowances)


class RawService:
    """Answers one dialect's calls. `answer` is the whole of it; servicers of raw dialects are thin around it."""

    def __init__(self, engine: Engine, caller: Dialect) -> None:
        self._engine = engine
        self._caller = caller
        # What the gateway's own head says already, such as `anthropic-version`, must not be said twice.
        said = {name for name, _ in caller.headers("")}
        self._forwarded = tuple(name for name in caller.forwarded_headers if name not in said)

    def answer(self, call: Call, body: HttpBody) -> Awaitable[HttpBody | HttpBodies]:
        """One JSON body, or the stream of server-sent events that the body asks for."""
        if (content_type := body.content_type) != _JSON:
            _require_json(content_type)
        envelope = self._caller.peek(body.data)
        model = find_model(call, envelope.model, stream=envelope.stream)
        headers = b"" if call.metadata.keys().isdisjoint(self._forwarded) else self._headers(call, model)
        request = RawRequest(call, self._caller, envelope, headers)
        if envelope.stream:
            return self._stream(call, model, request, envelope)
        return self._whole(call, model, request)

    def _headers(self, call: Call, model: Model) -> bytes:
        # Before any target is tried: one that cannot be written is the caller's fault, and no provider's failure.
        given = [(name, call.metadata[name]) for name in self._forwarded if name in call.metadata]
        return header_lines(given) if self._speaks(model) else b""

    def _speaks(self, model: Model) -> bool:
        return any(_same(target.provider.dialect, self._caller) for tier in model.tiers for target in tier)

    async def _whole(self, call: Call, model: Model, request: RawRequest) -> HttpBody:
        target, body = await self._engine.whole(call, model, request)
        exchange = call.exchange
        assert exchange is not None
        if exchange.dropped:
            _tell_dropped(call)
        dialect = target.provider.dialect
        if dialect is self._caller or _same(dialect, self._caller):
            exchange.usage = self._caller.read_usage(body)
            if exchange.usage is None:  # So it may be an error.
                exchange.usage = self._estimated(exchange, body)
                body = unquoted(target.provider.credential, body)
            else:
                body = unquoted_answer(target.provider.credential, body)
            exchange.complete = True
            return HttpBody(content_type=_JSON, data=body)
        return HttpBody(content_type=_JSON, data=self._caller.write_response(response_of(call, target, body)))

    def _estimated(self, exchange: Exchange, body: bytes) -> Usage:
        return estimate.usage(exchange, output_tokens=estimate.tokens(self._caller.said(body)))

    async def _stream(self, call: Call, model: Model, request: RawRequest, envelope: Envelope) -> HttpBodies:
        blocks = await self._engine.blocks(call, model, request)
        _tell_dropped(call)
        same = _same(blocks.target.provider.dialect, self._caller)
        pieces = self._relayed(call, blocks, envelope) if same else self._translated(call, blocks, envelope)
        return self._with_errors_within(call, pieces)

    async def _relayed(self, call: Call, blocks: Blocks, envelope: Envelope) -> AsyncGenerator[bytes, None]:
        relay = blocks.progress = self._caller.relay_stream(envelope, blocks.target.provider.credential)
        exchange = call.exchange
        assert exchange is not None

        def so_far() -> Usage:
            if relay.complete and relay.usage is not None:
                return relay.usage
            tokens = estimate.tokens(relay.said())
            return estimate.usage(exchange, output_tokens=tokens, known=relay.usage, terms=relay.terms)

        exchange.so_far = so_far
        blocks.read = relay.feed
        try:
            async for piece in blocks:
                if relay.done:
                    exchange.broken = relay.error
                    await _settle(call)
                if piece:
                    yield piece
                    blocks.straight = call.straight
        finally:
            try:
                await note_end(exchange, blocks)
            finally:
                exchange.broken = relay.error
        if not relay.complete and relay.error is None:
            raise TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)

    async def _translated(self, call: Call, blocks: Blocks, envelope: Envelope) -> AsyncGenerator[bytes, None]:
        exchange = call.exchange
        assert exchange is not None
        provider = blocks.target.provider
        reader = blocks.progress = provider.dialect.event_reader(provider.credential)
        translation = Translation(exchange, reader, self._caller.event_writer(envelope))
        blocks.read = translation.feed
        exchange.so_far = translation.usage
        try:
            async for piece in blocks:
                if reader.done:
                    await _settle(call)
                if piece:
                    yield piece
                    blocks.straight = call.straight
            if not reader.complete:
                raise TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
            if piece := translation.finish():
                yield piece
        finally:
            await note_end(exchange, blocks)
        if piece := translation.end():
            await _settle(call)
            yield piece

    async def _with_errors_within(self, call: Call, pieces: AsyncGenerator[bytes, None]) -> HttpBodies:
        # The status line is long gone when a stream breaks, so its error has to be an event that the SDKs raise.
        content_type = _EVENTS
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield HttpBody(content_type=content_type, data=piece)
                    content_type = ""
        except (TollwayError, asyncio.CancelledError) as error:
            reason = call.reason_for(error)
            if not isinstance(reason, TollwayError):
                raise
            assert call.exchange is not None
            call.exchange.broken = reason.with_traceback(None)  # Which holds the call: a cycle that would keep it.
            yield HttpBody(content_type=content_type, data=self._caller.error_event(reason))


def _same(one: Dialect, other: Dialect) -> bool:
    """Whether they are one dialect, as which servers ever speak it."""
    return one is other or one.name == other.name


def _require_json(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in {"", _JSON} and not media_type.endswith("+json"):
        raise TollwayError(Reason.REASON_MEDIA_TYPE_UNSUPPORTED)


async def _settle(call: Call) -> None:
    """Books a stream before its caller gets the mark of its end: SDKs read no further, for them it is the end."""
    exchange = call.exchange
    assert exchange is not None
    if exchange.so_far is not None:
        exchange.complete, exchange.usage = True, exchange.so_far()
    await exchange.settle()


def _tell_dropped(call: Call) -> None:
    if call.exchange is not None and call.exchange.dropped:
        call.response_metadata["x-tollway-dropped"] = ",".join(call.exchange.dropped)
