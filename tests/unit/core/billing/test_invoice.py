"""Invoices add up: to the ledger, to their own lines, and to what a separate computation in decimals says."""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tollway.admin.v1.billing_pb2 import Invoice, InvoiceLine, Plan
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.billing import usage as usages
from tollwayd.core.billing.amounts import money, nanos
from tollwayd.core.billing.invoice import complete
from tollwayd.core.billing.usage import Usage

TENANTS = ("tenants/acme", "tenants/beta", "tenants/gamma")
MODELS = (("gpt", "openai"), ("gpt", "azure"), ("claude", "anthropic"), ("mini", "openai"))
TOKENS = ("input", "cache_read", "cache_write", "cache_write_hour", "output", "reasoning")


def usd(text: str):
    return money(int(Decimal(text) * 10**9))


PLAN = Plan(
    fixed_fee=usd("49.90"),
    included_cost=usd("20"),
    markup_basis_points=725,
    rates=[
        {
            "metric": "CALLS",
            "included_units": 1234,
            "tiering": "GRADUATED",
            "tiers": [
                {"last_unit": 1000, "unit_price": usd("1.999999999")},
                {"last_unit": 5000, "unit_price": usd("0.75")},
                {"unit_price": usd("0.333333333")},
            ],
        },
        {
            "metric": "ALL_OUTPUT_TOKENS",
            "model": "claude",
            "tiering": "VOLUME",
            "tiers": [{"last_unit": 10**6, "unit_price": usd("3.1415")}, {"unit_price": usd("2.718281828")}],
        },
    ],
)


def entries(count: int, seed: int) -> list[tuple[str, LedgerEntry]]:
    """Calls of all kinds; one in fifty is a correction, and may take away."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        model, provider = chance.choice(MODELS)
        correction = chance.random() < 0.02
        sign = chance.choice((-1, 1)) if correction else 1
        tokens = {f"{name}_tokens": sign * chance.randrange(0, 5000) for name in TOKENS}
        kind = "CORRECTION" if correction else "CALL"
        outcome = chance.choice(("COMPLETED", "COMPLETED", "CUT", "FAILED", "LOST"))
        cost = sign * chance.randrange(0, 30_000_000)
        entry = LedgerEntry(kind=kind, outcome=outcome, model=model, provider=provider, cost_nanos=cost, **tokens)
        entry.price_version = chance.choice(("v1", "v2", ""))
        made.append((chance.choice(TENANTS), entry))
    return made


def invoiced(made, plan: Plan | None = None) -> Invoice:
    invoice = Invoice(plan=plan) if plan is not None else Invoice()
    usage = Usage({rate.model for rate in invoice.plan.rates})
    for tenant, entry in made:
        usage.add(tenant, [entry])
    complete(invoice, usage)
    return invoice


def amounts(invoice: Invoice, *kinds: int) -> int:
    return sum(nanos(line.amount) for line in invoice.lines if not kinds or line.kind in kinds)


def in_decimals(made) -> tuple[Decimal, Decimal]:
    """PLAN's cost and total, from nothing but its own words: 20 lines that share no code with the invoice."""
    nano, cent = Decimal("1e-9"), Decimal("0.01")
    cost = sum((Decimal(entry.cost_nanos) for _, entry in made), Decimal(0)) * nano
    calls = sum(1 for _, entry in made if entry.kind == LedgerEntry.CALL and entry.outcome != LedgerEntry.FAILED)
    output = sum(entry.output_tokens + entry.reasoning_tokens for _, entry in made if entry.model == "claude")
    charges = [Decimal("49.90"), max(cost - 20, Decimal(0)) if cost > 0 else cost]
    charges.append(charges[1] * Decimal("0.0725"))
    left, tiers = calls - 1234, ((1000, "1.999999999"), (4000, "0.75"), (None, "0.333333333"))
    for width, price in tiers:
        units = left if width is None else min(left, width)
        charges.append(max(units, 0) * Decimal(price) / 1000)
        left -= units
    price = Decimal("3.1415") if output <= 1_000_000 else Decimal("2.718281828")
    charges.append(output * price / 1_000_000)
    exact = sum((charge.quantize(nano, ROUND_HALF_UP) for charge in charges), Decimal(0))
    return cost, exact.quantize(cent, ROUND_HALF_UP)


@pytest.mark.parametrize("seed", range(5))
def test_ten_thousand_calls_come_to_what_decimals_say(seed, capsys):
    made = entries(10_000, seed)
    invoice = invoiced(made, PLAN)
    cost, total = in_decimals(made)

    assert nanos(invoice.cost) == sum(entry.cost_nanos for _, entry in made) == cost * 10**9
    assert amounts(invoice, InvoiceLine.COST) == nanos(invoice.cost)
    assert nanos(invoice.total) == amounts(invoice) == total * 10**9
    assert nanos(invoice.subtotal) == amounts(invoice) - amounts(invoice, InvoiceLine.ROUNDING)
    with capsys.disabled():
        sys.stdout.write(f"\n10,000 calls, {len(invoice.lines)} lines: cost ${cost}, total ${total}, both exact")


def test_the_lines_of_usage_add_up_to_the_ledger_in_every_class_and_group():
    made = entries(2_000, 7)
    shown = {
        (line.tenant, line.model, line.provider, Plan.Metric.Name(line.metric)): line.quantity
        for line in invoiced(made).lines
        if line.kind == InvoiceLine.USAGE
    }
    expected = Counter()
    for tenant, entry in made:
        group = (tenant, entry.model, entry.provider)
        if entry.kind == LedgerEntry.CALL:
            expected[*group, "FAILED_CALLS" if entry.outcome == LedgerEntry.FAILED else "CALLS"] += 1
        for name in TOKENS:
            expected[*group, f"{name.upper()}_TOKENS"] += getattr(entry, f"{name}_tokens")
    assert shown == {place: quantity for place, quantity in expected.items() if quantity}


def test_calls_whose_price_nobody_knew_have_a_line_of_their_own_and_no_amount():
    made = entries(2_000, 9)
    lines = [line for line in invoiced(made).lines if line.kind == InvoiceLine.UNPRICED]
    assert not any(line.HasField("amount") for line in lines)
    expected = Counter(
        (tenant, entry.model, entry.provider)
        for tenant, entry in made
        if entry.kind == LedgerEntry.CALL and not entry.price_version
    )
    assert {(line.tenant, line.model, line.provider): line.quantity for line in lines} == expected
    assert {line.metric for line in lines} == {Plan.CALLS}


def test_without_a_plan_the_cost_is_passed_on_and_rounded_in_one_line():
    invoice = invoiced([("tenants/acme", LedgerEntry(kind="CALL", price_version="v", cost_nanos=1_234_567_890))])
    assert [InvoiceLine.Kind.Name(line.kind) for line in invoice.lines] == ["USAGE", "COST", "ROUNDING"]
    assert (nanos(invoice.subtotal), nanos(invoice.total)) == (1_234_567_890, 1_230_000_000)
    assert nanos(invoice.lines[-1].amount) == -4_567_890


@pytest.mark.parametrize(
    ("cost", "total"),
    [(0, 0), (4_999_999, 0), (5_000_000, 10**7), (-4_999_999, 0), (-5_000_000, -(10**7)), (10**7, 10**7)],
)
def test_a_half_cent_is_rounded_away_from_zero(cost, total):
    invoice = invoiced([("tenants/acme", LedgerEntry(kind="CORRECTION", cost_nanos=cost))])
    assert (nanos(invoice.total), amounts(invoice)) == (total, total)


def charged(plan: Plan, cost: int) -> dict[str, int]:
    invoice = invoiced([("tenants/acme", LedgerEntry(kind="CALL", price_version="v", cost_nanos=cost))], plan)
    names = {line.kind: InvoiceLine.Kind.Name(line.kind) for line in invoice.lines}
    return {name: amounts(invoice, kind) for kind, name in names.items() if name != "USAGE"}


def test_the_included_cost_is_taken_off_before_the_markup():
    plan = Plan(fixed_fee=usd("100"), included_cost=usd("100"), markup_basis_points=1000)
    within = {"FIXED_FEE": 100 * 10**9, "COST": 40 * 10**9, "INCLUDED_COST": -40 * 10**9}
    assert charged(plan, 40 * 10**9) == within
    beyond = {"FIXED_FEE": 100 * 10**9, "COST": 130 * 10**9, "INCLUDED_COST": -100 * 10**9, "MARKUP": 3 * 10**9}
    assert charged(plan, 130 * 10**9) == beyond


@pytest.mark.parametrize(
    ("points", "cost", "markup"),
    [
        (-10_000, 12_345, -12_345),
        (1, 4_999, 0),
        (1, 5_000, 1),
        (-1, 5_000, -1),
        (1, -5_000, -1),
        (500, 10**9, 5 * 10**7),
    ],
)
def test_a_markup_is_rounded_to_the_nano_dollar(points, cost, markup):
    lines = charged(Plan(markup_basis_points=points), cost)
    assert lines["MARKUP"] == markup
    if points == -10_000:
        assert sum(lines.values()) == 0


def test_a_correction_below_zero_takes_nothing_from_what_a_plan_includes():
    assert charged(Plan(included_cost=usd("5")), -(10**9)) == {"COST": -(10**9)}
    rate = {"metric": "OUTPUT_TOKENS", "included_units": 5, "tiers": [{"unit_price": usd("1")}]}
    invoice = invoiced([("tenants/acme", LedgerEntry(kind="CORRECTION", output_tokens=-3))], Plan(rates=[rate]))
    assert [line.quantity for line in invoice.lines if line.metric] == [-3]


def test_groups_beyond_the_bound_are_summed_up_under_their_tenant_and_rates_still_see_them(monkeypatch):
    monkeypatch.setattr(usages, "MAX_GROUPS", 2)
    rate = {"metric": "CALLS", "model": "m4", "tiers": [{"unit_price": usd("1")}]}
    made = [("tenants/acme", LedgerEntry(kind="CALL", model=f"m{n}", cost_nanos=10**n)) for n in range(6)]
    invoice = invoiced(made, Plan(rates=[rate]))
    costs = defaultdict(int)
    for line in invoice.lines:
        costs[line.model] += nanos(line.amount) if line.kind == InvoiceLine.COST else 0
    assert (costs["m0"], costs["m1"]) == (1, 10)
    assert costs[""] == 111_100
    assert [line.quantity for line in invoice.lines if line.kind == InvoiceLine.TIER] == [1]
