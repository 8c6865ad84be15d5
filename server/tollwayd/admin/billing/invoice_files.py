"""Invoices as files: JSON, a table, a page. They are written piece by piece: an invoice can have thousands of lines."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final, NamedTuple

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.json_format import MessageToDict

from tollway.admin.v1.billing_pb2 import Invoice, InvoiceLine, Plan, RenderInvoiceRequest
from tollwayd.admin.billing.invoice_page import CONTENT_SECURITY_POLICY, page
from tollwayd.admin.billing.invoice_words import decimal
from tollwayd.admin.usage.csv_rows import harmless, written
from tollwayd.core.resource_names import id_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tollwayd.core.call import Call

__all__ = ["invoice_file"]

PIECE: Final = 64 * 1024
"""Characters of one message, or a little more: between two of them other calls get their turn."""

_COLUMNS: Final = (
    *("invoice", "state", "kind", "tenant", "model", "provider", "metric", "quantity"),
    *("unit_price", "price_quantity", "tier", "basis_points", "amount"),
)


class _Form(NamedTuple):
    content_type: str
    disposition: str
    suffix: str
    write: Callable[[Invoice], Iterator[str]]


def invoice_file(invoice: Invoice, form: RenderInvoiceRequest.Format, call: Call) -> AsyncIterator[HttpBody]:
    """The messages of an invoice's file, in one of the forms; the call's answer gets the headers that go with it."""
    chosen = _FORMS[form or RenderInvoiceRequest.JSON]
    account = id_of(invoice.name.rpartition("/invoices/")[0])
    filename = f"{account}-{id_of(invoice.name)}.{chosen.suffix}"
    call.response_metadata["content-disposition"] = f'{chosen.disposition}; filename="{filename}"'
    call.response_metadata["x-content-type-options"] = "nosniff"
    if chosen is _FORMS[RenderInvoiceRequest.HTML]:
        call.response_metadata["content-security-policy"] = CONTENT_SECURITY_POLICY
    return _messages(chosen.content_type, chosen.write(invoice))


async def _messages(content_type: str, texts: Iterator[str]) -> AsyncIterator[HttpBody]:
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= PIECE:
            yield HttpBody(content_type=content_type, data="".join(waiting).encode())
            waiting, size = [], 0
            await asyncio.sleep(0)
    yield HttpBody(content_type=content_type, data="".join(waiting).encode())


def _json(invoice: Invoice) -> Iterator[str]:
    head = Invoice()
    head.CopyFrom(invoice)
    head.ClearField("lines")
    yield json.dumps(MessageToDict(head), ensure_ascii=False)[:-1] + ', "lines": ['
    for number, line in enumerate(invoice.lines):
        yield ("," if number else "") + "\n" + json.dumps(MessageToDict(line), ensure_ascii=False)
    yield "\n]}\n"


def _csv(invoice: Invoice) -> Iterator[str]:
    state = Invoice.State.Name(invoice.state)
    yield written([_COLUMNS])
    for line in invoice.lines:
        yield written([(invoice.name, state, *_cells(line))])


def _cells(line: InvoiceLine) -> Iterator[str | int]:
    yield InvoiceLine.Kind.Name(line.kind)
    yield from (harmless(value) for value in (line.tenant, line.model, line.provider))
    yield Plan.Metric.Name(line.metric) if line.metric else ""
    yield line.quantity if line.metric else ""
    yield decimal(line.unit_price) if line.HasField("unit_price") else ""
    yield from (number or "" for number in (line.price_quantity, line.tier, line.basis_points))
    yield decimal(line.amount) if line.HasField("amount") else ""


_FORMS: Final = {
    RenderInvoiceRequest.JSON: _Form("application/json", "inline", "json", _json),
    RenderInvoiceRequest.CSV: _Form("text/csv; charset=utf-8", "attachment", "csv", _csv),
    RenderInvoiceRequest.HTML: _Form("text/html; charset=utf-8", "inline", "html", page),
}
