"""What real calls cost is what their month's bill comes to, as soon as they are answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime

from tests.e2e.metering.conftest import SAID
from tests.e2e.metering.test_cost import PATHS, post
from tests.e2e.test_billing import amount

NANOS = 2_337_500
"""What test_cost.py says that a call costs."""


def month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


async def test_calls_that_were_answered_are_in_the_preview(gateway, priced, provider):
    provider.use(SAID)
    admin, key, first = gateway.admin(), priced.key(), month()
    body = {"tenants": [priced.name]}
    account = admin("POST", f"/v1/billingAccounts?billing_account_id=of-{priced.name.partition('/')[2]}", body)["name"]
    for model, path in PATHS.items():
        for stream in (False, True):
            await asyncio.to_thread(post, gateway, key, path, model=model, stream=stream)
    # Two, where the month ends between the calls and here.
    bills = [admin("GET", f"/v1/{account}/invoices/{period}:preview") for period in {first, month()}]
    assert sum(amount(bill["cost"]) for bill in bills) == 4 * NANOS
    used = Counter()
    for line in (line for bill in bills for line in bill["lines"] if line["kind"] == "USAGE"):
        used[line["model"], line["metric"]] += int(line["quantity"])
    assert [used[model, "CALLS"] for model in PATHS] == [2, 2]
    assert [used[model, "INPUT_TOKENS"] for model in PATHS] == [2 * 701] * 2
    assert [used[model, "OUTPUT_TOKENS"] + used[model, "REASONING_TOKENS"] for model in PATHS] == [2 * 21] * 2
