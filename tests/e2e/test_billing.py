"""Bills from outside: a month that was booked is closed over REST and gRPC, once, and its invoice adds up."""

from __future__ import annotations

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from urllib.request import Request

import grpc
import pytest
import pytest_asyncio
from google.rpc import error_details_pb2, status_pb2

from tests.metered.booked import book, entry
from tests.running.browser import Browser, find_chromium
from tests.running.gateway import ADMIN_KEY, Gateway, send
from tests.running.redis_server import shared_redis
from tollway.admin.v1 import billing_pb2, billing_pb2_grpc
from tollwayd.core.billing.amounts import nanos
from tollwayd.state.connection import connect

__all__ = ["shared_redis"]

ROOT = (("authorization", f"Bearer {ADMIN_KEY}"),)
THIS_MONTH = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
PAST = (THIS_MONTH - timedelta(days=40)).replace(day=1)
PERIOD = f"{PAST:%Y-%m}"

_numbers = count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateways(shared_redis, tmp_path_factory):
    """Two replicas at one Redis."""
    with (
        Gateway(tmp_path_factory.mktemp("one"), redis_url=shared_redis) as one,
        Gateway(tmp_path_factory.mktemp("two"), redis_url=shared_redis) as two,
    ):
        yield one, two


@pytest_asyncio.fixture
async def account(gateways, shared_redis):
    """The name of a billing account with a plan, for a tenant that used something in the month of PERIOD."""
    admin, number = gateways[0].admin(), next(_numbers)
    tenant = admin.tenant().name
    async with connect(shared_redis) as client:
        start = round(PAST.timestamp() * 1000)
        await book(client, entry("before", tenant=tenant, cost_nanos=10**12), at_ms=start - 1)
        for minute in range(100):
            made = entry(f"call-{minute}", tenant=tenant, cost_nanos=123_456_789 + minute, output_tokens=minute)
            await book(client, made, at_ms=start + minute * 60_000)
        await book(client, entry("now", tenant=tenant, cost_nanos=10**9))
    plan = {
        "fixedFee": {"currencyCode": "USD", "units": "49"},
        "markupBasisPoints": 500,
        "rates": [{"metric": "CALLS", "tiers": [{"unitPrice": {"currencyCode": "USD", "units": "10"}}]}],
    }
    plan_name = admin("POST", f"/v1/plans?plan_id=plan-{number}", plan)["name"]
    body = {"displayName": "Retail <Ltd>", "tenants": [tenant], "plan": plan_name, "firstPeriod": PERIOD}
    return admin("POST", f"/v1/billingAccounts?billing_account_id=retail-{number}", body)["name"]


COST = sum(123_456_789 + minute for minute in range(100))
EXACT = Decimal(COST) * Decimal("1.05") / 10**9 + 49 + 1
TOTAL = EXACT.quantize(Decimal("0.01"))


def amount(money) -> int:
    """Nano-dollars of Money in JSON."""
    return int(money["units"]) * 10**9 + money["nanos"]


async def test_a_month_over_rest(gateways, account):
    admin = gateways[0].admin()
    path = f"/v1/{account}/invoices/{PERIOD}"
    admin("GET", path, status=404)
    previewed = admin("GET", f"{path}:preview")
    closed = admin("POST", f"{path}:close", {})
    assert (previewed["state"], closed["state"]) == ("OPEN", "CLOSED")
    assert previewed["lines"] == closed["lines"]
    costs = [amount(line["amount"]) for line in closed["lines"] if line["kind"] == "COST"]
    assert sum(costs) == amount(closed["cost"]) == COST
    assert sum(amount(line["amount"]) for line in closed["lines"] if line["amount"]) == amount(closed["total"])
    assert Decimal(amount(closed["total"])) / 10**9 == TOTAL
    assert admin("GET", path) == admin("POST", f"{path}:close", {}) == closed
    (listed,) = admin("GET", f"/v1/{account}/invoices")["invoices"]
    assert (listed["name"], listed["total"], listed["lines"]) == (closed["name"], closed["total"], [])
    running = f"/v1/{account}/invoices/{THIS_MONTH:%Y-%m}"
    assert amount(admin("GET", f"{running}:preview")["cost"]) == 10**9
    refused = admin("POST", f"{running}:close", {}, status=400)
    assert refused["details"][0]["reason"] == "PERIOD_NOT_OPEN"
    refused = admin("POST", f"/v1/{account}/invoices/2026-13:close", {}, status=400)
    assert refused["details"][0]["reason"] == "FIELD_INVALID"


async def test_two_replicas_close_a_month_at_once(gateways, account):
    def close(number: int):
        return gateways[number % 2].admin()("POST", f"/v1/{account}/invoices/{PERIOD}:close", {})

    with ThreadPoolExecutor(8) as threads:
        closed = list(threads.map(close, range(24)))
    assert all(each == closed[0] for each in closed)
    assert len(gateways[1].admin()("GET", f"/v1/{account}/invoices")["invoices"]) == 1


def fetched(gateway, account: str, form: str) -> bytes:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    url = f"{gateway.url('admin_http')}/v1/{account}/invoices/{PERIOD}:render?format={form}"
    status, body = send(Request(url, headers=headers))
    assert status == 200
    return body


async def test_files_over_rest(gateways, account):
    admin = gateways[0].admin()
    closed = admin("POST", f"/v1/{account}/invoices/{PERIOD}:close", {})
    rows = list(csv.DictReader(io.StringIO(fetched(gateways[1], account, "CSV").decode(), newline="")))
    assert sum(Decimal(row["amount"] or 0) for row in rows) == TOTAL
    assert json.loads(fetched(gateways[1], account, "JSON"))["name"] == closed["name"]
    assert b"Retail &lt;Ltd&gt;" in fetched(gateways[1], account, "html")


async def test_a_month_over_grpc(gateways, account):
    name = f"{account}/invoices/{PERIOD}"
    async with grpc.aio.insecure_channel(gateways[0].addresses["admin_grpc"]) as channel:
        stub = billing_pb2_grpc.BillingServiceStub(channel)
        closed = await stub.CloseBillingPeriod(billing_pb2.CloseBillingPeriodRequest(name=name), metadata=ROOT)
        assert Decimal(nanos(closed.total)) / 10**9 == TOTAL
        assert await stub.GetInvoice(billing_pb2.GetInvoiceRequest(name=name), metadata=ROOT) == closed
        request = billing_pb2.RenderInvoiceRequest(name=name, format="CSV")
        answer = stub.RenderInvoice(request, metadata=ROOT)
        assert b"".join([part.data async for part in answer]) == fetched(gateways[0], account, "CSV")
        assert dict(await answer.initial_metadata())["content-disposition"].startswith("attachment")
        early = billing_pb2.CloseBillingPeriodRequest(name=f"{account}/invoices/{THIS_MONTH:%Y-%m}")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.CloseBillingPeriod(early, metadata=ROOT)
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    (raw,) = [value for key, value in refused.value.trailing_metadata() if key == "grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(raw).details[0].Unpack(info)
    assert (info.reason, info.metadata["name"]) == ("PERIOD_NOT_OPEN", early.name)


async def test_nobody_but_the_operator_sees_bills(gateways, account):
    admin = gateways[0].admin()
    secret = admin.tenant().key()
    for key, status in (("", 401), (secret, 403)):
        for path in ("/v1/plans", f"/v1/{account}", f"/v1/{account}/invoices/{PERIOD}:render"):
            url = gateways[0].url("admin_http") + path
            assert send(Request(url, headers={"Authorization": f"Bearer {key}"}))[0] == status


@pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (Debian: chromium)")
async def test_the_page_is_shown_and_printed_by_a_browser(gateways, account, tmp_path):
    gateways[0].admin()("POST", f"/v1/{account}/invoices/{PERIOD}:close", {})
    page = tmp_path / "invoice.html"
    page.write_bytes(fetched(gateways[0], account, "HTML"))
    async with Browser(tmp_path) as browser:
        await browser.open(page.as_uri())
        await browser.wait_for(f"document.title === 'Invoice {PERIOD}'")
        assert f"${TOTAL:,}" in await browser.value("document.body.innerText")
        assert "Retail <Ltd>" in await browser.value("document.body.innerText")
        # Right aligned only where the page's own style has been let in by its policy.
        assert await browser.value("getComputedStyle(document.querySelector('td.n')).textAlign") == "right"
        printed = await browser.call("Page.printToPDF")
        assert printed["data"].startswith("JVBERi")  # %PDF-
        assert browser.complaints == []
        assert browser.requests == [page.as_uri()]
