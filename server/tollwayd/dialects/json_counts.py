"""Counts in the JSON of providers, which may hold anything."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["MAX_TOKENS", "count", "object_or_empty"]

MAX_TOKENS: Final = 10**12
"""No call uses so many tokens. A larger count is a provider's defect and is taken for absent, since it would be
booked and billed."""


def count(value: object) -> int | None:
    """The value where it is a count of tokens, None where it is anything else; `true` is no 1."""
    if type(value) is int and 0 <= value <= MAX_TOKENS:
        return value
    return None


def object_or_empty(value: object) -> dict[str, Any]:
    """The value where it is an object, an empty one where it is anything else."""
    return value if isinstance(value, dict) else {}
