"""Calls through the gateway, from their answers' headers to the reports."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.e2e.metering.conftest import SAID, priced

__all__ = ["priced"]

NAMED = {"x-tollway-user": "ann", "x-tollway-tags": "team=search,env=prod"}


@pytest.fixture
def gateway(usage_gateway):
    """The tenant of these tests is at the gateway whose Redis is at hand."""
    return usage_gateway


@pytest.fixture
def own(books, priced):
    """The books of a tenant that has prices."""
    return books._replace(tenant=priced)


async def call(books, key: str, *, stream: bool = False, model: str = "gpt", **headers: str):
    """The head of a whole answer."""
    body = {"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    url = books.gateway.url("proxy_http") + "/v1/chat/completions"
    headers = {"authorization": f"Bearer {key}", **headers}
    async with books.session.post(url, json=body, headers=headers) as answer:
        await answer.read()
        return answer


async def test_a_call_is_found_by_the_id_that_its_answer_gave(own, provider):
    provider.use(SAID)
    answer = await call(own, own.tenant.key(), **NAMED)
    (found,) = await own.pages("ledger:search", "entries", call=answer.headers["x-request-id"])
    assert Decimal(found["costNanos"]) / 10**9 == Decimal(answer.headers["x-tollway-cost"]) == Decimal("0.0023375")
    assert (found["kind"], found["outcome"], found["user"], found["model"]) == ("CALL", "COMPLETED", "ann", "gpt")
    assert (found["inputTokens"], found["cacheReadTokens"], found["outputTokens"]) == ("701", "300", "16")
    assert found["tags"] == {"env": "prod", "team": "search"}


async def test_calls_in_and_out_of_streams_add_up_in_every_report(own, provider):
    provider.use(SAID)
    keys = [own.tenant.key(), own.tenant.key(tags={"team": "ads"})]
    for number in range(8):
        await call(own, keys[number % 2], stream=number % 4 > 1, model=("gpt", "claude")[number // 4], **NAMED)
    lines = await own.lines()
    assert len(lines) == 8
    assert sum(line["streamed"] for line in lines) == 4
    start = min(line["book_time"] for line in lines)[:13] + ":00:00Z"
    (total,) = await own.rows(start_time=start)
    nanos = int(total["cost"]["units"]) * 10**9 + total["cost"]["nanos"]
    assert nanos == sum(line["cost_nanos"] for line in lines) == 8 * 2_337_500
    assert (total["calls"], total["failedCalls"], total["cacheReadTokens"]) == ("8", "0", "2400")
    teams = await own.rows(start_time=start, tags="team", group_by="MODEL")
    found = {(row["dimensions"]["tags"]["team"], row["dimensions"]["model"]): row["calls"] for row in teams}
    assert found == {(team, model): "2" for team in ("search", "ads") for model in ("gpt", "claude")}


async def test_a_follower_sees_a_call_when_its_answer_has_ended(own, provider):
    provider.use(SAID)
    key = own.tenant.key()
    await call(own, key)
    (first,) = await own.lines()
    answer = await call(own, key, stream=True)
    async with own.session.get(own.path("usage:stream"), params={"last_entry": first["entry"]}) as stream:
        entry = json.loads(await stream.content.readline())["result"]["entry"]
    assert (entry["call"], entry["streamed"], entry["costNanos"]) == (answer.headers["x-request-id"], True, "2337500")


async def test_what_an_evil_caller_calls_itself_is_a_text_in_the_file(own, provider):
    provider.use(SAID)
    await call(
        own, own.tenant.key(), **{"x-tollway-user": '=HYPERLINK("http://evil","x")', "x-tollway-tags": "=1,a=-1"}
    )
    (cells,) = await own.cells()
    assert cells["user"] == '\'=HYPERLINK("http://evil","x")'
    assert cells["tags"].startswith("{")


async def test_calls_whose_price_nobody_knows_are_told_apart_from_free_ones(books, provider):
    provider.use(SAID)
    books.tenant.provider("openai", provider.url, provider_id="own")
    for model in ("unknown", "free"):
        books.tenant.model(model, {"provider": "own", "model": model})
    rates = {"input": {"currencyCode": "USD"}, "output": {"currencyCode": "USD"}}
    price = {"provider": "own", "model": "free", "rates": rates}
    books.tenant.admin("POST", f"/v1/{books.tenant.name}/prices?price_id=free", price)
    key = books.tenant.key()
    for model in ("unknown", "free", "unknown"):
        await call(books, key, model=model)
    lines = await books.lines(filter='price_version = ""')
    assert [line["model"] for line in lines] == ["unknown", "unknown"]
    start = lines[0]["book_time"][:13] + ":00:00Z"
    rows = await books.rows(start_time=start, group_by="MODEL")
    assert {row["dimensions"]["model"]: (row["calls"], row["unpricedCalls"]) for row in rows} == {
        "free": ("1", "0"),
        "unknown": ("2", "2"),
    }
