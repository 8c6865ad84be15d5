"""Reasoning in words and in tokens, each derived from the other."""

from __future__ import annotations

from tollway.proxy.v1.inference_pb2 import ReasoningEffort, ReasoningOptions

MIN_BUDGET_TOKENS = 1024
"""The smallest thinking budget that Anthropic takes."""

BUDGETS = {
    ReasoningEffort.REASONING_EFFORT_MINIMAL: MIN_BUDGET_TOKENS,
    ReasoningEffort.REASONING_EFFORT_LOW: 2048,
    ReasoningEffort.REASONING_EFFORT_MEDIUM: 8192,
    ReasoningEffort.REASONING_EFFORT_HIGH: 24_576,
}
"""Tokens to think with for an effort in words. Medium and high are those that Google publishes for the same purpose;
the highest leaves room for an answer within the 32,000 tokens that the smallest thinking model of Anthropic's gives."""

_WORDS = {
    ReasoningEffort.REASONING_EFFORT_MINIMAL: "low",
    ReasoningEffort.REASONING_EFFORT_LOW: "low",
    ReasoningEffort.REASONING_EFFORT_MEDIUM: "medium",
    ReasoningEffort.REASONING_EFFORT_HIGH: "high",
}


def is_off(wanted: ReasoningOptions) -> bool:
    """Whether it asks for no reasoning at all."""
    without_budget = wanted.HasField("budget_tokens") and wanted.budget_tokens == 0
    return without_budget or wanted.effort == ReasoningEffort.REASONING_EFFORT_NONE


def is_open(wanted: ReasoningOptions) -> bool:
    """Whether it leaves the amount to the provider."""
    return not wanted.HasField("budget_tokens") and not wanted.effort


def effort_word(wanted: ReasoningOptions) -> str:
    """The amount as Anthropic's `effort`: the word given, else the smallest whose budget is as large as that given."""
    if wanted.effort in _WORDS:
        return _WORDS[wanted.effort]
    enough = (effort for effort, budget in BUDGETS.items() if budget >= wanted.budget_tokens)
    return _WORDS[next(enough, ReasoningEffort.REASONING_EFFORT_HIGH)]


def budget_tokens(wanted: ReasoningOptions, cap: int | None) -> int | None:
    """The amount as a budget below `cap`, the caller's limit of tokens; None where none fits.

    A budget that the caller named keeps as much of the limit as it can. One that only derives from a word takes half
    of it at most, so that the answer gets the rest.
    """
    if wanted.HasField("budget_tokens"):
        budget = max(wanted.budget_tokens, MIN_BUDGET_TOKENS)
        most = None if cap is None else cap - 1
    else:
        budget = BUDGETS[wanted.effort]
        most = None if cap is None else cap // 2
    if most is not None:
        budget = min(budget, most)
    return budget if budget >= MIN_BUDGET_TOKENS else None
