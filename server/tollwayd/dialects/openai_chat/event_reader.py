"""A provider's streamed answer, from OpenAI's `chat.completion.chunk`s to canonical events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.proxy.v1.conversation_pb2 import Part, ToolCall
from tollway.proxy.v1.inference_pb2 import (
    Finished,
    PartDelta,
    PartFinished,
    PartStarted,
    Started,
    StreamGenerateResponse,
)
from tollwayd.dialects.json_body import read_answer
from tollwayd.dialects.openai_chat.answer_shapes import ANSWER
from tollwayd.dialects.openai_chat.finish_reason import read_finish_reason
from tollwayd.dialects.openai_chat.provider_error import stream_error
from tollwayd.dialects.openai_chat.provider_response import text_part
from tollwayd.dialects.openai_chat.service_tier import terms_said
from tollwayd.dialects.openai_chat.tool_call_id import tool_call_id
from tollwayd.dialects.openai_chat.tool_deltas import StreamedCall, ToolDeltas
from tollwayd.dialects.openai_chat.usage import read_usage
from tollwayd.dialects.said_text import pattern
from tollwayd.dialects.unquoted import unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollwayd.core.sse import ServerSentEvent
    from tollwayd.dialects.openai_chat import answer_shapes as shapes

_DONE = b"[DONE]"
_DELTA_MEMBER = {"text": "text", "refusal": "text", "reasoning": "reasoning"}


class EventReader:
    """Reads one streamed answer. Its parts come strictly one after the other, also where the provider mixes them.

    `complete` is true from `[DONE]` on, or from a `finish_reason`: there are compatible servers that never send the
    former. A refusal's text comes as `text` deltas of its part.
    """

    __slots__ = (
        "_calls",
        "_credential",
        "_finished",
        "_id",
        "_index",
        "_open",
        "_refused",
        "_started",
        "_told",
        "complete",
        "done",
        "terms",
    )

    texts = pattern("content", "reasoning_content", "reasoning")

    def __init__(self, credential: str = "") -> None:
        self._credential = credential
        self.complete = False
        self.done = False
        self.terms = ""
        self._id = ""
        self._index = -1
        self._open = ""
        self._calls = ToolDeltas()
        self._refused = False
        self._started = False
        self._finished = False
        self._told = False

    @property
    def usage_due(self) -> bool:
        """From a `finish_reason` on, until it has come."""
        return self.complete and not self._told and not self.done

    def read(self, event: ServerSentEvent) -> Sequence[StreamGenerateResponse]:
        """The events for one chunk. Raises the provider's error, or REASON_UPSTREAM_INVALID."""
        if self.done:
            return ()
        if event.data.strip() == _DONE:
            self.complete = self.done = True
            return self.end()
        chunk = read_answer(event.data, ANSWER)
        if chunk.error:
            raise stream_error(read_answer(unquoted(self._credential, event.data), ANSWER).error)
        return list(self._read(chunk))

    def end(self) -> Sequence[StreamGenerateResponse]:
        """What was not said before: the last part's end and the answer's, where no `finish_reason` came."""
        return list(self._finish(None)) if self._started else ()

    def _read(self, chunk: shapes.Answer) -> Iterator[StreamGenerateResponse]:
        if chunk.service_tier is not None:
            self.terms = terms_said(chunk.service_tier)
        choice = chunk.choices[0] if chunk.choices else None
        # Azure's first chunk speaks of the prompt alone, without id and choices: the answer has not begun.
        if not self._started and (choice is not None or chunk.id):
            self._started = True
            self._id = chunk.id or ""
            yield StreamGenerateResponse(started=Started(id=self._id, model=chunk.model or ""))
        if choice is not None and not choice.index and not self._finished:
            if choice.delta is not None:
                yield from self._read_delta(choice.delta)
            if choice.finish_reason:
                self.complete = True
                yield from self._finish(choice.finish_reason)
        if (usage := read_usage(chunk.usage_said(), self.terms)) is not None:
            self._told = True
            yield StreamGenerateResponse(usage=usage)

    def _read_delta(self, delta: shapes.Said) -> Iterator[StreamGenerateResponse]:
        for kind, text in delta.texts():
            if kind != self._open:
                yield from self._close()
                yield self._begin(kind, text_part(kind, ""))
            self._refused = self._refused or kind == "refusal"
            piece = PartDelta(index=self._index, **{_DELTA_MEMBER[kind]: text})
            yield StreamGenerateResponse(part_delta=piece)
        for call in delta.tool_calls or ():
            yield from self._read_call(call)

    def _read_call(self, delta: shapes.ToolCall) -> Iterator[StreamGenerateResponse]:
        if arguments := self._calls.add(delta):
            yield self._arguments(arguments)
        for call in self._calls.turn():
            yield from self._close_part()
            yield from self._begin_call(call)

    def _begin_call(self, call: StreamedCall) -> Iterator[StreamGenerateResponse]:
        call_id = call.id or tool_call_id(self._id, call.place)
        yield self._begin("tool_call", Part(tool_call=ToolCall(id=call_id, name=call.name)))
        if call.pieces:
            yield self._arguments("".join(call.pieces))

    def _begin(self, kind: str, part: Part) -> StreamGenerateResponse:
        self._open = kind
        self._index += 1
        return StreamGenerateResponse(part_started=PartStarted(index=self._index, part=part))

    def _arguments(self, piece: str) -> StreamGenerateResponse:
        return StreamGenerateResponse(part_delta=PartDelta(index=self._index, arguments=piece))

    def _close_part(self) -> Iterator[StreamGenerateResponse]:
        if self._open:
            self._open = ""
            yield StreamGenerateResponse(part_finished=PartFinished(index=self._index))

    def _close(self) -> Iterator[StreamGenerateResponse]:
        """Ends the open part, and gives the calls that still wait."""
        yield from self._close_part()
        for call in self._calls.end():
            yield from self._begin_call(call)
            yield from self._close_part()

    def _finish(self, said: str | None) -> Iterator[StreamGenerateResponse]:
        if self._finished:
            return
        self._finished = True
        yield from self._close()
        reason = read_finish_reason(said, tool_calls=len(self._calls) > 0, refused=self._refused)
        yield StreamGenerateResponse(finished=Finished(reason=reason))
