"""Anthropic's streamed answers, into canonical events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tollway.proxy.v1.inference_pb2 import Finished, FinishReason, Started, StreamGenerateResponse, Usage
from tollwayd.dialects.anthropic_messages.provider_error import stream_error
from tollwayd.dialects.anthropic_messages.provider_parts import BlockDelta, StreamParts
from tollwayd.dialects.anthropic_messages.stop_reason import finish_reason
from tollwayd.dialects.anthropic_messages.usage import UsageTally
from tollwayd.dialects.json_body import read_answer
from tollwayd.dialects.said_text import pattern
from tollwayd.dialects.unquoted import unquoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.sse import ServerSentEvent

    Events = Sequence[StreamGenerateResponse]


class _Message(msgspec.Struct):
    id: str = ""
    model: str = ""
    usage: Any = None


class _Delta(BlockDelta):
    """Of a block, or of the message."""

    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Event(msgspec.Struct):
    type: str
    index: int = -1
    message: _Message | None = None
    content_block: msgspec.Raw = msgspec.Raw(b"null")
    delta: _Delta | None = None
    usage: Any = None
    error: Any = None


_EVENT = msgspec.json.Decoder(_Event)


class AnthropicEventReader:
    """Reads one streamed answer."""

    __slots__ = ("_credential", "_finished", "_parts", "_started", "_tally", "_usage", "complete", "done", "usage_due")

    texts = pattern("text", "thinking")

    def __init__(self, credential: str = "") -> None:
        self._credential = credential
        self.complete = False
        self.done = False
        self.usage_due = False
        self._started = False
        self._parts = StreamParts()
        self._finished = Finished()
        self._tally = UsageTally()
        self._usage: Usage | None = None

    def read(self, event: ServerSentEvent) -> Events:
        """The canonical events for one event. Raises the error that breaks off a stream; REASON_UPSTREAM_INVALID.

        Types that are not known, `ping` first of all, say nothing of the answer: new ones may come at any time
        (Anthropic's versioning policy).
        """
        if self.complete:
            return ()  # Some who speak like Anthropic end with OpenAI's "[DONE]".
        said = read_answer(event.data, _EVENT)
        events: Events = ()
        match said.type:
            case "content_block_delta":
                events = self._parts.add(said.index, said.delta or BlockDelta())
            case "content_block_start":
                self.usage_due = False
                events = self._parts.start(said.index, said.content_block)
            case "content_block_stop":
                self.usage_due = True
                events = self._parts.stop(said.index)
            case "message_start":
                events = self._start(said.message or _Message())
            case "message_delta":
                events = self._use_delta(said.delta or _Delta(), said.usage)
            case "message_stop":
                events = self._stop()
            case "error":
                raise stream_error(read_answer(unquoted(self._credential, event.data), _EVENT).error)
        return events

    @property
    def terms(self) -> str:
        """As `Usage.terms`, of what has been read so far."""
        return "" if self._usage is None else self._usage.terms

    def end(self) -> Events:
        """Nothing: `message_stop` has said all."""
        return ()

    def _start(self, message: _Message) -> Events:
        """A second start, after a fallback within the provider, takes up the same answer anew."""
        events = self._parts.stop_all(cut=True)
        if not self._started:
            self._started = True
            events.append(StreamGenerateResponse(started=Started(id=message.id, model=message.model)))
        return events + self._use(message.usage)

    def _use_delta(self, delta: _Delta, usage: object) -> Events:
        if delta.stop_reason is not None:
            reason = finish_reason(delta.stop_reason)
            self._finished = Finished(reason=reason, stop_sequence=delta.stop_sequence or "")
        cut = self._finished.reason == FinishReason.FINISH_REASON_LENGTH
        return self._parts.stop_all(cut=cut) + self._use(usage)

    def _stop(self) -> Events:
        self.complete = self.done = True
        self.usage_due = False
        return [*self._parts.stop_all(cut=True), StreamGenerateResponse(finished=self._finished)]

    def _use(self, usage: object) -> list[StreamGenerateResponse]:
        """The usage as of now, if that is news."""
        now = self._tally.add(usage)
        if now is None or now == self._usage:
            return []
        self._usage = now
        return [StreamGenerateResponse(usage=now)]
