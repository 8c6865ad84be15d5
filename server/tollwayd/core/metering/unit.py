"""What a limit counts."""

from __future__ import annotations

from enum import IntEnum


class Unit(IntEnum):
    """The numbers are those of `tollway.admin.v1.Policy.Unit`."""

    REQUESTS = 1
    INPUT_TOKENS = 2
    OUTPUT_TOKENS = 3
    TOTAL_TOKENS = 4
    COST = 5
    """Nano-units of the currency: 1,000,000,000 are one US dollar."""
    CALLS = 6
    """Calls under way: taken with 1, and given back whole when the call ends."""

    __hash__ = int.__hash__
    """An Enum's own hash is in Python and of its name, at five times the time."""
