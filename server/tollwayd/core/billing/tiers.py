"""Tiers: units split by the prices that hold for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tollway.admin.v1.billing_pb2 import Plan
from tollwayd.core.billing.amounts import divided, nanos

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Step", "price_quantity", "steps"]

_CALLS: Final = frozenset({Plan.CALLS, Plan.FAILED_CALLS})


class Step(NamedTuple):
    """So many units at the price of one tier, which is counted from 1; `price` and `amount` in nano-units."""

    tier: int
    quantity: int
    price: int
    amount: int


def price_quantity(metric: Plan.Metric) -> int:
    """How many units a price is for."""
    return 1_000 if metric in _CALLS else 1_000_000


def steps(rate: Plan.Rate, units: int) -> Iterator[Step]:
    """The units, one or more, by the rate's tiers, of which the last is without end."""
    before = 0
    for number, tier in enumerate(rate.tiers, 1):
        is_last_used = not tier.last_unit or units <= tier.last_unit
        if rate.tiering != Plan.VOLUME:
            top = units if is_last_used else tier.last_unit
            yield _step(rate, number, top - before)
            before = top
        elif is_last_used:
            yield _step(rate, number, units)
        if is_last_used:
            return


def _step(rate: Plan.Rate, number: int, quantity: int) -> Step:
    price = nanos(rate.tiers[number - 1].unit_price)
    return Step(number, quantity, price, divided(quantity * price, price_quantity(rate.metric)))
