"""What a call costs by a price of ours, against a plain calculation in decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.core.metering.charge import Counts
from tollwayd.core.metering.prices.schedule import ALWAYS, Period, Schedule, priced
from tollwayd.core.metering.prices.tariff import MAX_COST, Rates, Tariff, Tier, dearest

RATE = st.integers(0, 10**12)
RATES = st.tuples(*[RATE] * 7).map(Rates._make)
COUNTS = st.tuples(*[st.integers(0, 3000)] * 6).map(Counts._make)
TIERS = st.lists(st.builds(Tier, st.integers(0, 6000), RATES), max_size=3, unique_by=lambda tier: tier.above).map(
    lambda tiers: tuple(sorted(tiers))
)
TARIFFS = st.builds(Tariff, st.just("v"), RATES, TIERS)
DOLLAR = 10**9
FLAT = Tariff("flat", Rates(DOLLAR, DOLLAR, DOLLAR, DOLLAR, DOLLAR, DOLLAR))
DEAR = Tariff("dear", Rates(*[5 * DOLLAR] * 6))


@given(TARIFFS, COUNTS)
def test_a_cost_is_the_sum_of_all_classes_rounded_up_once(tariff, counts):
    rates = next((tier.rates for tier in reversed(tariff.tiers) if counts.all_input > tier.above), tariff.rates)
    dollars = sum(Decimal(count) * rate / 10**15 for count, rate in zip(counts, rates[:6], strict=True))
    dollars += Decimal(rates.request) / 10**9

    assert tariff.cost(counts) == (dollars * 10**9).to_integral_value(ROUND_CEILING)


@given(TARIFFS, COUNTS, st.integers(0, 3000), st.integers(0, 3000))
def test_the_most_is_not_exceeded_by_any_split_of_as_many_tokens_or_fewer(tariff, counts, more_input, more_output):
    most = tariff.most(counts.all_input + more_input, counts.all_output + more_output)

    assert tariff.cost(counts) <= most


def test_a_part_of_a_nano_dollar_is_a_whole_one():
    assert Tariff("v", Rates(1, 0, 0, 0, 0, 0)).cost(Counts(input=1)) == 1
    assert Tariff("v", Rates(1, 0, 0, 0, 0, 0)).cost(Counts(input=1_000_001)) == 2


@pytest.mark.parametrize(("input_tokens", "rate"), [(199_999, 1), (200_000, 1), (200_001, 2)])
def test_a_tier_holds_for_all_tokens_of_a_call_with_more_input_than_it_says(input_tokens, rate):
    rates = Rates(*[DOLLAR] * 6)
    tariff = Tariff("v", rates, (Tier(200_000, Rates(*[2 * DOLLAR] * 6)),))
    counts = Counts(input=1, cache_read=input_tokens - 1, output=10)

    assert tariff.cost(counts) == rate * (input_tokens + 10) * 1000


def test_no_cost_is_more_than_the_store_can_count():
    assert DEAR.cost(Counts(output=10**15)) == MAX_COST
    assert DEAR.most(0, 10**15) == MAX_COST


@given(st.lists(TARIFFS, min_size=1, max_size=4), COUNTS)
def test_the_dearest_of_prices_costs_as_much_as_each(tariffs, counts):
    price = dearest(tariffs, "all")

    assert all(tariff.cost(counts) <= price.cost(counts) for tariff in tariffs)


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last():
    period = Period(100, 200)

    assert [period.covers(at) for at in (99.999, 100, 199.999, 200)] == [False, True, True, False]


@pytest.mark.parametrize("day", [0, 20_000 * 86_400])
def test_a_time_of_day_is_that_of_utc_and_may_go_over_midnight(day):
    noon, night = Period(daily=(43_200, 46_800)), Period(daily=(82_800, 3_600))

    assert [noon.covers(day + at) for at in (43_199.9, 43_200, 46_799, 46_800)] == [False, True, True, False]
    assert [night.covers(day + at) for at in (3_599, 3_600, 82_799, 82_800)] == [True, False, False, True]


def test_of_the_prices_whose_time_it_is_the_first_is_in_force():
    price = priced([(Period(100, 200), DEAR), (ALWAYS, FLAT), (ALWAYS, DEAR)])

    assert [price.at(at).version for at in (99, 100, 200)] == ["flat", "dear", "flat"]
    assert price.cost(Counts(input=10), 150) == 5 * price.cost(Counts(input=10), 50)
    assert price.most(10, 0, 150) == 5 * price.most(10, 0, 50)
    assert price.version == "dear, flat"


def test_while_no_price_is_in_force_none_is_known():
    price = Schedule(((Period(100, 200), FLAT),))

    assert price.at(150) is FLAT
    assert price.at(99) is price.at(200) is None
    assert price.cost(Counts(input=10), 300) == FLAT.cost(Counts(input=10))


def test_a_price_for_always_needs_no_schedule():
    assert priced([(ALWAYS, FLAT), (ALWAYS, DEAR)]) is FLAT
    assert priced([]) is None


def test_a_schedule_bounds_the_output_only_where_all_its_prices_do():
    bounded, more = Tariff("b", FLAT.rates, (), 100), Tariff("m", FLAT.rates, (), 200)

    assert Schedule(((Period(0, 1), bounded), (ALWAYS, more))).max_output_tokens == 200
    assert Schedule(((Period(0, 1), bounded), (ALWAYS, FLAT))).max_output_tokens is None
