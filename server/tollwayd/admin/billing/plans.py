"""Plans: what protovalidate's rules cannot say of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tollway.admin.v1.billing_pb2 import Plan
from tollwayd.admin.resources.kind import Kind
from tollwayd.core.billing.amounts import CURRENCY, NANO, nanos
from tollwayd.core.errors import invalid_field
from tollwayd.core.resource_names import PLANS

if TYPE_CHECKING:
    from google.type.money_pb2 import Money

__all__ = ["KIND", "admit_plan"]

KIND: Final = Kind(PLANS, "plan", Plan, Plan, lambda record: record)

MAX_UNITS: Final = 1_000_000
"""Dollars that a fee, an included cost or a price can be."""


async def admit_plan(_before: Plan | None, after: Plan) -> str:
    """Completes and judges a plan that is about to be stored."""
    if after.HasField("fixed_fee"):
        _check_money(after.fixed_fee, f"{KIND.field}.fixedFee")
    if after.HasField("included_cost"):
        _check_money(after.included_cost, f"{KIND.field}.includedCost")
    seen: dict[tuple[int, str], int] = {}
    for position, rate in enumerate(after.rates):
        field = f"{KIND.field}.rates[{position}]"
        if (earlier := seen.setdefault((rate.metric, rate.model), position)) != position:
            raise invalid_field(field, f"has the metric and model of rates[{earlier}]")
        rate.tiering = rate.tiering or Plan.GRADUATED
        _check_tiers(rate, field)
    return ""


def _check_tiers(rate: Plan.Rate, field: str) -> None:
    *bounded, last = [tier.last_unit for tier in rate.tiers]
    if last or not all(bounded):
        raise invalid_field(f"{field}.tiers", "have to end with one whose lastUnit is 0, and no other may have that")
    if any(lower >= upper for lower, upper in pairwise(bounded)):
        raise invalid_field(f"{field}.tiers", "have to be in the order of lastUnit, each higher than the one before")
    for position, tier in enumerate(rate.tiers):
        _check_money(tier.unit_price, f"{field}.tiers[{position}].unitPrice")


def _check_money(money: Money, field: str) -> None:
    if money.currency_code != CURRENCY:
        raise invalid_field(f"{field}.currencyCode", f"has to be {CURRENCY}")
    if not 0 <= money.nanos < NANO or not 0 <= nanos(money) <= MAX_UNITS * NANO:
        raise invalid_field(field, f"has to be from 0 to {MAX_UNITS:,} dollars")
