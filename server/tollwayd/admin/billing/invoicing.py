"""Makes invoices: a preview of a month at any time, and once it is over the one that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.billing_pb2 import Invoice, InvoiceSpan
from tollwayd.admin.billing import accounts as billing_accounts
from tollwayd.admin.billing import plans
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.names import require_name
from tollwayd.core.billing.amounts import CURRENCY
from tollwayd.core.billing.invoice import complete
from tollwayd.core.billing.period import is_period, month, period_at
from tollwayd.core.billing.usage import Usage
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.failpoint import failpoint
from tollwayd.core.metering.calendar import zone
from tollwayd.core.resource_errors import no_such_name
from tollwayd.core.resource_names import BILLING_ACCOUNTS, PLANS, id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.ports import InvoiceStore, Ledger, Resource, ResourceStore

__all__ = ["KIND", "InvoiceListing", "Invoicing"]

KIND: Final = Kind("invoices", "invoice", Invoice, Invoice, lambda record: record)


class Invoicing:
    """What the servicer knows of periods and invoices."""

    def __init__(self, store: ResourceStore, invoices: InvoiceStore, ledger: Ledger) -> None:
        self._store = store
        self._invoices = invoices
        self._ledger = ledger

    async def get(self, name: str) -> Invoice:
        """The invoice of a closed period."""
        _require_invoice_name(name)
        return KIND.shown(await self._invoices.get(name))

    async def preview(self, name: str) -> Invoice:
        """The invoice of a closed period, or what it would be now. REASON_PERIOD_NOT_OPEN before its beginning,
        and before the account's first."""
        closed = await self._closed(name)
        if closed is not None:
            return closed
        begun, now_ms = await self._invoices.begun(name)
        invoice = Invoice.FromString(begun) if begun else await self._draft(name)
        if now_ms < invoice.start_time.ToMilliseconds():
            raise _not_open(invoice, "has not begun")
        await self._complete(invoice, keep=False)
        _stamp(invoice, now_ms)
        return invoice

    async def close(self, name: str) -> Invoice:
        """The invoice of a period, which it closes if that is over. REASON_PERIOD_NOT_OPEN.

        Each step happens once, whoever takes it: what the invoice is made from is kept before anything else, so all
        who close the period, at once or after a crash, make the same invoice of it, and the first to store it has.
        """
        closed = await self._closed(name)
        return closed if closed is not None else await self._close(name)

    async def has_invoices(self, account: str) -> bool:
        """Whether any period of a billing account is closed."""
        return bool(await self._invoices.list(account, limit=1))

    async def _closed(self, name: str) -> Invoice | None:
        _require_invoice_name(name)
        try:
            return await self.get(name)
        except TollwayError as error:
            if error.reason != Reason.REASON_RESOURCE_NOT_FOUND:
                raise
            return None

    async def _close(self, name: str) -> Invoice:
        begun, now_ms = await self._invoices.begun(name)
        if begun is None:
            draft = await self._draft(name)
            from_ms = draft.end_time.ToMilliseconds()
            begun, now_ms = await self._invoices.begin(name, draft.SerializeToString(), from_ms=from_ms)
            if begun is None:
                raise _not_open(draft, "is not over")
        failpoint("billing.begun")
        invoice = Invoice.FromString(begun)
        await self._complete(invoice, keep=True)
        invoice.state = Invoice.CLOSED
        invoice.close_time.FromMilliseconds(now_ms)
        _stamp(invoice, now_ms)
        failpoint("billing.made")
        stored = await self._invoices.put(name, invoice.SerializeToString(), head=_head(invoice))
        failpoint("billing.stored")
        return KIND.shown(stored)

    async def _draft(self, name: str) -> Invoice:
        """What the invoice is made from, as it is configured now; the spans are all of the period.
        REASON_PERIOD_NOT_OPEN for a period before the account's first."""
        account_name, period = name.rpartition("/invoices/")[0], id_of(name)
        account = billing_accounts.KIND.read(await self._store.get(BILLING_ACCOUNTS, account_name))
        invoice = Invoice(
            name=name,
            state=Invoice.OPEN,
            display_name=account.display_name,
            reference=account.reference,
            currency_code=CURRENCY,
            time_zone=account.time_zone,
        )
        its_zone = zone(account.time_zone)
        start_ms, end_ms = month(period, its_zone)
        invoice.start_time.FromMilliseconds(start_ms)
        invoice.end_time.FromMilliseconds(end_ms)
        first = account.first_period or period_at(account.create_time.ToMilliseconds(), its_zone)
        if period < first:
            raise _not_open(invoice, f"is before {first}, the first of its billing account (firstPeriod)")
        if account.plan:
            invoice.plan.CopyFrom(plans.KIND.shown(await self._store.get(PLANS, account.plan)))
        invoice.spans.extend(_span(tenant, start_ms, end_ms) for tenant in sorted(account.tenants))
        return invoice

    async def _complete(self, invoice: Invoice, *, keep: bool) -> None:
        tenants = [span.tenant for span in invoice.spans]
        start_ms, end_ms = invoice.start_time.ToMilliseconds(), invoice.end_time.ToMilliseconds()
        billed = await self._invoices.spans(invoice.name, tenants, start_ms, end_ms, keep=keep)
        failpoint("billing.spans")
        if keep:
            # Servers of a cluster have clocks of their own, and so has one that takes over from another.
            for tenant in tenants:
                await self._invoices.seal(tenant, end_ms)
        invoice.ClearField("spans")
        usage = Usage({rate.model for rate in invoice.plan.rates if rate.model})
        for tenant, spans in zip(tenants, billed, strict=True):
            for start, end in spans:
                invoice.spans.append(_span(tenant, start, end))
                async for entries in self._ledger.entries(tenant, start_ms=start, end_ms=end):
                    usage.add(tenant, entries)
                    failpoint("billing.read")
        complete(invoice, usage)


class InvoiceListing:
    """Invoices as `Listing` reads resources."""

    def __init__(self, store: ResourceStore, invoices: InvoiceStore) -> None:
        self._invoices = invoices
        self.get = store.get

    async def list(self, kind: str, parent: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        """The heads of invoices."""
        return await self._invoices.list(parent, after=after, limit=limit)


def _require_invoice_name(name: str) -> None:
    account, _, period = name.rpartition("/invoices/")
    require_name(BILLING_ACCOUNTS, account)
    if not is_period(period):
        raise no_such_name()


def _head(invoice: Invoice) -> bytes:
    """An invoice as listings show it."""
    head = Invoice()
    head.CopyFrom(invoice)
    head.ClearField("lines")
    head.ClearField("spans")
    return head.SerializeToString()


def _span(tenant: str, start_ms: int, end_ms: int) -> InvoiceSpan:
    span = InvoiceSpan(tenant=tenant)
    span.start_time.FromMilliseconds(start_ms)
    span.end_time.FromMilliseconds(end_ms)
    return span


def _stamp(invoice: Invoice, now_ms: int) -> None:
    invoice.create_time.FromMilliseconds(now_ms)
    invoice.update_time.CopyFrom(invoice.create_time)


def _not_open(invoice: Invoice, problem: str) -> TollwayError:
    start, end = invoice.start_time.ToJsonString(), invoice.end_time.ToJsonString()
    return TollwayError(
        Reason.REASON_PERIOD_NOT_OPEN,
        f"The billing period {problem}: it is from {start} to {end}.",
        metadata={"name": invoice.name, "start_time": start, "end_time": end},
    )
