"""Sums of usage, by bucket and dimension."""

from __future__ import annotations

from datetime import datetime

import pytest
from google.protobuf.json_format import MessageToDict

from tollway.admin.v1.usage_pb2 import QueryUsageRequest

HOUR = 3_600_000
COUNTS = (
    "calls",
    "failedCalls",
    "inputTokens",
    "cacheReadTokens",
    "cacheWriteTokens",
    "cacheWriteHourTokens",
    "outputTokens",
    "reasoningTokens",
)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


NOVEMBER = {"start_time": "2026-11-01T00:00:00Z", "end_time": "2026-12-01T00:00:00Z"}
FIRST = ms("2026-11-01T10:00:00Z")


def nanos(row: dict) -> int:
    assert row["cost"]["currencyCode"] == "USD"
    return int(row["cost"]["units"]) * 10**9 + row["cost"]["nanos"]


async def test_a_total_has_every_count_and_the_cost_to_the_nano(books):
    await books.book("a", at_ms=FIRST, cost_nanos=1_999_999_999)
    await books.book(
        "b",
        at_ms=FIRST + HOUR,
        outcome="FAILED",
        cost_nanos=2,
        input_tokens=1,
        cache_read_tokens=20,
        cache_write_tokens=300,
        cache_write_hour_tokens=4000,
        output_tokens=5,
        reasoning_tokens=60,
    )
    (row,) = await books.rows(**NOVEMBER)
    assert (row["startTime"], row["endTime"]) == tuple(NOVEMBER.values())
    assert [row[name] for name in COUNTS] == ["2", "1", "11", "20", "300", "4000", "7", "60"]
    assert row["cost"] == {"currencyCode": "USD", "units": "2", "nanos": 1}


async def test_corrections_count_as_no_calls_and_may_be_below_zero(books):
    await books.book("a", at_ms=FIRST, cost_nanos=1_500_000_000, outcome="LOST")
    await books.book("a", at_ms=FIRST + 3 * HOUR, kind="CORRECTION", cost_nanos=-1_200_000_000, input_tokens=-3)
    rows = await books.rows(**NOVEMBER, bucket="HOUR")
    assert [(row["calls"], row["inputTokens"]) for row in rows] == [("1", "10"), ("0", "-3")]
    assert rows[1]["cost"] == {"currencyCode": "USD", "units": "-1", "nanos": -200_000_000}
    assert sum(map(nanos, rows)) == 300_000_000


async def test_a_start_counts_and_an_end_does_not(books):
    edges = (ms("2026-11-01T00:00:00Z"), ms("2026-12-01T00:00:00Z") - 1)
    for moment in (edges[0] - 1, *edges, edges[1] + 1):
        await books.book("c", at_ms=moment)
    (row,) = await books.rows(**NOVEMBER)
    assert row["calls"] == "2"


async def test_days_of_a_time_zone(books):
    for moment in ("2026-10-24T21:30:00Z", "2026-10-24T22:30:00Z", "2026-10-25T22:30:00Z", "2026-10-25T23:30:00Z"):
        await books.book("c", at_ms=ms(moment))
    times = {"start_time": "2026-10-23T22:00:00Z", "end_time": "2026-10-26T23:00:00Z", "bucket": "DAY"}
    rows = await books.rows(**times, time_zone="Europe/Berlin")
    assert [(row["startTime"], row["calls"]) for row in rows] == [
        ("2026-10-23T22:00:00Z", "1"),
        ("2026-10-24T22:00:00Z", "2"),
        ("2026-10-25T23:00:00Z", "1"),
    ]
    assert [row["calls"] for row in await books.rows(**times)] == ["2", "2"]


async def test_months(books):
    for moment in ("2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-11-30T23:00:00Z", "2026-12-01T00:00:00Z"):
        await books.book("c", at_ms=ms(moment))
    rows = await books.rows(start_time="2026-10-01T00:00:00Z", end_time="2027-01-01T00:00:00Z", bucket="MONTH")
    assert [(row["startTime"][:7], row["calls"]) for row in rows] == [
        ("2026-10", "1"),
        ("2026-11", "2"),
        ("2026-12", "1"),
    ]


@pytest.fixture
async def mixed(books):
    """Calls that differ in each dimension."""
    calls = [
        {"api_key": "desk", "user": "ann", "cost_nanos": 1, "tags": {"team": "search", "env": "prod"}},
        {"api_key": "desk", "user": "bob", "cost_nanos": 10, "tags": {"team": "search"}},
        {"api_key": "night", "user": "ann", "model": "claude", "provider": "anthropic", "cost_nanos": 100},
        {
            "api_key": "night",
            "upstream_model": "gpt-next",
            "cost_nanos": 1000,
            "tags": {"team": "ads", "cost-center": "b2"},
        },
    ]
    for number, fields in enumerate(calls):
        await books.book(f"c{number}", at_ms=FIRST + number * HOUR, **fields)
    return books


@pytest.mark.parametrize(
    ("dimension", "field", "costs"),
    [
        ("API_KEY", "apiKey", {"desk": 11, "night": 1100}),
        ("USER", "user", {"": 1000, "ann": 101, "bob": 10}),
        ("MODEL", "model", {"claude": 100, "gpt": 1011}),
        ("PROVIDER", "provider", {"anthropic": 100, "openai": 1011}),
        ("UPSTREAM_MODEL", "upstreamModel", {"gpt-next": 1000, "gpt-upstream": 111}),
    ],
)
async def test_one_dimension(mixed, dimension, field, costs):
    rows = await mixed.rows(**NOVEMBER, group_by=dimension)
    assert {row["dimensions"].pop(field): nanos(row) for row in rows} == costs
    assert [list(row["dimensions"].values()) for row in rows] == [["", "", "", "", {}]] * len(rows)


async def test_dimensions_and_tags_together(mixed):
    rows = await mixed.rows(**NOVEMBER, group_by=["API_KEY", "MODEL"], tags=["team", "cost-center"])
    found = [(row["dimensions"]["apiKey"], row["dimensions"]["model"], row["dimensions"]["tags"]) for row in rows]
    assert found == [
        ("desk", "gpt", {"team": "search", "cost-center": ""}),
        ("night", "claude", {"team": "", "cost-center": ""}),
        ("night", "gpt", {"team": "ads", "cost-center": "b2"}),
    ]


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ('api_key = "desk"', 11),
        ("apiKey = desk AND user = ann", 1),
        ("tags.team = search OR tags.team = ads", 1011),
        ("tags.cost-center:*", 1000),
        ("NOT tags:team", 100),
        ('user = ""', 1000),
        ("model != gpt AND provider = anthropic", 100),
    ],
)
async def test_filters(mixed, text, cost):
    assert [nanos(row) for row in await mixed.rows(**NOVEMBER, filter=text)] == [cost]


@pytest.mark.parametrize("bucket", ["HOUR", "DAY", "TOTAL"])
@pytest.mark.parametrize("size", [1, 3, 4, 1000])
async def test_pages_have_every_row_once(books, bucket, size):
    for number in range(12):
        await books.book("c", at_ms=FIRST + number // 3 * 20 * HOUR, user=f"user-{number % 5}" * 12, cost_nanos=number)
    query = {**NOVEMBER, "bucket": bucket, "group_by": "USER"}
    whole = await books.get("usage:query", **query)
    assert whole["nextPageToken"] == ""
    assert sum(map(nanos, whole["rows"])) == sum(range(12))
    assert await books.rows(**query, page_size=size) == whole["rows"]


async def test_a_page_is_right_whatever_was_booked_since(books):
    for user in "ace":
        await books.book("c", at_ms=FIRST, user=user)
    query = {**NOVEMBER, "group_by": "USER", "page_size": 1}
    first = await books.get("usage:query", **query)
    for user in "abd":
        await books.book("c", at_ms=FIRST + 1, user=user)
    rest = await books.get("usage:query", **{**query, "page_size": 9}, page_token=first["nextPageToken"])
    assert [row["dimensions"]["user"] for row in rest["rows"]] == ["b", "c", "d", "e"]


async def test_without_an_end_the_present_hour_counts(books):
    await books.book("now")
    (row,) = await books.rows(start_time=NOVEMBER["start_time"], bucket="HOUR")
    assert row["calls"] == "1"


async def test_a_token_is_good_for_its_query_alone(books):
    for user in "ab":
        await books.book("c", at_ms=FIRST, user=user)
    query = {**NOVEMBER, "group_by": "USER", "page_size": 1}
    token = (await books.get("usage:query", **query))["nextPageToken"]
    other = await books.get("usage:query", **{**query, "group_by": "MODEL"}, page_token=token, status=400)
    assert other["details"][0]["reason"] == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "startTime"),
        ({"start_time": "2026-11-01T00:10:00Z"}, "whole hour"),
        ({**NOVEMBER, "bucket": "DAY", "time_zone": "Asia/Kolkata"}, "whole ones"),
        ({**NOVEMBER, "group_by": ["USER", "USER"]}, "groupBy"),
        ({**NOVEMBER, "group_by": "DIMENSION_UNSPECIFIED"}, "groupBy"),
        ({**NOVEMBER, "filter": "colour = red"}, "filter"),
        ({**NOVEMBER, "tags": ""}, "tags"),
        ({**NOVEMBER, "page_size": -1}, "pageSize"),
    ],
)
async def test_what_cannot_be_asked_is_refused(books, query, said):
    refused = await books.get("usage:query", **query, status=400)
    assert said in refused["message"]


async def test_names_of_callers_are_data(books):
    wild = ['a"b\\', "=1+1", "tenants/x\x7f", "<script>", "a\u2028b", "%s{0}"]
    for user in wild:
        await books.book("c", at_ms=FIRST, user=user)
    rows = await books.rows(**NOVEMBER, group_by="USER")
    assert sorted(row["dimensions"]["user"] for row in rows) == sorted(wild)


async def test_over_grpc_it_says_the_same(mixed):
    request = QueryUsageRequest(parent=mixed.tenant.name, group_by=["MODEL"], tags=["team"])
    request.start_time.FromJsonString(NOVEMBER["start_time"])
    request.end_time.FromJsonString(NOVEMBER["end_time"])
    async with mixed.stub() as (stub, metadata):
        answer = await stub.QueryUsage(request, metadata=metadata)
    rows = [MessageToDict(row, always_print_fields_with_no_presence=True) for row in answer.rows]
    assert rows == await mixed.rows(**NOVEMBER, group_by="MODEL", tags="team")


async def test_an_unknown_tenant_is_not_an_empty_one(books):
    assert await books.rows(**NOVEMBER) == []
    for method in ("usage:query", "usage:stream", "ledger:search", "ledger:export"):
        async with books.session.get(
            f"/v1/tenants/nobody/{method}", params=NOVEMBER if "query" in method else {}
        ) as answer:
            assert (answer.status, (await answer.json())["details"][0]["reason"]) == (404, "RESOURCE_NOT_FOUND")


async def test_an_api_key_of_the_tenant_reads_nothing(books):
    await books.book("c", at_ms=FIRST)
    headers = {"authorization": f"Bearer {books.tenant.key()}"}
    for method in ("usage:query", "usage:stream", "ledger:search", "ledger:export"):
        async with books.session.get(books.path(method), headers=headers) as answer:
            assert answer.status in {401, 403}
