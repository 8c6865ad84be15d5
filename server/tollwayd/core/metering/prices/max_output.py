"""How much well-known models generate in one answer, which the price list does not say.

As their makers' documentation has it. What a call reserves that names no maximum is worked out from this, so a number
is at least the model's own, never below it; a family of which that is not known for sure is left out.
"""

from __future__ import annotations

from typing import Final

_CAPS: Final = (
    ("claude-3-haiku", 4_096),
    ("claude-3-sonnet", 4_096),
    ("claude-3-opus", 4_096),
    ("claude-3-5", 8_192),
    ("claude-3-7", 128_000),
    ("claude-opus-4-0", 32_000),
    ("claude-opus-4-1", 32_000),
    ("claude-sonnet-4-0", 64_000),
    ("claude-sonnet-4-5", 64_000),
    ("claude-opus-4-5", 64_000),
    ("claude-haiku-4-5", 64_000),
    ("claude-opus-", 128_000),
    ("claude-sonnet-", 128_000),
    ("claude-haiku-", 128_000),
    ("claude-fable-", 128_000),
    ("gpt-3-5", 4_096),
    ("gpt-4-1", 32_768),
    ("gpt-4-turbo", 4_096),
    ("gpt-4o", 16_384),
    ("gpt-5", 128_000),
    ("o1-mini", 65_536),
    ("o3-mini", 100_000),
    ("o4-mini", 100_000),
    ("gemini-1-5", 8_192),
    ("gemini-2-0", 8_192),
    ("gemini-2-5", 65_536),
    ("gemini-3", 65_536),
)
"""What a model's name holds, dots written as hyphens → its maximum; the first that fits counts."""


def max_output_tokens(model: str) -> int | None:
    """The most tokens that a model generates in one answer; None where this table does not have it."""
    name = model.lower().replace(".", "-")
    return next((cap for part, cap in _CAPS if part in name), None)
