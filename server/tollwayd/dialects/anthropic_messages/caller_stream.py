"""A streamed answer as callers of Anthropic's API get it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tollway.proxy.v1.inference_pb2 import Finished, Started, Usage
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects import json_body
from tollwayd.dialects.anthropic_messages.answer_blocks import opening_block
from tollwayd.dialects.anthropic_messages.caller_response import frame
from tollwayd.dialects.anthropic_messages.stop_reason import stop_reason
from tollwayd.dialects.anthropic_messages.usage import usage_fields

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import PartDelta, PartFinished, PartStarted, StreamGenerateResponse

MAX_SIGNATURES = 16 * 1024 * 1024
"""Characters of signatures in one answer, each of which is kept until its part ends; they are kilobytes."""

_DELTAS = {
    "text": ("text_delta", "text"),
    "arguments": ("input_json_delta", "partial_json"),
    "reasoning": ("thinking_delta", "thinking"),
    "signature": ("signature_delta", "signature"),
}


class AnthropicEventWriter:
    """Writes one streamed answer in Anthropic's events.

    `message_start` waits for the event after `started`, since it must name the usage, which a provider that counts the
    input at once tells there. The two events that end a message wait for `end`: they carry the usage too, and some
    providers send it last.
    """

    __slots__ = ("_finished", "_model", "_opened", "_refused", "_signatures", "_signed", "_started", "_usage")

    def __init__(self, model: str) -> None:
        """`model` is the name that stands in for one that the provider does not give."""
        self._model = model
        self._opened = False
        self._refused = False
        self._started: Started | None = None
        self._finished = Finished()
        self._usage = Usage()
        self._signatures: defaultdict[int, list[str]] = defaultdict(list)
        self._signed = 0

    def write(self, event: StreamGenerateResponse) -> bytes:
        """The events for one canonical event; may be empty. REASON_FEATURE_UNSUPPORTED for a part without a block,
        REASON_UPSTREAM_INVALID for signatures that are too large."""
        match event.WhichOneof("event"):
            case "part_delta":
                return self._open() + self._delta(event.part_delta)
            case "part_started":
                return self._open() + self._start(event.part_started)
            case "part_finished":
                return self._open() + self._stop(event.part_finished)
            case "started":
                self._started = event.started
            case "finished":
                self._finished = event.finished
            case "usage":
                self._usage = event.usage
                return self._open() if self._started else b""
        return b""

    def end(self) -> bytes:
        """The events that end the message."""
        finished = self._finished
        delta = {
            "stop_reason": stop_reason(finished.reason, finished.stop_sequence, refused=self._refused),
            "stop_sequence": finished.stop_sequence or None,
        }
        usage = usage_fields(self._usage)
        return self._open() + _event("message_delta", delta=delta, usage=usage) + _event("message_stop")

    def _open(self) -> bytes:
        if self._opened:
            return b""
        self._opened = True
        started = self._started or Started()
        message: dict[str, Any] = {
            "id": started.id,
            "type": "message",
            "role": "assistant",
            "model": started.model or self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_fields(self._usage),
        }
        return _event("message_start", message=message)

    def _start(self, started: PartStarted) -> bytes:
        self._refused |= started.part.HasField("refusal")
        return _event("content_block_start", index=started.index, content_block=opening_block(started.part))

    def _delta(self, delta: PartDelta) -> bytes:
        kind = delta.WhichOneof("delta")
        if kind is None:
            return b""
        text = getattr(delta, kind)
        if kind == "signature":
            self._sign(delta.index, text)
            return b""
        return _block_delta(delta.index, kind, text)

    def _sign(self, index: int, text: str) -> None:
        # Anthropic's SDKs take each signature_delta for the whole signature, so its pieces go out as one.
        self._signed += len(text)
        if self._signed > MAX_SIGNATURES:
            raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
        self._signatures[index].append(text)

    def _stop(self, finished: PartFinished) -> bytes:
        index = finished.index
        signature = "".join(self._signatures.pop(index, ()))
        signed = _block_delta(index, "signature", signature) if signature else b""
        return signed + _event("content_block_stop", index=index)


def _block_delta(index: int, kind: str, text: str) -> bytes:
    delta_type, member = _DELTAS[kind]
    return _event("content_block_delta", index=index, delta={"type": delta_type, member: text})


def _event(event_type: str, **members: Any) -> bytes:
    return frame(event_type, json_body.encode({"type": event_type, **members}))
