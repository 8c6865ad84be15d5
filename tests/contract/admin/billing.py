"""BillingService over any stores: what its tests share."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tollway.admin.v1 import billing_pb2
from tollway.admin.v1.billing_pb2 import (
    CloseBillingPeriodRequest,
    CreateBillingAccountRequest,
    CreatePlanRequest,
    Invoice,
    InvoiceLine,
    PreviewInvoiceRequest,
)
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollway.admin.v1.tenants_pb2 import CreateTenantRequest
from tollwayd.admin.billing.service import BillingServicer
from tollwayd.core.billing.amounts import nanos

if TYPE_CHECKING:
    from tests.contract.admin.harness import Admin

ACCOUNT = "billingAccounts/retail"
ACME, BETA = "tenants/acme", "tenants/beta"


def serve_billing(admin: Admin, invoices: Any, ledger: Any) -> None:
    """Adds BillingService to an Admin API."""
    admin.serve(billing_pb2, BillingServicer(admin.store, admin.tokens, invoices, ledger))


def usd(units: int, cents: int = 0) -> dict[str, Any]:
    return {"currency_code": "USD", "units": units, "nanos": cents * 10**7}


def at(text: str, zone: str = "UTC") -> int:
    """Unix milliseconds of a wall clock's time."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def call(cost: int, **fields: Any) -> LedgerEntry:
    return LedgerEntry(
        **{
            "kind": "CALL",
            "outcome": "COMPLETED",
            "model": "gpt",
            "provider": "openai",
            "price_version": "v",
            **fields,
        },
        cost_nanos=cost,
    )


async def tenants(admin: Admin, *names: str) -> None:
    for name in names:
        await admin(CreateTenantRequest(tenant_id=name.removeprefix("tenants/"), tenant={}))


async def account(admin: Admin, name: str = ACCOUNT, **fields: Any) -> Any:
    account_id = name.removeprefix("billingAccounts/")
    return await admin(
        CreateBillingAccountRequest(
            billing_account_id=account_id, billing_account={"first_period": "2000-01", **fields}
        )
    )


async def plan(admin: Admin, plan_id: str = "team", **fields: Any) -> Any:
    return await admin(CreatePlanRequest(plan_id=plan_id, plan=fields))


def close(period: str, account_name: str = ACCOUNT) -> CloseBillingPeriodRequest:
    return CloseBillingPeriodRequest(name=f"{account_name}/invoices/{period}")


def preview(period: str, account_name: str = ACCOUNT) -> PreviewInvoiceRequest:
    return PreviewInvoiceRequest(name=f"{account_name}/invoices/{period}")


def costs(invoice: Invoice) -> dict[str, int]:
    """The sum of the COST lines, in nano-dollars, by tenant."""
    found: dict[str, int] = {}
    for line in invoice.lines:
        if line.kind == InvoiceLine.COST:
            found[line.tenant] = found.get(line.tenant, 0) + nanos(line.amount)
    return found
