"""Why an answer ended, in Anthropic's words and in the canonical ones."""

from __future__ import annotations

from tollway.proxy.v1.inference_pb2 import FinishReason

_FINISH_REASONS = {
    "end_turn": FinishReason.FINISH_REASON_STOP,
    "stop_sequence": FinishReason.FINISH_REASON_STOP,
    "max_tokens": FinishReason.FINISH_REASON_LENGTH,
    "model_context_window_exceeded": FinishReason.FINISH_REASON_LENGTH,
    "tool_use": FinishReason.FINISH_REASON_TOOL_CALLS,
    "pause_turn": FinishReason.FINISH_REASON_PAUSED,
    "refusal": FinishReason.FINISH_REASON_REFUSAL,
}
_STOP_REASONS = {
    FinishReason.FINISH_REASON_LENGTH: "max_tokens",
    FinishReason.FINISH_REASON_TOOL_CALLS: "tool_use",
    FinishReason.FINISH_REASON_CONTENT_FILTER: "refusal",
    FinishReason.FINISH_REASON_REFUSAL: "refusal",
    FinishReason.FINISH_REASON_PAUSED: "pause_turn",
}


def finish_reason(stop_reason: str | None) -> FinishReason:
    """The canonical reason; FINISH_REASON_UNSPECIFIED for one that is not known here."""
    return _FINISH_REASONS.get(stop_reason or "", FinishReason.FINISH_REASON_UNSPECIFIED)


def stop_reason(reason: FinishReason, stop_sequence: str, *, refused: bool) -> str:
    """Anthropic's word. It has none for "not said", and an answer always names one: such an answer ended its turn.

    `refused` tells that the answer holds a refusal, which other providers end like any other answer.
    """
    if word := _STOP_REASONS.get(reason):
        return word
    if refused:
        return "refusal"
    return "stop_sequence" if stop_sequence else "end_turn"
