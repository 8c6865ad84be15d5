"""How much a model reasons: OpenAI's words, and the tokens that other dialects count in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.proxy.v1.inference_pb2 import ReasoningEffort

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import ReasoningOptions

EFFORTS = {
    "none": ReasoningEffort.REASONING_EFFORT_NONE,
    "minimal": ReasoningEffort.REASONING_EFFORT_MINIMAL,
    "low": ReasoningEffort.REASONING_EFFORT_LOW,
    "medium": ReasoningEffort.REASONING_EFFORT_MEDIUM,
    "high": ReasoningEffort.REASONING_EFFORT_HIGH,
    "xhigh": ReasoningEffort.REASONING_EFFORT_HIGH,
    "max": ReasoningEffort.REASONING_EFFORT_HIGH,
}
"""What each `reasoning_effort` asks for; the words above "high" are those of single models."""

LOW_BUDGET = 2048
"""Tokens up to which a budget is a low effort."""

MEDIUM_BUDGET = 8192
"""Tokens up to which a budget is a medium effort."""

_WORDS = {
    ReasoningEffort.REASONING_EFFORT_NONE: "none",
    ReasoningEffort.REASONING_EFFORT_MINIMAL: "minimal",
    ReasoningEffort.REASONING_EFFORT_LOW: "low",
    ReasoningEffort.REASONING_EFFORT_MEDIUM: "medium",
    ReasoningEffort.REASONING_EFFORT_HIGH: "high",
}


def effort_word(options: ReasoningOptions) -> str | None:
    """The `reasoning_effort` that says these options; None for the provider's default."""
    if options.effort in _WORDS:
        return _WORDS[options.effort]
    return _word_of_budget(options.budget_tokens) if options.HasField("budget_tokens") else None


def _word_of_budget(tokens: int) -> str:
    if tokens <= 0:
        return "none"
    if tokens <= LOW_BUDGET:
        return "low"
    return "medium" if tokens <= MEDIUM_BUDGET else "high"
