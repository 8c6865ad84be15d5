"""`docs/billing.md` tells the truth: its lines work as they stand, and its invoice is the one that they make."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from decimal import Decimal

import pytest

from tests.contract.admin.billing import at
from tests.documents import blocks, pasteable, read
from tests.metered.booked import entry
from tests.running.gateway import ADMIN_KEY, Gateway, environment
from tests.running.redis_server import own_redis
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys

__all__ = ["own_redis"]

DOCUMENT = "docs/billing.md"
SET_UP, PREVIEW, CLOSE, FILES, CHECK = (block.text for block in blocks(DOCUMENT, "sh"))
TABLE = re.findall(r"^\| `([A-Z_]+)` \| .* \| (-?[0-9.]+) \|$", read(DOCUMENT), re.MULTILINE)
CALLS = 1500


@pytest.fixture
async def gateway(own_redis, tmp_path):
    """A gateway whose tenant acme had the document's calls in its month."""
    with Gateway(tmp_path / "data", redis_url=own_redis.url) as running:
        running.admin()("POST", "/v1/tenants?tenant_id=acme", {})
        made = entry("", tenant="tenants/acme", cost_nanos=41_234_567).SerializeToString()
        start = at("2026-03-01", "Europe/Berlin")
        async with connect(own_redis.url) as client, client.pipeline(transaction=False) as pipeline:
            for number in range(CALLS):
                pipeline.xadd(keys.ledger("tenants/acme"), {"e": made}, id=f"{start + number}-0")
            await pipeline.execute()
        yield running


def paste(text: str, gateway: Gateway, folder) -> str:
    """What a shell prints that the text is pasted into."""
    line = pasteable(text, {"127.0.0.1:8080": gateway.addresses["admin_http"]})
    command = ["bash", "-euo", "pipefail", "-c", f"TOLLWAY_ADMIN_KEY={ADMIN_KEY}\n{line}"]
    run = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


async def test_the_lines_lead_from_a_plan_to_the_invoice_that_the_document_shows(gateway, tmp_path):
    plan, account = (json.loads(line) for line in paste(SET_UP, gateway, tmp_path).splitlines())
    assert (plan["name"], account["name"]) == ("plans/team", "billingAccounts/retail")
    assert json.loads(paste(PREVIEW, gateway, tmp_path))["state"] == "OPEN"
    closed = json.loads(paste(CLOSE, gateway, tmp_path))
    assert (closed["state"], closed["total"]["units"]) == ("CLOSED", "95")
    paste(FILES, gateway, tmp_path)
    assert {path.name for path in tmp_path.glob("retail-*")} == {
        f"retail-2026-03.{each}" for each in ("html", "csv", "json")
    }
    with (tmp_path / "retail-2026-03.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["amount"]]
    assert [(row["kind"], row["amount"]) for row in rows] == TABLE
    total = sum(Decimal(row["amount"]) for row in rows)
    assert f"| **total** | **{total}** |" in read(DOCUMENT)
    cost = int(paste(CHECK, gateway, tmp_path))
    assert cost == int(closed["cost"]["units"]) * 10**9 + closed["cost"]["nanos"]
    assert f"prints {cost}:" in read(DOCUMENT)
    assert "$95.34" in (tmp_path / "retail-2026-03.html").read_text()
    assert json.loads((tmp_path / "retail-2026-03.json").read_text())["etag"] == closed["etag"]
