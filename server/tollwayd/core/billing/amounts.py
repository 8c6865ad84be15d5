"""Amounts of money: nano-units of the currency, as whole numbers of any size."""

from __future__ import annotations

from typing import Final

from google.type.money_pb2 import Money

from tollwayd.core.metering.money import NANO, nanos

__all__ = ["CENT", "CURRENCY", "NANO", "divided", "money", "nanos", "rounded"]

CURRENCY: Final = "USD"
"""ISO 4217: the one currency."""

CENT: Final = NANO // 100
"""Nano-units in a cent."""


def money(amount: int) -> Money:
    """An amount as the API writes it: both parts have its sign."""
    units, rest = divmod(abs(amount), NANO)
    sign = -1 if amount < 0 else 1
    return Money(currency_code=CURRENCY, units=sign * units, nanos=sign * rest)


def divided(amount: int, divisor: int) -> int:
    """The whole number nearest to `amount / divisor`, of two the one farther from zero; `divisor` is positive."""
    quotient = (2 * abs(amount) + divisor) // (2 * divisor)
    return -quotient if amount < 0 else quotient


def rounded(amount: int, step: int) -> int:
    """The nearest multiple of `step`, by the same rule."""
    return divided(amount, step) * step
