"""Usage as it is booked: over REST in lines and events, over WebSocket and gRPC."""

from __future__ import annotations

import asyncio
import json

import pytest

from tollway.admin.v1.usage_pb2 import StreamUsageRequest


@pytest.fixture
async def streamed(books):
    """Asks for a stream from a place on after which an entry is booked already: its answer begins at once."""
    place = await books.book("before")
    await books.book("a", user="ann", cost_nanos=7)
    return {"last_entry": place}


async def test_entries_come_in_lines_as_they_are_booked(books, streamed):
    async with books.session.get(books.path("usage:stream"), params=streamed) as answer:
        assert answer.content_type == "application/x-ndjson"
        entry = await line(answer)
        assert (entry["call"], entry["user"], entry["costNanos"]) == ("a", "ann", "7")
        for call in ("b", "c"):
            place = await books.book(call)
            entry = await line(answer)
            assert (entry["call"], entry["entry"]) == (call, place)


async def line(answer) -> dict:
    """The entry in the next line."""
    return json.loads(await answer.content.readline())["result"]["entry"]


async def test_entries_come_as_events(books, streamed):
    accept = {"accept": "text/event-stream"}
    async with books.session.get(books.path("usage:stream"), params=streamed, headers=accept) as answer:
        data = await answer.content.readuntil(b"\n\n")
    assert json.loads(data.removeprefix(b"data: "))["entry"]["call"] == "a"


async def test_entries_come_over_a_websocket(books, streamed):
    async with books.session.ws_connect(books.path("usage:stream"), params=streamed) as socket:
        await socket.send_json({})
        assert (await socket.receive_json())["result"]["entry"]["call"] == "a"


async def test_entries_come_over_grpc(books, streamed):
    async with books.stub() as (stub, metadata):
        stream = stub.StreamUsage(StreamUsageRequest(parent=books.tenant.name, **streamed), metadata=metadata)
        assert (await stream.read()).entry.call == "a"
        stream.cancel()


async def test_without_a_place_it_begins_now(books):
    await books.book("before")
    asked = asyncio.ensure_future(books.session.get(books.path("usage:stream")))
    booked = 0
    while not asked.done():
        await books.book(str(booked))
        booked += 1
    async with await asked as answer:
        assert (await line(answer))["call"] in map(str, range(booked))


async def test_a_stream_goes_on_where_another_ended(books, streamed):
    for call in "bc":
        await books.book(call)
    seen, place = [], streamed["last_entry"]
    for _ in range(3):
        async with books.session.get(books.path("usage:stream"), params={"last_entry": place}) as answer:
            entry = await line(answer)
        seen.append(entry["call"])
        place = entry["entry"]
    assert seen == ["a", "b", "c"]


async def test_only_what_a_filter_lets_through_is_streamed(books, streamed):
    query = {**streamed, "filter": "tags.team = search AND cost_nanos > 5"}
    for call, team, cost in (("b", "ads", 9), ("c", "search", 5), ("d", "search", 6)):
        await books.book(call, tags={"team": team}, cost_nanos=cost)
    async with books.session.get(books.path("usage:stream"), params=query) as answer:
        assert (await line(answer))["call"] == "d"


@pytest.mark.parametrize("place", ["1", "x-0", "1-0-0", "99999999999999999-0", "$", "+"])
async def test_what_is_no_place_is_refused(books, place):
    refused = await books.get("usage:stream", last_entry=place, status=400)
    assert "lastEntry" in refused["message"]
