"""BillingService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.billing_pb2 import (
    BillingAccount,
    Invoice,
    ListBillingAccountsResponse,
    ListInvoicesResponse,
    ListPlansResponse,
    Plan,
)
from tollwayd.admin.billing import accounts as billing_accounts
from tollwayd.admin.billing import invoicing, plans
from tollwayd.admin.billing.accounts import AccountRules
from tollwayd.admin.billing.invoice_files import invoice_file
from tollwayd.admin.billing.invoicing import InvoiceListing, Invoicing
from tollwayd.admin.resources.collection import Collection
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.listing import Listing
from tollwayd.admin.resources.names import require_name
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import BILLING_ACCOUNTS, PLANS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.api.httpbody_pb2 import HttpBody

    from tollway.admin.v1 import billing_pb2
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.call import Call
    from tollwayd.core.ports import InvoiceStore, Ledger, ResourceStore

__all__ = ["BillingServicer"]


class BillingServicer:
    """`tollway.admin.v1.BillingService`."""

    def __init__(self, store: ResourceStore, tokens: PageTokens, invoices: InvoiceStore, ledger: Ledger) -> None:
        self._account_rules = AccountRules(store)
        self._plans = Collection(store, plans.KIND, plans.admit_plan)
        self._accounts = Collection(store, billing_accounts.KIND, self._account_rules.admit)
        self._invoicing = Invoicing(store, invoices, ledger)
        self._plan_listing = Listing(store, plans.KIND, tokens)
        self._account_listing = Listing(store, billing_accounts.KIND, tokens)
        self._invoice_listing = Listing(InvoiceListing(store, invoices), invoicing.KIND, tokens)

    async def CreatePlan(self, request: billing_pb2.CreatePlanRequest, _: Call) -> Plan:
        return await self._plans.create(f"{PLANS}/{request.plan_id}", writable_copy(request.plan))

    async def GetPlan(self, request: billing_pb2.GetPlanRequest, _: Call) -> Plan:
        return await self._plans.get(request.name)

    async def ListPlans(self, request: billing_pb2.ListPlansRequest, _: Call) -> ListPlansResponse:
        page = await self._plan_listing.page("", request)
        return ListPlansResponse(plans=page.resources, next_page_token=page.next_page_token)

    async def UpdatePlan(self, request: billing_pb2.UpdatePlanRequest, _: Call) -> Plan:
        return await self._plans.update(request.plan, request.update_mask)

    async def DeletePlan(self, request: billing_pb2.DeletePlanRequest, _: Call) -> Empty:
        require_name(PLANS, request.name)
        await self._account_rules.require_unused(request.name)
        await self._plans.delete(request.name, request.etag)
        return Empty()

    async def CreateBillingAccount(self, request: billing_pb2.CreateBillingAccountRequest, _: Call) -> BillingAccount:
        name, account = f"{BILLING_ACCOUNTS}/{request.billing_account_id}", writable_copy(request.billing_account)
        async with self._account_rules.sole_payer(account, name):
            return await self._accounts.create(name, account)

    async def GetBillingAccount(self, request: billing_pb2.GetBillingAccountRequest, _: Call) -> BillingAccount:
        return await self._accounts.get(request.name)

    async def ListBillingAccounts(
        self, request: billing_pb2.ListBillingAccountsRequest, _: Call
    ) -> ListBillingAccountsResponse:
        page = await self._account_listing.page("", request)
        return ListBillingAccountsResponse(billing_accounts=page.resources, next_page_token=page.next_page_token)

    async def UpdateBillingAccount(self, request: billing_pb2.UpdateBillingAccountRequest, _: Call) -> BillingAccount:
        account = request.billing_account
        async with self._account_rules.sole_payer(account, account.name):
            return await self._accounts.update(account, request.update_mask)

    async def DeleteBillingAccount(self, request: billing_pb2.DeleteBillingAccountRequest, _: Call) -> Empty:
        require_name(BILLING_ACCOUNTS, request.name)
        if not request.force and await self._invoicing.has_invoices(request.name):
            raise TollwayError(
                Reason.REASON_RESOURCE_IN_USE,
                "The billing account has invoices. They stay when it is deleted; confirm that with force.",
                metadata={"name": request.name},
            )
        await self._accounts.delete(request.name, request.etag)
        return Empty()

    async def GetInvoice(self, request: billing_pb2.GetInvoiceRequest, _: Call) -> Invoice:
        return await self._invoicing.get(request.name)

    async def ListInvoices(self, request: billing_pb2.ListInvoicesRequest, _: Call) -> ListInvoicesResponse:
        page = await self._invoice_listing.page(request.parent, request)
        return ListInvoicesResponse(invoices=page.resources, next_page_token=page.next_page_token)

    async def PreviewInvoice(self, request: billing_pb2.PreviewInvoiceRequest, _: Call) -> Invoice:
        return await self._invoicing.preview(request.name)

    async def CloseBillingPeriod(self, request: billing_pb2.CloseBillingPeriodRequest, _: Call) -> Invoice:
        return await self._invoicing.close(request.name)

    async def RenderInvoice(self, request: billing_pb2.RenderInvoiceRequest, call: Call) -> AsyncIterator[HttpBody]:
        invoice = await self._invoicing.preview(request.name)
        return invoice_file(invoice, request.format, call)
