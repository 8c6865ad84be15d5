"""A streamed answer, from canonical events to OpenAI's `chat.completion.chunk`s."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tollwayd.dialects.json_body import encode
from tollwayd.dialects.openai_chat.caller_response import answer_id, tool_call_members, unsayable
from tollwayd.dialects.openai_chat.finish_reason import finish_reason_word
from tollwayd.dialects.openai_chat.stream_options import asks_usage
from tollwayd.dialects.openai_chat.usage import usage_members

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import Finished, PartDelta, PartStarted, Started, StreamGenerateResponse, Usage
    from tollwayd.core.dialect import Envelope

_DONE = b"data: [DONE]\n\n"


class EventWriter:
    """Writes one streamed answer. What is the same in every chunk is encoded once, when the answer starts."""

    __slots__ = ("_calls", "_done", "_head", "_model", "_refusals", "_tail", "_usage", "_wants_usage")

    def __init__(self, envelope: Envelope) -> None:
        self._model = envelope.model
        self._wants_usage = asks_usage(envelope.fields)
        # OpenAI gives every chunk the member as soon as usage is asked for.
        self._tail = b'}],"usage":null}\n\n' if self._wants_usage else b"}]}\n\n"
        self._head = b""
        self._calls: dict[int, int] = {}
        self._refusals: set[int] = set()
        self._usage: Usage | None = None
        self._done = False

    def write(self, event: StreamGenerateResponse) -> bytes:
        """The chunks for one event. REASON_FEATURE_UNSUPPORTED for a part that OpenAI has no words for."""
        kind = event.WhichOneof("event")
        if kind == "part_delta":
            return self._part_delta(event.part_delta)
        if kind == "part_started":
            return self._part_started(event.part_started)
        if kind == "started":
            return self._started(event.started)
        if kind == "finished":
            return self._finished(event.finished)
        if kind == "usage":
            self._usage = event.usage
        return b""

    def end(self) -> bytes:
        """The usage, if it was asked for and came, and the end; nothing where both are said."""
        if self._done:
            return b""
        self._done = True
        if not self._wants_usage or self._usage is None:
            return _DONE
        return self._head + b',"choices":[],"usage":' + encode(usage_members(self._usage)) + b"}\n\n" + _DONE

    def _started(self, started: Started) -> bytes:
        common = {
            "id": started.id or answer_id(),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": started.model or self._model,
        }
        self._head = b"data: " + encode(common)[:-1]
        return self._chunk({"role": "assistant", "content": ""})

    def _part_started(self, started: PartStarted) -> bytes:
        part = started.part
        kind = part.WhichOneof("kind")
        if kind == "tool_call":
            index = self._calls[started.index] = len(self._calls)
            return self._chunk({"tool_calls": [{"index": index, **tool_call_members(part.tool_call)}]})
        if kind == "refusal":
            self._refusals.add(started.index)
            return self._text("refusal", part.refusal.text)
        if kind == "reasoning":
            return self._text("reasoning_content", part.reasoning.text)
        if kind == "text":
            return self._text("content", part.text.text)
        raise unsayable(kind)

    def _part_delta(self, delta: PartDelta) -> bytes:
        kind = delta.WhichOneof("delta")
        if kind == "text":
            return self._text("refusal" if delta.index in self._refusals else "content", delta.text)
        if kind == "arguments":
            call = {"index": self._calls[delta.index], "function": {"arguments": delta.arguments}}
            return self._chunk({"tool_calls": [call]})
        if kind == "reasoning":
            return self._text("reasoning_content", delta.reasoning)
        return b""  # A proof of reasoning, for which OpenAI has no words.

    def _text(self, member: str, text: str) -> bytes:
        return self._chunk({member: text}) if text else b""

    def _finished(self, finished: Finished) -> bytes:
        reason = finish_reason_word(finished.reason, refused=bool(self._refusals))
        chunk = self._chunk({}, encode(reason))
        return chunk if self._wants_usage else chunk + self.end()

    def _chunk(self, delta: dict[str, Any], finish_reason: bytes = b"null") -> bytes:
        return b"".join(
            (
                self._head,
                b',"choices":[{"index":0,"delta":',
                encode(delta),
                b',"logprobs":null,"finish_reason":',
                finish_reason,
                self._tail,
            )
        )
