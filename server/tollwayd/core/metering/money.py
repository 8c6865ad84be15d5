"""Money as the API writes it, and as it is counted."""

from __future__ import annotations

from typing import Final

from google.type.money_pb2 import Money

CURRENCY: Final = "USD"
"""ISO 4217: the one currency that prices are in."""

NANO: Final = 1_000_000_000
"""Nano-units in one unit of a currency."""

MAX_AMOUNT: Final = 9_000_000 * NANO
"""The most that a limit can be, increases included: what Lua's numbers count exactly, 2^53, rounded down."""


def decimal(nanos: int) -> str:
    """Nano-units as a decimal number, exact: 1500 → `0.0000015`."""
    whole, part = divmod(nanos, NANO)
    return f"{whole}.{part:09d}".rstrip("0") if part else str(whole)


def nanos(money: Money) -> int:
    """An amount in nano-units."""
    return int(money.units * NANO + money.nanos)


def money(amount: int) -> Money:
    """An amount of nano-units: both parts of a `Money` have its sign."""
    units, rest = divmod(abs(amount), NANO)
    sign = -1 if amount < 0 else 1
    return Money(currency_code=CURRENCY, units=sign * units, nanos=sign * rest)
