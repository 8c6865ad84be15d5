"""The commands of docs/usage.md, pasted in their order into a shell."""

from __future__ import annotations

import asyncio
import csv
import json
import subprocess
from datetime import datetime

import pytest

from tests.documents import blocks, pasteable
from tests.e2e.test_documents import paste
from tests.running.gateway import ADMIN_KEY, ROOT, Tenant, environment
from tollwayd.admin.usage.ledger_columns import COLUMNS
from tollwayd.core.call import new_call_id

TOTAL, BY_TEAM, SEARCH, FOLLOW, EXPORT = [block.text for block in blocks("docs/usage.md", "sh")]
CALL = new_call_id()


def line(command: str, gateway, **values: str) -> str:
    """The command for this gateway."""
    address = {"127.0.0.1:8080": gateway.addresses["admin_http"]}
    return f"TOLLWAY_ADMIN_KEY={ADMIN_KEY}\n{pasteable(command, address | values)}"


@pytest.fixture
async def acme(books):
    """The tenant of the document, whose calls are of its month."""
    admin = books.gateway.admin()
    if not any(each["name"] == "tenants/acme" for each in admin("GET", "/v1/tenants")["tenants"]):
        admin("POST", "/v1/tenants?tenant_id=acme", {})
    own = books._replace(tenant=Tenant(admin, "tenants/acme"))
    await own.redis.delete(*await own.redis.keys("tollway:{tenants/acme}:*"), "-")
    moment = int(datetime.fromisoformat("2026-11-02T09:00:00Z").timestamp() * 1000)
    for number, team in enumerate(("search", "ads", "search")):
        fields = {"tags": {"team": team}, "api_key": "app" if number else "desk", "cost_nanos": 720_000_000}
        await own.book(CALL[:-1] + str(number), at_ms=moment + number, **fields)
    return own


async def pasted(command: str, folder) -> str:
    return await asyncio.to_thread(paste, command, folder)


async def test_what_it_did_cost(acme, tmp_path):
    answer = json.loads(await pasted(line(TOTAL, acme.gateway), tmp_path))
    (shown,) = [json.loads(block.text) for block in blocks("docs/usage.md", "json")]
    ads, search = answer.pop("rows")
    assert shape([search]) == shape(shown.pop("rows"))
    assert shape(answer) == shape(shown)
    assert (ads["dimensions"]["tags"], ads["calls"]) == ({"team": "ads"}, "1")
    assert (search["calls"], search["cost"]) == ("2", {"currencyCode": "USD", "units": "1", "nanos": 440_000_000})


def shape(value):
    """The fields of an answer without what they hold."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value)


async def test_by_day_team_and_model(acme, tmp_path):
    rows = json.loads(await pasted(line(BY_TEAM, acme.gateway), tmp_path))["rows"]
    assert [(row["dimensions"]["model"], row["dimensions"]["tags"], row["calls"]) for row in rows] == [
        ("gpt", {"team": "ads"}, "1"),
        ("gpt", {"team": "search"}, "1"),
    ]
    assert rows[0]["startTime"] == "2026-11-01T23:00:00Z"


async def test_what_happened_to_a_call(acme, tmp_path):
    call = CALL[:-1] + "1"
    # The document's month need not be that of this machine's clock, which the id has.
    began = f"{int(datetime.fromisoformat('2026-11-02T08:59:00Z').timestamp() * 1000):012x}"
    await acme.book(began + call[12:], at_ms=int(datetime.fromisoformat("2026-11-02T09:01:00Z").timestamp() * 1000))
    command = line(SEARCH, acme.gateway, **{"01a21dfa…": began + call[12:]})
    (entry,) = json.loads(await pasted(command, tmp_path))["entries"]
    assert (entry["call"], entry["outcome"]) == (began + call[12:], "COMPLETED")


async def test_as_it_happens(acme):
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", line(FOLLOW, acme.gateway), cwd=ROOT, env=environment(), stdout=subprocess.PIPE
    )
    reading = asyncio.ensure_future(process.stdout.readline())
    while not reading.done():
        await acme.book("now")
    assert json.loads(await reading)["result"]["entry"]["call"] == "now"
    process.kill()
    await process.wait()


async def test_the_ledger_as_a_file(acme, tmp_path):
    await pasted(line(EXPORT, acme.gateway), tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name == "ledger-acme.csv"
    with file.open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert [row["cost"] for row in rows] == ["0.720000000"] * 3
    assert list(rows[0]) == list(COLUMNS)


def test_the_document_names_every_column():
    (table,) = [part for part in (ROOT / "docs/usage.md").read_text().split("\n\n") if part.startswith("| column |")]
    named = [name.strip("` ") for row in table.splitlines()[2:] for name in row.split("|")[1].split(",")]
    assert sorted(named) == sorted(COLUMNS)
