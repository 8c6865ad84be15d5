"""Tiers, at their edges and between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollway.admin.v1.billing_pb2 import Plan
from tollwayd.core.billing.amounts import divided, money, nanos, rounded
from tollwayd.core.billing.tiers import steps

PRICES = st.integers(0, 10**12)


@st.composite
def rates(draw, tiering: str = ""):
    """Rates with up to five tiers, the last without end."""
    ends = sorted(draw(st.sets(st.integers(1, 1000), max_size=4)))
    tiers = [{"last_unit": end, "unit_price": money(draw(PRICES))} for end in (*ends, 0)]
    metric = draw(st.sampled_from(["CALLS", "OUTPUT_TOKENS"]))
    return Plan.Rate(metric=metric, tiering=tiering or draw(st.sampled_from(["GRADUATED", "VOLUME"])), tiers=tiers)


def near_edges(rate: Plan.Rate):
    """Numbers of units at each end of a tier, and on both sides of it."""
    edges = [tier.last_unit for tier in rate.tiers if tier.last_unit] or [1]
    return {max(1, edge + by) for edge in edges for by in (-1, 0, 1)} | {1, 10**9}


@given(rates())
def test_every_unit_is_charged_once(rate):
    for units in near_edges(rate):
        found = list(steps(rate, units))
        assert sum(step.quantity for step in found) == units
        assert all(step.quantity > 0 for step in found)


@given(rates("GRADUATED"), st.integers(1, 1200))
def test_graduated_units_have_each_the_price_of_their_own_tier(rate, units):
    def price(unit: int) -> int:
        return next(nanos(tier.unit_price) for tier in rate.tiers if not tier.last_unit or unit <= tier.last_unit)

    found = list(steps(rate, units))
    assert sum(step.quantity * step.price for step in found) == sum(price(unit) for unit in range(1, units + 1))


@given(rates("VOLUME"))
def test_volume_units_have_all_the_price_of_the_last(rate):
    for units in near_edges(rate):
        (step,) = steps(rate, units)
        tier = rate.tiers[step.tier - 1]
        below = rate.tiers[step.tier - 2].last_unit if step.tier > 1 else 0
        assert below < units
        assert not tier.last_unit or units <= tier.last_unit
        assert step.price == nanos(tier.unit_price)


@given(rates("GRADUATED"))
def test_a_graduated_charge_never_falls_where_units_rise(rate):
    for edge in near_edges(rate):
        fewer, more = ([sum(step.amount for step in steps(rate, units))] for units in (edge, edge + 1))
        assert fewer <= more


def charge(rate: Plan.Rate, units: int) -> int:
    return sum(step.amount for step in steps(rate, units))


def test_the_last_unit_of_a_tier_is_of_the_tier():
    tiers = [{"last_unit": 100, "unit_price": money(2000)}, {"unit_price": money(1000)}]
    graduated, volume = (Plan.Rate(metric="CALLS", tiering=each, tiers=tiers) for each in ("GRADUATED", "VOLUME"))
    assert [charge(graduated, units) for units in (99, 100, 101)] == [198, 200, 201]
    assert [charge(volume, units) for units in (99, 100, 101)] == [198, 200, 101]


@pytest.mark.parametrize(("metric", "amount"), [("CALLS", 500_000), ("FAILED_CALLS", 500_000), ("INPUT_TOKENS", 500)])
def test_a_price_is_for_a_thousand_calls_or_a_million_tokens(metric, amount):
    rate = Plan.Rate(metric=metric, tiers=[{"unit_price": money(10**9)}])
    assert charge(rate, 1) == amount * 2
    assert charge(Plan.Rate(metric=metric, tiers=[{"unit_price": money(5 * 10**8)}]), 1) == amount


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**12))
def test_division_gives_the_nearest_number_and_of_two_the_one_farther_from_zero(amount, divisor):
    quotient = divided(amount, divisor)
    assert 2 * abs(amount - quotient * divisor) <= divisor
    assert divided(-amount, divisor) == -quotient
    if 2 * abs(amount) % (2 * divisor) == divisor:
        assert abs(quotient * divisor) > abs(amount)
    assert rounded(amount, divisor) == quotient * divisor


@given(st.integers(-(10**27), 10**27))
def test_money_has_one_sign_and_loses_nothing(amount):
    written = money(amount)
    assert nanos(written) == amount
    assert abs(written.nanos) < 10**9
    assert written.units * written.nanos >= 0
