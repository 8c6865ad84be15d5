"""Money as the API writes it, and as it is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from google.type.money_pb2 import Money

NANO: Final = 1_000_000_000
"""Nano-units in one unit of a currency."""

MAX_AMOUNT: Final = 9_000_000 * NANO
"""The most that a limit can be, increases included: what Lua's numbers count exactly, 2^53, rounded down."""


def nanos(money: Money) -> int:
    """An amount in nano-units."""
    return int(money.units * NANO + money.nanos)
