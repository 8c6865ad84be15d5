"""Invoices as files: they say what the invoice says, and nothing in them runs."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from google.protobuf.json_format import Parse

from tests.contract.admin.billing import (
    ACCOUNT,
    ACME,
    BETA,
    account,
    at,
    call,
    close,
    plan,
    preview,
    serve_billing,
    tenants,
    usd,
)
from tests.contract.memory_billing import MemoryInvoiceStore, MemoryLedger
from tollway.admin.v1.billing_pb2 import Invoice, InvoiceLine, RenderInvoiceRequest
from tollwayd.admin.billing import invoice_files
from tollwayd.core.billing.amounts import nanos
from tollwayd.core.call import Call

EVIL = "<script>alert('x')</script>&\"'"


@pytest.fixture
def invoices():
    return MemoryInvoiceStore()


@pytest.fixture
def ledger():
    return MemoryLedger()


@pytest.fixture
async def closed(admin, invoices, ledger):
    """An invoice with lines of every kind, and names that would do harm."""
    serve_billing(admin, invoices, ledger)
    await tenants(admin, ACME, BETA)
    rate = {"metric": "OUTPUT_TOKENS", "included_units": 5, "tiers": [{"last_unit": 3, "unit_price": usd(1, 50)}]}
    rate["tiers"].append({"unit_price": usd(1)})
    made = await plan(
        admin, display_name=EVIL, fixed_fee=usd(1234), included_cost=usd(0, 2), markup_basis_points=-725, rates=[rate]
    )
    await account(admin, tenants=[ACME, BETA], plan=made.name, display_name=EVIL, reference="Größe 5")
    ledger.booked[ACME] = [(at("2026-10-05"), call(123_456_789, model=EVIL, output_tokens=100))]
    ledger.booked[BETA] = [
        (at("2026-10-05"), call(1, model="=cmd()", provider="@x", outcome="FAILED")),
        *[(at("2026-10-06"), call(0, model="=cmd()", provider="@x", price_version=""))] * 1002,
    ]
    invoices.now_ms = at("2026-11-02T03:04:05")
    return await admin(close("2026-10"))


async def rendered(admin, form: str, period: str = "2026-10") -> tuple[Call, str, list]:
    """The call, with the headers of its answer; the whole file; its messages."""
    served = admin.registry.find("/tollway.admin.v1.BillingService/RenderInvoice")
    request_call = Call(served.name, {})
    request = RenderInvoiceRequest(name=f"{ACCOUNT}/invoices/{period}", format=form)
    messages = [message async for message in await served.invoke(request, request_call)]
    assert len({message.content_type for message in messages}) == 1
    return request_call, b"".join(message.data for message in messages).decode(), messages


@pytest.mark.parametrize("form", ["JSON", "FORMAT_UNSPECIFIED"])
async def test_json_is_the_invoice(admin, closed, form):
    request_call, text, messages = await rendered(admin, form)
    assert Parse(text, Invoice()) == closed
    assert messages[0].content_type == "application/json"
    assert request_call.response_metadata["content-disposition"] == 'inline; filename="retail-2026-10.json"'


async def test_the_table_adds_up_to_the_total_and_runs_no_formula(admin, closed):
    request_call, text, messages = await rendered(admin, "CSV")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert text.count("\r\n") == len(rows) + 1 == len(closed.lines) + 1
    assert sum(Decimal(row["amount"] or 0) for row in rows) * 10**9 == nanos(closed.total)
    assert [row["kind"] for row in rows] == [InvoiceLine.Kind.Name(line.kind) for line in closed.lines]
    assert {row["kind"] for row in rows} == set(InvoiceLine.Kind.keys()) - {"KIND_UNSPECIFIED"}
    assert {(row["model"], row["provider"]) for row in rows if row["tenant"] == BETA} == {("'=cmd()", "'@x")}
    assert {row["model"] for row in rows if row["tenant"] == ACME} == {EVIL}
    (tier, _) = [row for row in rows if row["kind"] == "TIER"]
    shown = [tier[name] for name in ("metric", "quantity", "unit_price", "price_quantity", "tier", "amount")]
    assert shown == ["OUTPUT_TOKENS", "3", "1.500000000", "1000000", "1", "0.000004500"]
    (unpriced,) = [row for row in rows if row["kind"] == "UNPRICED"]
    assert [unpriced[name] for name in ("tenant", "metric", "quantity", "amount")] == [BETA, "CALLS", "1002", ""]
    assert {row["state"] for row in rows} == {"CLOSED"}
    assert messages[0].content_type == "text/csv; charset=utf-8"
    assert request_call.response_metadata["content-disposition"] == 'attachment; filename="retail-2026-10.csv"'


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


async def test_the_page_shows_what_is_to_be_paid_for_what(admin, closed):
    request_call, text, messages = await rendered(admin, "HTML")
    page = Page(text)
    lines = "".join(page.texts)
    for said in (
        "Invoice 2026-10",
        EVIL,
        "Größe 5",
        "2026-10-01 to 2026-10-31, UTC",
        "2026-11-02T03:04:05Z",
        "$0.12345679",
        "Fixed fee of the plan",
        "$1,234.00",
        "-$0.02",
        "Discount, 7.25 %",
        "5 output tokens that the plan includes",
        "3 output tokens at $1.50 per 1,000,000 (tier 1)",
        "Rounding to the cent",
        "$1,234.10",
        "=cmd()",
        "Failed calls",
        "Of 1,002 calls nobody knew the price",
    ):
        assert said in lines, said
    assert messages[0].content_type == "text/html; charset=utf-8"
    assert "default-src 'none'" in request_call.response_metadata["content-security-policy"]
    assert nanos(closed.total) == 1_234_100_000_000


async def test_nothing_in_the_page_runs_or_is_loaded(admin, closed):
    _, text, _ = await rendered(admin, "HTML")
    page = Page(text)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object", "form", "a", "base"})
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src", "href"}]
    policy = next(attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes)
    assert "unsafe" not in policy


async def test_of_an_open_period_every_file_is_a_preview_that_says_so(admin, closed):
    assert "The period is not closed" in (await rendered(admin, "HTML", "2026-11"))[1]
    assert json.loads((await rendered(admin, "JSON", "2026-11"))[1])["state"] == "OPEN"
    assert '"OPEN"' in (await rendered(admin, "CSV", "2026-11"))[1]
    assert "The period is not closed" not in (await rendered(admin, "HTML"))[1]
    assert await admin.reason(RenderInvoiceRequest(name=f"{ACCOUNT}/invoices/2026-12")) == "PERIOD_NOT_OPEN"


@pytest.mark.parametrize("form", ["JSON", "CSV", "HTML"])
async def test_a_long_invoice_is_written_in_pieces(admin, closed, invoices, ledger, form, monkeypatch):
    monkeypatch.setattr(invoice_files, "PIECE", 2000)
    ledger.booked[ACME] = [(at("2026-11-01"), call(1, model=f"model-{number}")) for number in range(100)]
    _, text, messages = await rendered(admin, form, "2026-11")
    assert len(messages) > 5
    assert max(len(message.data) for message in messages) < 4000
    assert text.count("model-99") >= 1
    assert len((await admin(preview("2026-11"))).lines) > 200


async def test_a_tenant_billed_in_part_is_told_of(admin, closed, invoices):
    await invoices.spans("billingAccounts/other/invoices/2026-11", [ACME], 0, at("2026-11-10"), keep=True)
    _, text, _ = await rendered(admin, "HTML", "2026-11")
    assert f"Of {ACME} the time from 2026-11-10T00:00:00Z to 2026-12-01T00:00:00Z is billed here." in text
