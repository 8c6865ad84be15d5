"""Plans: what protovalidate's rules cannot say of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from tollway.admin.v1.billing_pb2 import Plan
from tollwayd.admin.money_rules import check_money
from tollwayd.admin.resources.kind import Kind
from tollwayd.core.billing.amounts import NANO
from tollwayd.core.errors import invalid_field
from tollwayd.core.resource_names import PLANS

__all__ = ["KIND", "admit_plan"]

KIND: Final = Kind(PLANS, "plan", Plan, Plan, lambda record: record)

MAX_AMOUNT: Final = 1_000_000 * NANO
"""Nano-dollars that a fee, an included cost or a price can be."""


async def admit_plan(_before: Plan | None, after: Plan) -> str:
    """Completes and judges a plan that is about to be stored."""
    if after.HasField("fixed_fee"):
        check_money(f"{KIND.field}.fixedFee", after.fixed_fee, MAX_AMOUNT)
    if after.HasField("included_cost"):
        check_money(f"{KIND.field}.includedCost", after.included_cost, MAX_AMOUNT)
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
        check_money(f"{field}.tiers[{position}].unitPrice", tier.unit_price, MAX_AMOUNT)
