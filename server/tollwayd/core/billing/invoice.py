"""Invoices: the lines that a month's usage makes under a plan, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.billing_pb2 import Invoice, InvoiceLine, Plan
from tollwayd.core.billing.amounts import CENT, divided, money, nanos, rounded
from tollwayd.core.billing.tiers import price_quantity, steps
from tollwayd.core.billing.usage import CLASSES, UNPRICED, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["complete"]

_WHOLE: Final = 10_000
"""Basis points in all of something."""


def complete(invoice: Invoice, usage: Usage) -> None:
    """Gives an invoice, whose plan is set where there is one, its lines and sums."""
    invoice.lines.extend(_usage_lines(usage))
    if invoice.HasField("plan"):
        invoice.lines.extend(_plan_lines(invoice.plan, usage))
    subtotal = sum(nanos(line.amount) for line in invoice.lines)
    total = rounded(subtotal, CENT)
    if total != subtotal:
        invoice.lines.append(InvoiceLine(kind=InvoiceLine.ROUNDING, amount=money(total - subtotal)))
    invoice.cost.CopyFrom(money(usage.cost))
    invoice.subtotal.CopyFrom(money(subtotal))
    invoice.total.CopyFrom(money(total))


def _usage_lines(usage: Usage) -> Iterator[InvoiceLine]:
    for group in sorted(usage.counts):
        place = group._asdict()
        counts = usage.counts[group]
        for metric in CLASSES:
            if counts[metric]:
                yield InvoiceLine(kind=InvoiceLine.USAGE, **place, metric=metric, quantity=counts[metric])
        if unpriced := counts[UNPRICED]:
            yield InvoiceLine(kind=InvoiceLine.UNPRICED, **place, metric=Plan.CALLS, quantity=unpriced)
        yield InvoiceLine(kind=InvoiceLine.COST, **place, amount=money(counts[0]))


def _plan_lines(plan: Plan, usage: Usage) -> Iterator[InvoiceLine]:
    if fee := nanos(plan.fixed_fee):
        yield InvoiceLine(kind=InvoiceLine.FIXED_FEE, amount=money(fee))
    included = max(0, min(nanos(plan.included_cost), usage.cost))
    if included:
        yield InvoiceLine(kind=InvoiceLine.INCLUDED_COST, amount=money(-included))
    if plan.markup_basis_points and (base := usage.cost - included):
        markup = divided(base * plan.markup_basis_points, _WHOLE)
        yield InvoiceLine(kind=InvoiceLine.MARKUP, basis_points=plan.markup_basis_points, amount=money(markup))
    for rate in plan.rates:
        yield from _rate_lines(rate, usage.units(rate.metric, rate.model))


def _rate_lines(rate: Plan.Rate, units: int) -> Iterator[InvoiceLine]:
    included = max(0, min(rate.included_units, units))
    if included:
        yield InvoiceLine(
            kind=InvoiceLine.INCLUDED_UNITS, metric=rate.metric, model=rate.model, quantity=included, amount=money(0)
        )
    if units <= included:
        return
    for step in steps(rate, units - included):
        yield InvoiceLine(
            kind=InvoiceLine.TIER,
            metric=rate.metric,
            model=rate.model,
            tier=step.tier,
            quantity=step.quantity,
            unit_price=money(step.price),
            price_quantity=price_quantity(rate.metric),
            amount=money(step.amount),
        )
