"""Amounts of money: nano-units of the currency, as whole numbers of any size."""

from __future__ import annotations

from typing import Final

from tollwayd.core.metering.money import CURRENCY, NANO, money, nanos

__all__ = ["CENT", "CURRENCY", "NANO", "divided", "money", "nanos", "rounded"]

CENT: Final = NANO // 100
"""Nano-units in a cent."""


def divided(amount: int, divisor: int) -> int:
    """The whole number nearest to `amount / divisor`, of two the one farther from zero; `divisor` is positive."""
    quotient = (2 * abs(amount) + divisor) // (2 * divisor)
    return -quotient if amount < 0 else quotient


def rounded(amount: int, step: int) -> int:
    """The nearest multiple of `step`, by the same rule."""
    return divided(amount, step) * step
