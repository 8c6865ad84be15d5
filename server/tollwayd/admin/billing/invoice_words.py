"""How invoices are written for people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from tollway.admin.v1.billing_pb2 import Invoice, InvoiceLine, Plan
from tollwayd.core.billing.amounts import NANO, nanos
from tollwayd.core.resource_names import id_of

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp
    from google.type.money_pb2 import Money

__all__ = ["METRICS", "charge", "decimal", "dollars", "period"]

METRICS: Final = {
    Plan.CALLS: "calls",
    Plan.FAILED_CALLS: "failed calls",
    Plan.INPUT_TOKENS: "input tokens",
    Plan.CACHE_READ_TOKENS: "tokens read from a cache",
    Plan.CACHE_WRITE_TOKENS: "tokens written to a cache",
    Plan.CACHE_WRITE_HOUR_TOKENS: "tokens written to a cache for an hour",
    Plan.OUTPUT_TOKENS: "output tokens",
    Plan.REASONING_TOKENS: "reasoning tokens",
    Plan.ALL_INPUT_TOKENS: "input tokens of every class",
    Plan.ALL_OUTPUT_TOKENS: "output tokens with reasoning",
    Plan.TOTAL_TOKENS: "tokens of every class",
}


def decimal(money: Money) -> str:
    """`-12.340000000`: with all nine digits, for machines."""
    amount = nanos(money)
    units, rest = divmod(abs(amount), NANO)
    return f"{'-' if amount < 0 else ''}{units}.{rest:09}"


def dollars(money: Money) -> str:
    """`-$1,234.50`: with as many digits as it has, two at least."""
    amount = nanos(money)
    units, rest = divmod(abs(amount), NANO)
    digits = f"{rest:09}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}${units:,}.{digits}"


def period(invoice: Invoice) -> str:
    """`2026-11-01 to 2026-11-30, Europe/Berlin`."""
    zone = ZoneInfo(invoice.time_zone)
    last = _local(invoice.end_time, zone) - timedelta(milliseconds=1)
    return f"{_local(invoice.start_time, zone):%Y-%m-%d} to {last:%Y-%m-%d}, {invoice.time_zone}"


def charge(line: InvoiceLine, plan: Plan) -> str:
    """What a line of the plan charges for."""
    match line.kind:
        case InvoiceLine.FIXED_FEE:
            return f"Fixed fee of the plan {plan.display_name or id_of(plan.name)}"
        case InvoiceLine.INCLUDED_COST:
            return "Cost that the plan includes"
        case InvoiceLine.MARKUP:
            return f"{'Markup' if line.basis_points > 0 else 'Discount'}, {_percent(line.basis_points)}"
        case InvoiceLine.INCLUDED_UNITS:
            return f"{line.quantity:,} {_metric(line)} that the plan includes"
        case InvoiceLine.TIER:
            price = f"{dollars(line.unit_price)} per {line.price_quantity:,}"
            return f"{line.quantity:,} {_metric(line)} at {price} (tier {line.tier})"
        case _:
            return "Rounding to the cent"


def _metric(line: InvoiceLine) -> str:
    return METRICS[line.metric] + (f" of {line.model}" if line.model else "")


def _percent(basis_points: int) -> str:
    whole, rest = divmod(abs(basis_points), 100)
    return f"{whole}.{rest:02} %"


def _local(time: Timestamp, zone: ZoneInfo) -> datetime:
    return time.ToDatetime(tzinfo=ZoneInfo("UTC")).astimezone(zone)
