"""The ledger as a file: its bytes, its head, its sums, and what becomes of it when something goes wrong."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
from datetime import UTC, datetime
from decimal import Decimal

import aiohttp
import psutil
import pyarrow.parquet
import pytest

from tests.e2e.usage.conftest import HEADERS, Books
from tests.running.gateway import ADMIN_KEY, Gateway
from tollway.admin.v1.usage_pb2 import ExportLedgerRequest
from tollwayd.state.connection import connect
from tollwayd.state.embedded import EmbeddedRedis

COUNTS = ("input", "cache_read", "cache_write", "cache_write_hour", "output", "reasoning")
MOMENT = 1_735_776_000_123


@pytest.fixture
async def one(books):
    """A ledger of one call that has every field."""
    await books.book(
        "c1",
        at_ms=MOMENT,
        user='Zoë "the 2nd", ltd',
        tags={"team": "search", "env": "prod"},
        streamed=True,
        estimated=True,
        reasoning_tokens=9,
        cost_nanos=1_000_000_001,
        price_version="list-7",
        admit_time=datetime(2025, 1, 2, tzinfo=UTC),
    )
    return books


async def test_json_lines(one):
    (line,) = await one.lines()
    assert line == {
        "entry": f"{MOMENT}-0",
        "call": "c1",
        "kind": "CALL",
        "outcome": "COMPLETED",
        "tenant": one.tenant.name,
        "api_key": "desk",
        "user": 'Zoë "the 2nd", ltd',
        "requested_model": "gpt",
        "model": "gpt",
        "provider": "openai",
        "upstream_model": "gpt-upstream",
        "method": "/tollway.proxy.v1.OpenAIService/CreateChatCompletion",
        "tags": {"env": "prod", "team": "search"},
        "streamed": True,
        "input_tokens": 10,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "cache_write_hour_tokens": 0,
        "output_tokens": 2,
        "reasoning_tokens": 9,
        "estimated": True,
        "cost_nanos": 1_000_000_001,
        "cost": "1.000000001",
        "currency_code": "USD",
        "price_version": "list-7",
        "admit_time": "2025-01-02T00:00:00Z",
        "book_time": "2025-01-02T00:00:00.123Z",
    }


async def test_csv_says_the_same(one):
    (line,), (cells,) = await one.lines(), await one.cells()
    assert list(cells) == list(line)
    assert json.loads(cells.pop("tags")) == line.pop("tags")
    flags = {True: "true", False: "false"}
    assert cells == {name: flags[value] if isinstance(value, bool) else str(value) for name, value in line.items()}
    text = await one.export(format="CSV")
    assert text.count(b"\r\n") == 2
    assert text.endswith(b"\r\n")


async def test_parquet_says_the_same_in_types(one):
    file = pyarrow.parquet.ParquetFile(io.BytesIO(await one.export(format="PARQUET")))
    (line,), (row,) = await one.lines(), file.read().to_pylist()
    assert list(row) == list(line)
    assert row.pop("cost") == Decimal(line.pop("cost"))
    assert dict(row.pop("tags")) == line.pop("tags")
    for name in ("admit_time", "book_time"):
        assert row.pop(name) == datetime.fromisoformat(line.pop(name))
    assert row == line


@pytest.mark.parametrize(
    ("form", "content_type", "suffix"),
    [
        ("", "application/jsonl", "jsonl"),
        ("JSON_LINES", "application/jsonl", "jsonl"),
        ("CSV", "text/csv; charset=utf-8; header=present", "csv"),
        ("PARQUET", "application/vnd.apache.parquet", "parquet"),
    ],
)
@pytest.mark.parametrize("entries", [0, 2])
async def test_the_head_says_what_file_it_is(books, form, content_type, suffix, entries):
    for number in range(entries):
        await books.book(str(number))
    async with books.session.get(books.path("ledger:export"), params={"format": form} if form else {}) as answer:
        assert answer.headers["content-type"] == content_type
        name = f"ledger-{books.tenant.name.removeprefix('tenants/')}.{suffix}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        await answer.read()


async def test_an_empty_ledger_is_an_empty_file(books):
    assert await books.export(format="JSON_LINES") == b""
    assert await books.cells() == []
    assert (await books.export(format="CSV")).startswith(b'"entry","call",')
    table = pyarrow.parquet.read_table(io.BytesIO(await books.export(format="PARQUET")))
    assert (table.num_rows, table.column_names[:2]) == (0, ["entry", "call"])


FORMULAS = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "'=1", "''", '=cmd|"/c calc"!A1', "=1\r\n=2"]
HARMLESS = ["", "ann", "a=1", "1-1", "a;=1", 'a"b', "a,b", "a\nb", "Zoë", "{}"]


@pytest.mark.parametrize("user", FORMULAS + HARMLESS)
async def test_no_cell_is_a_formula_and_every_text_can_be_had_back(books, user):
    await books.book("c", user=user, model=user, tags={"a": "-1"}, cost_nanos=-5)
    text = (await books.export(format="CSV")).decode()
    (cells,) = await books.cells()
    assert cells["user"] == cells["model"] == (f"'{user}" if user in FORMULAS else user)
    assert cells["user"].removeprefix("'") == user
    assert (cells["cost_nanos"], cells["cost"]) == ("-5", "-0.000000005")
    assert ',-5,"-0.000000005",' in text
    assert (await books.lines())[0]["user"] == user


@pytest.mark.parametrize(
    ("nanos", "decimal"),
    [
        (0, "0.000000000"),
        (1, "0.000000001"),
        (999_999_999, "0.999999999"),
        (10**9, "1.000000000"),
        (2**53 + 1, "9007199.254740993"),
        (-(10**9) - 1, "-1.000000001"),
    ],
)
async def test_amounts_are_exact_in_every_format(books, nanos, decimal):
    await books.book("c", cost_nanos=nanos)
    (line,), (cells,) = await books.lines(), await books.cells()
    (row,) = pyarrow.parquet.read_table(io.BytesIO(await books.export(format="PARQUET"))).to_pylist()
    assert line["cost_nanos"] == int(cells["cost_nanos"]) == row["cost_nanos"] == nanos
    assert line["cost"] == cells["cost"] == f"{row['cost']:f}" == decimal


async def test_what_a_query_sums_up_is_what_the_ledger_adds_up_to(books):
    """To the nano, over several days, hours, kinds and every dimension."""
    for number in range(400):
        await books.book(
            f"c{number}",
            at_ms=MOMENT + number * 1_234_567,
            kind="CORRECTION" if number % 17 == 3 else "CALL",
            outcome=("COMPLETED", "CUT", "FAILED", "LOST")[number % 4],
            api_key=("desk", "night")[number % 2],
            user=f"u{number % 7}",
            model=("gpt", "claude", "auto")[number % 3],
            tags={"team": ("search", "ads")[number % 5 < 2]},
            cost_nanos=(number * 987_654_321) % 10**10 - 10**7,
            **{f"{count}_tokens": (number * place) % 101 for place, count in enumerate(COUNTS, 3)},
        )
    lines = await books.lines()
    assert len(lines) == 400
    times = {"start_time": "2025-01-02T00:00:00Z", "end_time": "2025-01-09T00:00:00Z"}
    for query in ({}, {"bucket": "HOUR"}, {"bucket": "DAY", "group_by": ["API_KEY", "USER", "MODEL"], "tags": "team"}):
        rows = await books.rows(**times, **query)
        cost = sum(int(row["cost"]["units"]) * 10**9 + row["cost"]["nanos"] for row in rows)
        assert cost == sum(line["cost_nanos"] for line in lines)
        assert sum(int(row["calls"]) for row in rows) == sum(line["kind"] == "CALL" for line in lines)
        assert sum(int(row["failedCalls"]) for row in rows) == sum(line["outcome"] == "FAILED" for line in lines)
        for count in COUNTS:
            camel = count.title().replace("_", "")
            field = f"{camel[0].lower()}{camel[1:]}Tokens"
            assert sum(int(row[field]) for row in rows) == sum(line[f"{count}_tokens"] for line in lines)
    by_user = await books.rows(**times, group_by="USER", filter="tags.team = ads")
    for row in by_user:
        own = [each for each in lines if (each["user"], each["tags"]["team"]) == (row["dimensions"]["user"], "ads")]
        assert Decimal(row["cost"]["units"]) + Decimal(row["cost"]["nanos"]) / 10**9 == sum(
            Decimal(each["cost"]) for each in own
        )


async def test_times_filters_and_the_place_of_a_broken_export(books):
    places = [await books.book(str(number), at_ms=1000 * number, cost_nanos=number) for number in range(4)]
    calls = [line["call"] for line in await books.lines(start_time="1970-01-01T00:00:01Z", last_entry=places[1])]
    assert calls == ["2", "3"]
    assert [line["call"] for line in await books.lines(end_time="1970-01-01T00:00:02Z")] == ["0", "1"]
    assert [line["call"] for line in await books.lines(filter="cost_nanos = 2")] == ["2"]
    assert [line["call"] for line in await books.cells(filter="cost_nanos > 2")] == ["3"]
    assert await books.lines(filter="cost_nanos > 99") == []


async def test_over_grpc_the_bytes_are_the_same(one):
    async with one.stub() as (stub, metadata):
        for form in ("JSON_LINES", "CSV"):
            request = ExportLedgerRequest(parent=one.tenant.name, format=form)
            bodies = [body async for body in stub.ExportLedger(request, metadata=metadata)]
            assert bodies[0].content_type.startswith(("application/jsonl", "text/csv"))
            assert b"".join(body.data for body in bodies) == await one.export(format=form)


async def test_curl_saves_it_under_its_name(one, tmp_path):
    url = one.gateway.url("admin_http") + one.path("ledger:export?format=CSV")
    command = ["curl", "-sSf", "-OJ", "-H", f"Authorization: Bearer {ADMIN_KEY}", url]
    await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, check=True, timeout=30)
    (file,) = tmp_path.iterdir()
    assert file.name == f"ledger-{one.tenant.name.removeprefix('tenants/')}.csv"
    assert file.read_bytes() == await one.export(format="CSV")


@pytest.mark.parametrize("form", ["CSV", "PARQUET"])
async def test_an_export_that_is_left_leaves_nothing_running(books, form):
    for number in range(5):
        await books.book(str(number))
    async with books.session.get(books.path("ledger:export"), params={"format": form}) as answer:
        await answer.content.readany()
        answer.close()
    await books.export(format="PARQUET")
    assert [each for each in psutil.Process(books.gateway.process.pid).children() if "python" in each.name()] == []


async def test_without_pyarrow_it_is_said_what_to_install(shared_redis, tmp_path):
    """In a process of its own, whose interpreter does not find pyarrow."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'pyarrow' else real(name, *rest)\n"
    )

    class WithoutPyarrow(Gateway):
        def _environment(self):
            there = super()._environment()
            return there | {"PYTHONPATH": f"{tmp_path}:{there['PYTHONPATH']}"}

    with WithoutPyarrow(tmp_path / "data") as gateway:
        tenant = gateway.admin().tenant()
        refused = gateway.admin()("GET", f"/v1/{tenant.name}/ledger:export?format=PARQUET", status=400)
        assert "pip install 'tollway[parquet]'" in refused["message"]
        assert refused["details"][0]["reason"] == "FIELD_INVALID"


async def test_an_export_that_breaks_off_is_never_like_a_whole_file(tmp_path):
    """The store vanishes in the middle: the connection is cut, for the status has long been sent."""
    async with EmbeddedRedis(tmp_path / "redis") as redis:
        with Gateway(tmp_path / "data", redis_url=redis.url) as gateway:
            tenant = gateway.admin().tenant()
            async with (
                connect(redis.url) as client,
                aiohttp.ClientSession(gateway.url("admin_http"), headers=HEADERS) as session,
            ):
                books = Books(tenant, client, session, gateway)
                # More than the buffers between Redis and here hold.
                for number in range(40):
                    await books.book(str(number), user="u" * 500_000)
                async with session.get(books.path("ledger:export"), params={"format": "CSV"}) as answer:
                    await answer.content.readany()
                    await redis.stop()
                    with pytest.raises(aiohttp.ClientError):
                        await answer.content.read()
