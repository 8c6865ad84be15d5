"""Invoices when a reply is lost after its script was executed: each step has happened once."""

from __future__ import annotations

import asyncio
from urllib.parse import urlparse

import pytest
import pytest_asyncio

from tests.bench.processes import free_port
from tests.faults.proxy import Proxy, SwallowReply
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state import outage
from tollwayd.state.billing import keys
from tollwayd.state.billing.invoice_store import RedisInvoiceStore

ACCOUNT = "billingAccounts/retail"
INVOICE = f"{ACCOUNT}/invoices/2026-10"
TENANTS = ["tenants/acme", "tenants/beta"]

STEPS = {
    "begin": (lambda store: store.begin(INVOICE, b"draft", from_ms=0), keys.CLOSINGS, [b"draft"]),
    "spans": (
        lambda store: store.spans(INVOICE, TENANTS, 100, 200, keep=True),
        keys.SPANS,
        [b"100 200 " + INVOICE.encode() + b"\n"] * 2,
    ),
    "put": (lambda store: store.put(INVOICE, b"bill", head=b"head"), keys.invoices(ACCOUNT), [b"1 bill"]),
}


@pytest_asyncio.fixture
async def proxy(redis_url):
    async with Proxy(lambda: asyncio.open_unix_connection(urlparse(redis_url).path)) as made:
        yield made


@pytest_asyncio.fixture
async def store(proxy):
    made = RedisInvoiceStore(f"redis://127.0.0.1:{proxy.port}")
    yield made
    await made.aclose()


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_whose_reply_is_lost_happens_once(store, proxy, redis_client, step):
    take, key, stored = STEPS[step]
    await take(store)  # So that the next run is by the script's digest.
    await redis_client.flushall()
    proxy.on_reply = SwallowReply()
    first = await take(store)
    assert proxy.on_reply.swallowed
    again = await take(store)
    assert (first[0] if step == "begin" else first) == (again[0] if step == "begin" else again)
    assert await redis_client.hvals(key) == stored


async def test_a_server_that_is_away_is_told_of_in_time(monkeypatch):
    monkeypatch.setattr(outage, "PATIENCE_SECONDS", 0.2)
    store = RedisInvoiceStore(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(TollwayError) as refused:
        await store.put(INVOICE, b"", head=b"")
    assert refused.value.reason == Reason.REASON_STORE_UNAVAILABLE
    await store.aclose()
