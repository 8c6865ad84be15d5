"""A gateway that is killed while it closes a month: another one ends it, with the one exact invoice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.metered.booked import entry
from tests.running.gateway import Gateway
from tests.running.redis_server import shared_redis
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys

__all__ = ["shared_redis"]

PERIOD = "2026-03"
CALLS, COST = 1000, 123_456_789
FROM_THEN = {"firstPeriod": PERIOD}

PLACES = ("billing.begun", "billing.spans", "billing.read", "billing.read=kill@3", "billing.made", "billing.stored")
"""Everywhere that something of a closing has happened and something has not."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other(shared_redis, tmp_path_factory):
    """The gateway that lives on."""
    with Gateway(tmp_path_factory.mktemp("other"), redis_url=shared_redis) as running:
        yield running


@pytest_asyncio.fixture
async def tenant(other, shared_redis):
    """The name of a tenant that used something in the month."""
    name = other.admin().tenant().name
    made = entry("", tenant=name, cost_nanos=COST).SerializeToString()
    start = round(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
    async with connect(shared_redis) as client, client.pipeline(transaction=False) as pipeline:
        for number in range(CALLS):
            pipeline.xadd(keys.ledger(name), {"e": made}, id=f"{start + number}-0")
        await pipeline.execute()
    return name


@pytest.mark.parametrize("place", PLACES)
async def test_another_gateway_ends_what_a_killed_one_began(other, tenant, shared_redis, tmp_path, place):
    admin, payer = other.admin(), tenant.partition("/")[2]
    account = admin("POST", f"/v1/billingAccounts?billing_account_id={payer}", {**FROM_THEN, "tenants": [tenant]})[
        "name"
    ]
    path = f"/v1/{account}/invoices/{PERIOD}"
    armed = place if "=" in place else f"{place}=kill"
    killed = Gateway(tmp_path, redis_url=shared_redis, failpoints=armed)
    killed.start()
    with pytest.raises(OSError, match=r"closed|reset|refused"):
        killed.admin()("POST", f"{path}:close", {})
    killed.process.wait(timeout=30)
    killed.stop()
    # Meanwhile another pays for the tenant, and closes the month first: what was begun is ended as it was begun.
    admin("PATCH", f"/v1/{account}?update_mask=tenants", {})
    heir = admin("POST", f"/v1/billingAccounts?billing_account_id=of-{payer}", {**FROM_THEN, "tenants": [tenant]})[
        "name"
    ]
    inherited = admin("POST", f"/v1/{heir}/invoices/{PERIOD}:close", {})
    closed = [admin("POST", f"{path}:close", {}) for _ in range(2)]
    assert closed[0] == closed[1]
    assert len(admin("GET", f"/v1/{account}/invoices")["invoices"]) == 1
    costs = [int(bill["cost"]["units"]) * 10**9 + bill["cost"]["nanos"] for bill in (closed[0], inherited)]
    # Once in all, and by the one that took the tenant's time first.
    assert costs == ([0, CALLS * COST] if place == "billing.begun" else [CALLS * COST, 0])
