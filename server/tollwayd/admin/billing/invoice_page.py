"""An invoice as a page to be printed. It needs nothing beside it, runs nothing, and everything in it is escaped."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

from tollway.admin.v1.billing_pb2 import Invoice, InvoiceLine, InvoiceSpan
from tollwayd.admin.billing.invoice_words import METRICS, charge, dollars, period
from tollwayd.core.billing.amounts import money, nanos
from tollwayd.core.billing.usage import CLASSES
from tollwayd.core.resource_names import id_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTENT_SECURITY_POLICY", "page"]

_STYLE: Final = """
@page { size: A4 landscape; margin: 15mm }
body { font: 10pt/1.4 system-ui, sans-serif; color: #111; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6em; margin: 0 0 1em }
h2 { font-size: 1.1em; margin: 2em 0 .5em; break-after: avoid }
dl { display: grid; grid-template-columns: max-content auto; gap: .2em 1.5em }
dd { margin: 0 }
table { border-collapse: collapse; width: 100% }
thead { display: table-header-group }
tr { break-inside: avoid }
th, td { padding: .3em .5em; text-align: left; vertical-align: top; border-bottom: 1px solid #ccc }
th { vertical-align: bottom }
.n { text-align: right; font-variant-numeric: tabular-nums }
td.n { white-space: nowrap }
.total th, .total td { border-top: 2px solid #111; font-weight: bold }
.note { border: 2px solid #b00; padding: .5em 1em }
@media print { body { margin: 0; padding: 0; max-width: none } }
"""

_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may do with the page: show it."""

# In the page itself, for a copy on a disk, which has no headers; `frame-ancestors` counts in headers alone.
_POLICY_IN_PAGE: Final = CONTENT_SECURITY_POLICY.rpartition("; ")[0]


def page(invoice: Invoice) -> Iterator[str]:
    """The page, piece by piece."""
    title = f"Invoice {id_of(invoice.name)}" if invoice.state == Invoice.CLOSED else "Preview of an invoice"
    yield (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="content-security-policy" content="{escape(_POLICY_IN_PAGE)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    yield from _head(invoice)
    if unpriced := sum(line.quantity for line in invoice.lines if line.kind == InvoiceLine.UNPRICED):
        yield f'<p class="note">Of {unpriced:,} calls nobody knew the price: the cost has nothing of them.</p>\n'
    yield from _charges(invoice)
    used = [line for line in invoice.lines if line.kind in (InvoiceLine.USAGE, InvoiceLine.COST)]
    for tenant, lines in groupby(used, key=lambda line: line.tenant):
        yield from _tenant(tenant, list(lines))
    yield "</body>\n</html>\n"


def _head(invoice: Invoice) -> Iterator[str]:
    if invoice.state != Invoice.CLOSED:
        yield '<p class="note">The period is not closed: what is used from now on changes this.</p>\n'
    facts = {
        "For": invoice.display_name,
        "Reference": invoice.reference,
        "Number": invoice.name,
        "Period": period(invoice),
        "Closed": invoice.close_time.ToJsonString() if invoice.HasField("close_time") else "",
    }
    yield "<dl>\n"
    yield from (f"<dt>{name}</dt><dd>{escape(fact)}</dd>\n" for name, fact in facts.items() if fact)
    yield "</dl>\n"
    for span in invoice.spans:
        if (span.start_time, span.end_time) != (invoice.start_time, invoice.end_time):
            yield _partly(span)


def _partly(span: InvoiceSpan) -> str:
    start, end = span.start_time.ToJsonString(), span.end_time.ToJsonString()
    return f"<p>Of {escape(span.tenant)} the time from {start} to {end} is billed here.</p>\n"


def _charges(invoice: Invoice) -> Iterator[str]:
    yield '<h2>Charges</h2>\n<table>\n<thead><tr><th>For</th><th class="n">Amount</th></tr></thead>\n<tbody>\n'
    yield _charge("Cost of the calls", dollars(invoice.cost))
    for line in invoice.lines:
        if line.kind not in (InvoiceLine.USAGE, InvoiceLine.UNPRICED, InvoiceLine.COST):
            yield _charge(charge(line, invoice.plan), dollars(line.amount))
    total = dollars(invoice.total)
    yield f'</tbody>\n<tfoot><tr class="total"><th>Total</th><td class="n">{total}</td></tr></tfoot>\n</table>\n'


def _charge(text: str, amount: str) -> str:
    return f'<tr><td>{escape(text)}</td><td class="n">{amount}</td></tr>\n'


def _tenant(tenant: str, lines: list[InvoiceLine]) -> Iterator[str]:
    heads = "".join(f'<th class="n">{METRICS[metric].capitalize()}</th>' for metric in CLASSES)
    yield (
        f"<h2>{escape(tenant)}</h2>\n<table>\n<thead><tr><th>Model</th><th>Provider</th>{heads}"
        '<th class="n">Cost</th></tr></thead>\n<tbody>\n'
    )
    for (model, provider), group in groupby(lines, key=lambda line: (line.model, line.provider)):
        yield _group(model, provider, list(group))
    cost = dollars(money(sum(nanos(line.amount) for line in lines)))
    yield f'</tbody>\n<tfoot><tr class="total"><th colspan="{2 + len(CLASSES)}">Cost</th><td class="n">{cost}</td></tr>'
    yield "</tfoot>\n</table>\n"


def _group(model: str, provider: str, lines: list[InvoiceLine]) -> str:
    counts = {line.metric: line.quantity for line in lines if line.kind == InvoiceLine.USAGE}
    cells = "".join(f'<td class="n">{counts.get(metric, 0):,}</td>' for metric in CLASSES)
    (cost,) = [dollars(line.amount) for line in lines if line.kind == InvoiceLine.COST]
    return (
        f'<tr><td>{escape(model or "(others)")}</td><td>{escape(provider)}</td>{cells}<td class="n">{cost}</td></tr>\n'
    )
