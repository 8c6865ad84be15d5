"""Finding entries of the ledger."""

from __future__ import annotations

import time

import pytest

from tests.metered.booked import entry
from tollway.admin.v1.usage_pb2 import SearchLedgerEntriesRequest
from tollwayd.admin.usage.ledger_search import MAX_BATCHES
from tollwayd.core.call import new_call_id
from tollwayd.state.metering import keys
from tollwayd.state.metering.ledger_reader import BATCH


async def search(books, **query) -> list[str]:
    return [each["call"] for each in await books.pages("ledger:search", "entries", **query)]


async def test_a_call_is_found_by_its_id_with_its_corrections(books):
    call = new_call_id()
    await books.book(new_call_id())
    place = await books.book(call, outcome="LOST", user="ann", tags={"team": "search"}, cost_nanos=5)
    await books.book(new_call_id())
    await books.book(call, kind="CORRECTION", cost_nanos=-2)
    first, second = await books.pages("ledger:search", "entries", call=call)
    assert (first["entry"], first["kind"], first["costNanos"]) == (place, "CALL", "5")
    assert (first["user"], first["tags"], first["tenant"]) == ("ann", {"team": "search"}, books.tenant.name)
    assert first["bookTime"].startswith("20")
    assert (second["kind"], second["costNanos"]) == ("CORRECTION", "-2")


async def test_a_search_for_a_call_begins_where_it_began(books):
    """So it need not read the months before it."""
    call = new_call_id()
    began = int(call[:12], 16)
    await books.book(call, at_ms=began - 120_000)
    assert await search(books, call=call) == []
    await books.book(call, at_ms=began)
    assert await search(books, call=call) == [call]
    assert await search(books, call=call, start_time="2020-01-01T00:00:00Z") == [call, call]


async def test_other_ids_are_searched_from_the_beginning(books):
    for call in ("a", "b", "a"):
        await books.book(call, at_ms=1_000_000)
    assert await search(books, call="a") == ["a", "a"]
    assert await search(books, call="A" * 32) == []


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_pages_have_every_entry_once(books, size):
    calls = [str(number) for number in range(5)]
    for call in calls:
        await books.book(call)
    assert await search(books, page_size=size) == calls
    assert len((await books.get("ledger:search", page_size=size))["entries"]) == size


async def test_a_full_last_page_has_no_token(books):
    await books.book("a")
    assert (await books.get("ledger:search", page_size=1))["nextPageToken"] == ""


async def test_a_page_looks_through_so_many_entries_and_says_where_to_go_on(books):
    """A filter that lets nothing through costs many small calls, not one without end."""
    count = MAX_BATCHES * BATCH + 1
    made = entry("c", tenant=books.tenant.name).SerializeToString()
    async with books.redis.pipeline(transaction=False) as pipeline:
        for number in range(count):
            pipeline.xadd(keys.ledger(books.tenant.name), {"e": made}, id=f"{number + 1}-0")
        await pipeline.execute()
    await books.book("last")
    page = await books.get("ledger:search", filter="call = last")
    assert page["entries"] == []
    (found,) = (await books.get("ledger:search", filter="call = last", page_token=page["nextPageToken"]))["entries"]
    assert found["call"] == "last"


async def test_times_and_filters(books):
    for number in range(4):
        await books.book(
            str(number), at_ms=1000 * number, cost_nanos=number, outcome="FAILED" if number == 2 else "COMPLETED"
        )
    assert await search(books, start_time="1970-01-01T00:00:01Z", end_time="1970-01-01T00:00:03Z") == ["1", "2"]
    assert await search(books, filter="cost_nanos >= 2") == ["2", "3"]
    assert await search(books, filter="outcome = FAILED") == ["2"]
    await books.get("ledger:search", filter="nothing", status=400)
    await books.get("ledger:search", filter="cost > 0.5", status=400)  # Dollars, which only exports have.


async def test_over_grpc(books):
    call = new_call_id()
    await books.book(call, at_ms=time.time_ns() // 1_000_000)
    async with books.stub() as (stub, metadata):
        request = SearchLedgerEntriesRequest(parent=books.tenant.name, call=call)
        found = await stub.SearchLedgerEntries(request, metadata=metadata)
    assert [each.call for each in found.entries] == [call]
