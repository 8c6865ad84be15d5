"""A gateway that is killed in the middle of closing a month: another one ends it, with the one exact invoice."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.booked import entry
from tests.gateway import Gateway
from tollwayd.state.billing import keys as billing_keys
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys

ACCOUNT, TENANT, PERIOD = "billingAccounts/retail", "tenants/acme", "2026-03"
CALLS, COST = 60_000, 123_456_789  # A second of reading: long enough to be killed in.
INVOICE = f"{ACCOUNT}/invoices/{PERIOD}"

STEPS = {
    "begun": (billing_keys.CLOSINGS, INVOICE),
    "its time taken": (billing_keys.SPANS, TENANT),
    "stored": (billing_keys.invoices(ACCOUNT), INVOICE),
}


async def fill(client) -> None:
    made = entry("", tenant=TENANT, cost=COST).SerializeToString()
    start = round(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
    for first in range(0, CALLS, 2000):
        async with client.pipeline(transaction=False) as pipeline:
            for number in range(first, first + 2000):
                pipeline.xadd(keys.ledger(TENANT), {"e": made}, id=f"{start + number}-0")
            await pipeline.execute()


async def seen(client, key: str, field: str) -> None:
    """Returns when a closing has come so far."""
    async with asyncio.timeout(20):
        while not await client.hexists(key, field):
            pass


def try_to_close(gateway: Gateway) -> str:
    try:
        gateway.admin()("POST", f"/v1/{INVOICE}:close", {})
    except Exception:  # noqa: BLE001  # Its process is killed under it, in any of the ways in which that looks.
        return "cut off"
    return "answered"


@pytest.mark.parametrize("step", STEPS)
async def test_another_gateway_ends_what_a_killed_one_began(own_redis, tmp_path, step):
    with Gateway(tmp_path / "other", redis_url=own_redis.url) as other:
        admin = other.admin()
        admin("POST", "/v1/tenants?tenant_id=acme", {})
        admin("POST", "/v1/billingAccounts?billing_account_id=retail", {"tenants": [TENANT]})
        async with connect(own_redis.url) as client:
            await fill(client)
            killed = Gateway(tmp_path / "killed", redis_url=own_redis.url)
            killed.start()
            with ThreadPoolExecutor(1) as threads:
                closing = threads.submit(try_to_close, killed)
                await seen(client, *STEPS[step])
                killed.process.kill()
                outcome = await asyncio.wrap_future(closing)
            killed.stop()
        # Meanwhile nobody pays for the tenant any more: what was begun is ended as it was begun.
        admin("PATCH", f"/v1/{ACCOUNT}?update_mask=tenants", {})
        closed = [admin("POST", f"/v1/{INVOICE}:close", {}) for _ in range(2)]
        listed = admin("GET", f"/v1/{ACCOUNT}/invoices")["invoices"]
    assert outcome == "cut off" or step == "stored"
    assert closed[0] == closed[1]
    assert len(listed) == 1
    money = closed[0]["cost"]
    assert int(money["units"]) * 10**9 + money["nanos"] == CALLS * COST
