"""The canonical way of a call: canonical messages to a target's dialect, and its answer back into them."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from tollwayd.core.dialect import Said
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.unquoted import unquoted_answer
from tollwayd.proxy import estimate
from tollwayd.proxy.lone_texts import TypedEvents

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from tollway.proxy.v1.inference_pb2 import GenerateResponse, StreamGenerateResponse, Usage
    from tollwayd.core.call import Call, Exchange
    from tollwayd.core.dialect import Asked, EventReader
    from tollwayd.core.snapshot import Target
    from tollwayd.proxy.engine import Blocks

KEPT_TEXTS = 64
"""Pieces of a stream that are measured at once: one by one that would cost more than all else here."""

KEPT_CHARACTERS = 4 * 1024
"""In these pieces, where they are long: a provider may send megabytes in each."""

MAX_NAMES = 20
"""How many of a request's fields are named that were dropped."""

_SHOWABLE = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")


def write_request(call: Call, asked: Asked, target: Target, *, stream: bool) -> bytes:
    """The request in the target's dialect; notes on the call what could not be said in it."""
    written = target.provider.dialect.write_request(asked.request, target.model, stream=stream)
    assert call.exchange is not None
    call.exchange.dropped = showable((*asked.dropped, *written.dropped))
    return written.body


def showable(names: Sequence[str]) -> tuple[str, ...]:
    """Names of fields, fit for a header and a log line; `...` stands for those that are not.

    A caller invents them: without bounds they would be lines and kilobytes of the caller's in both.
    """
    shown = tuple(islice(filter(_SHOWABLE.fullmatch, names), MAX_NAMES))
    return shown if len(shown) == len(names) else (*shown, "...")


def response_of(call: Call, target: Target, body: bytes) -> GenerateResponse:
    """A whole answer, and its usage noted on the call. Raises the error that stands in its place."""
    provider = target.provider
    response = provider.dialect.read_response(unquoted_answer(provider.credential, body))
    assert call.exchange is not None
    if not response.HasField("usage"):
        response.usage.CopyFrom(estimate.of_whole(call.exchange, response.ByteSize()))
    call.exchange.usage = response.usage
    call.exchange.complete = True
    return response


async def events_of(call: Call, blocks: Blocks) -> AsyncGenerator[Sequence[StreamGenerateResponse], None]:
    """A streamed answer, as many events at a time as arrived together, and its usage noted on the call.

    Raises the provider's error within the stream, and REASON_UPSTREAM_INTERRUPTED where the stream ends too early.
    """
    provider = blocks.target.provider
    reader = blocks.progress = provider.dialect.event_reader(provider.credential)
    exchange = call.exchange
    assert exchange is not None
    seen = Seen(exchange, reader)
    exchange.so_far = seen.usage
    blocks.read = TypedEvents(reader, seen).feed
    try:
        async for events in blocks:
            if events:
                yield events
        if not reader.complete:
            raise TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
        if events := list(reader.end()):
            seen.add(events)
            yield events
    finally:
        await note_end(exchange, blocks)


async def note_end(exchange: Exchange, blocks: Blocks) -> None:
    """Notes on its exchange how a stream has ended, or how far it had come when it was left; waits for usage that comes
    next."""
    try:
        await blocks.linger()
    finally:
        assert exchange.so_far is not None
        exchange.complete = blocks.progress.complete
        exchange.usage, exchange.so_far = exchange.so_far(), None


class Seen:
    """What of a stream has passed: the last usage, and what was said."""

    __slots__ = ("_exchange", "_kept", "_reader", "_said", "_texts", "_usage")

    def __init__(self, exchange: Exchange, reader: EventReader) -> None:
        self._exchange = exchange
        self._reader = reader
        self._usage: Usage | None = None
        self._said = Said()
        self._texts: list[str] = []
        self._kept = 0

    def add(self, events: Sequence[StreamGenerateResponse]) -> None:
        """Adds events."""
        for event in events:
            if event.HasField("usage"):
                self._usage = event.usage
            elif event.HasField("part_delta"):
                kind = event.part_delta.WhichOneof("delta")
                if kind is not None and kind != "signature":
                    self.say((getattr(event.part_delta, kind),))

    def say(self, texts: Sequence[str]) -> None:
        """Adds texts alone."""
        self._texts += texts
        for text in texts:
            self._kept += len(text)
        if self._kept > KEPT_CHARACTERS or len(self._texts) > KEPT_TEXTS:
            self._measure()

    def usage(self) -> Usage:
        """Of the whole answer what the provider says, of a part of it what was said."""
        if self._reader.complete and self._usage is not None:
            return self._usage
        self._measure()
        tokens = estimate.tokens(self._said)
        return estimate.usage(self._exchange, output_tokens=tokens, known=self._usage, terms=self._reader.terms)

    def _measure(self) -> None:
        self._said = self._said.plus(Said.of("".join(self._texts), len(self._texts)))
        self._texts = []
        self._kept = 0
