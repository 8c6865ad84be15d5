"""Usage as OpenAI and those who speak like it count it, to and from the canonical classes."""

from __future__ import annotations

from typing import Any

from tollway.proxy.v1.inference_pb2 import Usage

MAX_TOKENS = 10**12
"""No call uses so many tokens. A larger count is a provider's defect and is taken for absent, since it would be
booked and billed."""


def read_usage(said: object) -> Usage | None:
    """The usage in a `usage` member; None where it names neither prompt nor completion tokens."""
    if not isinstance(said, dict):
        return None
    prompt, completion = _count(said, "prompt_tokens"), _count(said, "completion_tokens")
    if prompt is None and completion is None:
        return None
    prompt, completion = prompt or 0, completion or 0
    cached, written = _cached(said, prompt)
    output, reasoning = _output(said, prompt, completion)
    return Usage(
        input_tokens=prompt - cached - written,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )


def usage_members(usage: Usage) -> dict[str, Any]:
    """The `usage` member that says this usage, as OpenAI counts: cached tokens are prompt, reasoning is completion."""
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    prompt = usage.input_tokens + usage.cache_read_tokens + written
    completion = usage.output_tokens + usage.reasoning_tokens
    prompt_details = {"cached_tokens": usage.cache_read_tokens}
    if written:
        prompt_details["cache_write_tokens"] = written
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _cached(said: dict[str, Any], prompt: int) -> tuple[int, int]:
    """Tokens read from the prompt cache and written to it, both of them part of the prompt's."""
    details = _object(said.get("prompt_tokens_details"))
    cached = _count(details, "cached_tokens")
    if cached is None:
        cached = _count(said, "prompt_cache_hit_tokens") or 0  # DeepSeek's older name.
    cached = min(cached, prompt)
    return cached, min(_count(details, "cache_write_tokens") or 0, prompt - cached)


def _output(said: dict[str, Any], prompt: int, completion: int) -> tuple[int, int]:
    """Tokens of the answer proper and of reasoning.

    OpenAI counts reasoning within the completion. xAI counts it beside, Google's compatible endpoint too and without
    naming it: there the total exceeds the sum, and what it exceeds by was generated and is billed as reasoning.
    """
    excess = max(0, (_count(said, "total_tokens") or 0) - prompt - completion)
    generated = completion + excess
    reasoning = _count(_object(said.get("completion_tokens_details")), "reasoning_tokens") or excess
    # More reasoning than was generated in all: it stands beside the completion, and the total left it out.
    return (generated - reasoning if reasoning <= generated else completion), reasoning


def _count(members: dict[str, Any], name: str) -> int | None:
    value = members.get(name)
    return value if type(value) is int and 0 <= value <= MAX_TOKENS else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
