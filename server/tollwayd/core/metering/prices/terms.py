"""On which terms a call is served, as far as they change its price: what its request leaves open, and how it is known
what became of it."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

STANDARD: Final = "standard"
"""The terms of a call without any of their own: the list price."""

UNKNOWN: Final = "unknown"
"""Terms in words that nobody knows."""


class CacheWrites(IntEnum):
    """What of its input a request can have written to a prompt cache that is only written when it is asked to be."""

    NONE = 0
    SHORT = 1
    """For 5 minutes."""
    HOUR = 2


class Terms(NamedTuple):
    """What a request leaves open: on each of `possible` it can be served, None for any there are; on `unsaid` it was
    where the answer does not say."""

    possible: tuple[str, ...] | None = None
    unsaid: str = STANDARD
