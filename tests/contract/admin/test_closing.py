"""Periods close when they are over, once, and everything that was booked in them is billed once."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from tests.contract.admin.billing import (
    ACCOUNT,
    ACME,
    BETA,
    account,
    at,
    call,
    close,
    costs,
    plan,
    preview,
    serve_billing,
    tenants,
    usd,
)
from tests.contract.admin.harness import LOOPBACK, Admin
from tests.contract.memory_billing import MemoryInvoiceStore, MemoryLedger
from tollway.admin.v1.billing_pb2 import (
    DeleteBillingAccountRequest,
    DeletePlanRequest,
    GetInvoiceRequest,
    Invoice,
    ListInvoicesRequest,
    UpdateBillingAccountRequest,
    UpdatePlanRequest,
)
from tollwayd.core.billing.amounts import nanos
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.billing.invoice_store import RedisInvoiceStore
from tollwayd.upstream.egress import EgressRules


@pytest.fixture
def invoices():
    return MemoryInvoiceStore()


@pytest.fixture
def ledger():
    return MemoryLedger()


@pytest_asyncio.fixture(autouse=True)
async def billing(admin, invoices, ledger):
    serve_billing(admin, invoices, ledger)
    await tenants(admin, ACME, BETA)


@pytest.mark.parametrize(
    ("zone", "period", "first", "end"),
    [
        ("UTC", "2026-11", "2026-11-01", "2026-12-01"),
        ("UTC", "2026-12", "2026-12-01", "2027-01-01"),
        ("UTC", "2028-02", "2028-02-01", "2028-03-01"),
        ("UTC", "2100-02", "2100-02-01", "2100-03-01"),
        ("Europe/Berlin", "2026-03", "2026-03-01", "2026-04-01"),
        ("Europe/Berlin", "2026-10", "2026-10-01", "2026-11-01"),
        ("America/New_York", "2026-11", "2026-11-01", "2026-12-01"),
        ("Asia/Kolkata", "2026-02", "2026-02-01", "2026-03-01"),
    ],
)
async def test_a_period_is_a_month_of_the_accounts_zone_to_the_millisecond(
    admin, invoices, ledger, zone, period, first, end
):
    await account(admin, tenants=[ACME], time_zone=zone)
    start_ms, end_ms = at(first, zone), at(end, zone)
    moments = (start_ms - 1, start_ms, start_ms + 86_400_000, end_ms - 1, end_ms)
    ledger.booked[ACME] = [(moment, call(10**power)) for power, moment in enumerate(moments)]
    invoices.now_ms = start_ms - 1
    assert await admin.reason(preview(period)) == "PERIOD_NOT_OPEN"
    for now_ms in (start_ms, end_ms - 1):
        invoices.now_ms = now_ms
        assert await admin.reason(close(period)) == "PERIOD_NOT_OPEN"
        open_ = await admin(preview(period))
        assert (open_.state, open_.etag, costs(open_)) == (Invoice.OPEN, "", {ACME: 1110})
    assert invoices.sealed == {}
    invoices.now_ms = end_ms
    closed = await admin(close(period))
    assert (closed.state, costs(closed)) == (Invoice.CLOSED, {ACME: 1110})
    assert (closed.start_time.ToMilliseconds(), closed.end_time.ToMilliseconds()) == (start_ms, end_ms)
    assert closed.close_time.ToMilliseconds() == invoices.now_ms
    assert invoices.sealed == {ACME: end_ms}


async def test_the_first_month_of_an_account_is_that_of_its_making_unless_it_says_another(admin, invoices, ledger):
    made = await account(admin, tenants=[ACME], time_zone="Asia/Tokyo", first_period="")
    month = made.create_time.ToDatetime(UTC).astimezone(ZoneInfo("Asia/Tokyo"))
    before = month.replace(day=1) - timedelta(days=1)
    invoices.now_ms = at("2999-01-01")
    for asked in (close, preview):
        refused = await admin.refusal(asked(f"{before:%Y-%m}"))
        assert refused.reason == Reason.REASON_PERIOD_NOT_OPEN
        assert f"is before {month:%Y-%m}, the first of its billing account" in str(refused)
    assert (await admin(close(f"{month:%Y-%m}"))).state == Invoice.CLOSED
    await admin(UpdateBillingAccountRequest(billing_account={"name": ACCOUNT, "first_period": f"{before:%Y-%m}"}))
    assert (await admin(close(f"{before:%Y-%m}"))).state == Invoice.CLOSED


async def test_every_month_of_a_year_together_bills_the_whole_ledger(admin, invoices, ledger):
    await account(admin, tenants=[ACME], time_zone="Europe/Berlin")
    start = at("2028-01-01", "Europe/Berlin")
    ledger.booked[ACME] = [(start + hour * 3_600_000, call(1 << (hour % 40))) for hour in range(366 * 24)]
    invoices.now_ms = at("2029-02-01")
    bills = [await admin(close(f"2028-{month:02}")) for month in range(1, 13)]
    assert sum(nanos(bill.cost) for bill in bills) == sum(entry.cost_nanos for _, entry in ledger.booked[ACME])
    assert all(one.end_time == next_.start_time for one, next_ in pairwise(bills))


async def test_a_closed_period_never_changes(admin, invoices, ledger):
    made = await plan(admin, fixed_fee=usd(10))
    await account(admin, tenants=[ACME], plan=made.name, display_name="Retail", reference="PO 1")
    ledger.booked[ACME] = [(at("2026-10-05"), call(5))]
    invoices.now_ms = at("2026-11-02")
    closed = await admin(close("2026-10"))
    assert (closed.display_name, closed.reference, closed.plan.name) == ("Retail", "PO 1", made.name)
    await admin(UpdatePlanRequest(plan={"name": made.name, "fixed_fee": usd(99)}))
    await admin(UpdateBillingAccountRequest(billing_account={"name": ACCOUNT, "display_name": "x", "tenants": [BETA]}))
    invoices.now_ms += 1
    asked = (close("2026-10"), preview("2026-10"), GetInvoiceRequest(name=closed.name))
    assert [await admin(request) for request in asked] == [closed] * 3
    assert closed.etag == '"1"'


async def test_a_preview_stores_nothing_and_follows_the_configuration(admin, invoices, ledger):
    await account(admin, tenants=[ACME])
    ledger.booked[BETA] = [(at("2026-11-05"), call(7))]
    invoices.now_ms = at("2026-11-15")
    assert costs(await admin(preview("2026-11"))) == {}
    await admin(UpdateBillingAccountRequest(billing_account={"name": ACCOUNT, "tenants": [ACME, BETA]}))
    assert costs(await admin(preview("2026-11"))) == {BETA: 7}
    assert await admin.reason(GetInvoiceRequest(name=f"{ACCOUNT}/invoices/2026-11")) == "RESOURCE_NOT_FOUND"
    assert (await admin(ListInvoicesRequest(parent=ACCOUNT))).invoices == []


async def test_a_tenant_that_moves_between_accounts_is_billed_once(admin, invoices, ledger):
    await account(admin, tenants=[ACME])
    await account(admin, "billingAccounts/other", time_zone="Asia/Kolkata")
    hours = range(at("2026-09-01"), at("2026-12-01"), 3_600_000)
    ledger.booked[ACME] = [(hour, call(1)) for hour in hours]
    invoices.now_ms = at("2027-01-01")
    bills = [await admin(close("2026-10"))]
    await admin(UpdateBillingAccountRequest(billing_account={"name": ACCOUNT}, update_mask={"paths": ["tenants"]}))
    await admin(UpdateBillingAccountRequest(billing_account={"name": "billingAccounts/other", "tenants": [ACME]}))
    bills += [await admin(close(period, "billingAccounts/other")) for period in ("2026-11", "2026-10", "2026-09")]
    # Of October the 5.5 hours are left by which India's begins earlier.
    assert [sum(costs(bill).values()) for bill in bills] == [31 * 24, 29 * 24 + 19, 5, 29 * 24 + 19]
    together = sum(sum(costs(bill).values()) for bill in bills)
    assert together == len({hour for hour in hours if hour < at("2026-11-30T18:30")})
    assert [len(bill.spans) for bill in bills] == [1, 1, 1, 1]


class Crash(BaseException):
    """The process ends."""


class Crashing:
    """A ledger whose process ends at the first entries."""

    def __init__(self, ledger) -> None:
        self.ledger = ledger
        self.left = 1

    async def entries(self, tenant, **keywords):
        if self.left:
            self.left -= 1
            raise Crash
        async for entries in self.ledger.entries(tenant, **keywords):
            yield entries


async def test_a_closing_that_crashed_is_ended_as_it_was_begun(admin, meddled, keyring, invoices, ledger):
    made = await plan(admin, fixed_fee=usd(10))
    await account(admin, tenants=[ACME], plan=made.name)
    ledger.booked |= {ACME: [(at("2026-10-05"), call(5))], BETA: [(at("2026-10-05"), call(7))]}
    invoices.now_ms = at("2026-11-02")
    crashing = Admin(meddled, keyring, EgressRules(LOOPBACK))
    serve_billing(crashing, invoices, Crashing(ledger))
    with pytest.raises(Crash):
        await crashing(close("2026-10"))
    await crashing.client.close()
    assert await admin.reason(GetInvoiceRequest(name=f"{ACCOUNT}/invoices/2026-10")) == "RESOURCE_NOT_FOUND"
    # Meanwhile everything is another's.
    await admin(UpdateBillingAccountRequest(billing_account={"name": ACCOUNT, "tenants": [BETA], "plan": ""}))
    cleared = UpdateBillingAccountRequest(billing_account={"name": ACCOUNT}, update_mask={"paths": ["plan"]})
    await admin(cleared)
    await admin(DeletePlanRequest(name=made.name))
    await account(admin, "billingAccounts/other", tenants=[ACME])
    assert costs(await admin(close("2026-10", "billingAccounts/other"))) == {}
    assert costs(await admin(preview("2026-10"))) == {ACME: 5}
    await admin(DeleteBillingAccountRequest(name=ACCOUNT))
    closed = await admin(close("2026-10"))
    assert (costs(closed), closed.plan.name) == ({ACME: 5}, made.name)


async def test_of_closers_at_the_same_time_all_get_the_one_invoice(admin, redis_url, ledger):
    ledger.booked[ACME] = [(at("2026-01-05") + number, call(number)) for number in range(50)]
    await account(admin, tenants=[ACME])
    stores = [RedisInvoiceStore(redis_url) for _ in range(4)]
    closers = []
    for store in stores:
        closer = Admin(admin.store, admin.keyring, EgressRules(LOOPBACK))
        serve_billing(closer, store, ledger)
        closers.append(closer)

    async def closing(closer: Admin, delay: int):
        for _ in range(delay):
            await asyncio.sleep(0)
        return await closer(close("2026-01"))

    got = await asyncio.gather(*(closing(closers[number % 4], number) for number in range(40)))
    assert len({bill.SerializeToString(deterministic=True) for bill in got}) == 1
    assert costs(got[0]) == {ACME: sum(range(50))}
    assert [each.name for each in await stores[0].list(ACCOUNT, limit=9)] == [got[0].name]
    for closer, store in zip(closers, stores, strict=True):
        await closer.client.close()
        await store.aclose()


async def test_accounts_that_close_at_the_same_time_share_no_moment(admin, redis_url, ledger):
    """A tenant changes hands while both accounts close: whoever is first bills it, the other nothing of it."""
    ledger.booked[ACME] = [(at("2026-01-05"), call(1))]
    await account(admin, tenants=[ACME])
    await account(admin, "billingAccounts/other")
    store = RedisInvoiceStore(redis_url)
    serving = Admin(admin.store, admin.keyring, EgressRules(LOOPBACK))
    serve_billing(serving, store, ledger)
    draft = (await serving(preview("2026-01"))).name
    begun = Invoice(name=draft.replace("retail", "other"), spans=[{"tenant": ACME}])
    begun.start_time.FromMilliseconds(at("2026-01-01"))
    begun.end_time.FromMilliseconds(at("2026-02-01"))
    await store.begin(begun.name, begun.SerializeToString(), from_ms=0)
    bills = await asyncio.gather(serving(close("2026-01")), serving(close("2026-01", "billingAccounts/other")))
    assert sorted(sum(costs(bill).values()) for bill in bills) == [0, 1]
    await serving.client.close()
    await store.aclose()


async def test_invoices_are_listed_by_period_without_their_lines(admin, invoices, ledger):
    await account(admin, tenants=[ACME])
    ledger.booked[ACME] = [(at("2026-08-05"), call(10**9))]
    invoices.now_ms = at("2027-01-01")
    for period in ("2026-10", "2026-08", "2026-09"):
        await admin(close(period))
    first = await admin(ListInvoicesRequest(parent=ACCOUNT, page_size=2))
    rest = await admin(ListInvoicesRequest(parent=ACCOUNT, page_size=2, page_token=first.next_page_token))
    listed = [*first.invoices, *rest.invoices]
    assert [each.name[-7:] for each in listed] == ["2026-08", "2026-09", "2026-10"]
    assert (nanos(listed[0].total), len(listed[0].lines), listed[0].etag) == (10**9, 0, '"1"')
    filtered = await admin(ListInvoicesRequest(parent=ACCOUNT, filter='start_time >= "2026-09-15T00:00:00Z"'))
    assert [each.name[-7:] for each in filtered.invoices] == ["2026-10"]
    assert await admin.reason(ListInvoicesRequest(parent="billingAccounts/none")) == "RESOURCE_NOT_FOUND"


async def test_invoices_outlive_their_account(admin, invoices, ledger):
    await account(admin, tenants=[ACME])
    invoices.now_ms = at("2026-11-02")
    closed = await admin(close("2026-10"))
    assert await admin.reason(DeleteBillingAccountRequest(name=ACCOUNT)) == "RESOURCE_IN_USE"
    await admin(DeleteBillingAccountRequest(name=ACCOUNT, force=True))
    assert await admin(GetInvoiceRequest(name=closed.name)) == closed
    assert await admin(close("2026-10")) == closed
    assert [each.name for each in (await admin(ListInvoicesRequest(parent=ACCOUNT))).invoices] == [closed.name]
    assert await admin.reason(close("2026-09")) == "RESOURCE_NOT_FOUND"
    # One that comes after it under the same name goes on where it ended.
    await account(admin, tenants=[ACME])
    assert await admin(close("2026-10")) == closed


@pytest.mark.parametrize("name", ["billingAccounts/-/invoices/2026-10", "billingAccounts/Retail/invoices/2026-10"])
async def test_a_name_that_no_invoice_has_is_not_found(admin, name):
    for request in (GetInvoiceRequest(name=name), close("2026-10", name.rpartition("/invoices")[0])):
        assert await admin.reason(request) == "RESOURCE_NOT_FOUND"


async def test_a_store_that_is_away_closes_nothing(admin, invoices, ledger, monkeypatch):
    async def away(*_, **__):
        raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)

    await account(admin, tenants=[ACME])
    invoices.now_ms = at("2026-11-02")
    monkeypatch.setattr(invoices, "put", away)
    assert await admin.reason(close("2026-10")) == "STORE_UNAVAILABLE"
    monkeypatch.undo()
    assert await admin.reason(GetInvoiceRequest(name=f"{ACCOUNT}/invoices/2026-10")) == "RESOURCE_NOT_FOUND"
    assert (await admin(close("2026-10"))).state == Invoice.CLOSED
