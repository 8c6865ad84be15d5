"""What a price has to be beyond its fields' own rules."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tollwayd.admin.money_rules import check_money
from tollwayd.admin.resources.field_behavior import fields_of
from tollwayd.core.errors import invalid_field
from tollwayd.core.metering.money import NANO

if TYPE_CHECKING:
    from tollway.admin.v1.prices_pb2 import Price

MAX_RATE: Final = 100_000 * NANO
"""Nano-dollars for a million tokens, or for a call: a hundred times what any list asks, and within what can be counted
exactly for the longest of calls."""


def check_price(price: Price) -> None:
    """REASON_FIELD_INVALID for a price that nobody could calculate with."""
    _check_model(price.model)
    _check_rates(price.rates, "price.rates")
    for position, tier in enumerate(price.tiers):
        _check_rates(tier.rates, f"price.tiers[{position}].rates")
    if any(one.threshold_tokens >= other.threshold_tokens for one, other in pairwise(price.tiers)):
        raise invalid_field("price.tiers", "must be in ascending order of thresholdTokens, each only once")
    if price.HasField("end_time") and price.end_time.ToNanoseconds() <= price.start_time.ToNanoseconds():
        raise invalid_field("price.endTime", "must be later than startTime")


def _check_model(model: str) -> None:
    if not model.isprintable() or model != model.strip():
        raise invalid_field("price.model", "must not have control characters, nor spaces at its ends")
    if "*" in model[:-1]:
        raise invalid_field("price.model", "may have a * only as its last character")


def _check_rates(rates: Price.Rates, path: str) -> None:
    for field in fields_of(rates):
        if rates.HasField(field.name):
            check_money(f"{path}.{field.json_name}", getattr(rates, field.name), MAX_RATE)
