"""Why an answer ended, in OpenAI's words and in the canonical ones."""

from __future__ import annotations

from tollway.proxy.v1.inference_pb2 import FinishReason

_READ = {
    "stop": FinishReason.FINISH_REASON_STOP,
    "length": FinishReason.FINISH_REASON_LENGTH,
    "model_length": FinishReason.FINISH_REASON_LENGTH,  # Mistral's, for the end of the context.
    "tool_calls": FinishReason.FINISH_REASON_TOOL_CALLS,
    "function_call": FinishReason.FINISH_REASON_TOOL_CALLS,
    "content_filter": FinishReason.FINISH_REASON_CONTENT_FILTER,
}
_WRITTEN = {
    FinishReason.FINISH_REASON_UNSPECIFIED: "stop",
    FinishReason.FINISH_REASON_STOP: "stop",
    FinishReason.FINISH_REASON_LENGTH: "length",
    FinishReason.FINISH_REASON_TOOL_CALLS: "tool_calls",
    FinishReason.FINISH_REASON_CONTENT_FILTER: "content_filter",
    FinishReason.FINISH_REASON_REFUSAL: "content_filter",
    FinishReason.FINISH_REASON_PAUSED: "length",  # Unfinished, and not by the model's choice: what comes nearest.
}


def read_finish_reason(said: str | None, *, tool_calls: bool, refused: bool) -> FinishReason:
    """The reason for a `finish_reason`; unspecified for a word that is not known.

    OpenAI says "stop" for a refusal, and for a call of a tool that the request named; other dialects tell these apart.
    """
    if said == "stop" and tool_calls:
        return FinishReason.FINISH_REASON_TOOL_CALLS
    if said == "stop" and refused:
        return FinishReason.FINISH_REASON_REFUSAL
    return _READ.get(said or "", FinishReason.FINISH_REASON_UNSPECIFIED)


def finish_reason_word(reason: FinishReason, *, refused: bool) -> str:
    """The `finish_reason` for a reason. A refusal whose words stand in the answer ends it with "stop", as at OpenAI."""
    if refused and reason == FinishReason.FINISH_REASON_REFUSAL:
        return "stop"
    return _WRITTEN.get(reason, "stop")
