"""What a request leaves behind that was refused, or whose client has left."""

from __future__ import annotations

import asyncio
import gc
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.wire.http1 import connect, get, request
from tests.wire.websocket import handshake
from tollwayd.translator.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 5

REFUSED = {
    "by the route": get("/v1/nothing"),
    "by its head": get("/v1/shelves/1/books/emma?alt=nothing"),
    "by its body": request("POST", "/v1/shelves/1/books", body=b"{"),
    "by the method": get("/v1/shelves/1/books/emma"),
}

LEFT = {
    "before all of its body has come": request("POST", "/v1/shelves/1/books", body=b"{}")[:-1],
    "while it waits": request("POST", "/v1/orders", body=b"{}"),
    "in the midst of a stream": get("/v1/shelves/1:watch?count=2", "accept: text/event-stream"),
    "in the midst of a WebSocket": handshake("/v1/shelves/1/books/emma:review"),
    "a WebSocket that waits": handshake("/v1/shelves/1:watch?count=2"),
}

TIMED = re.compile(rb"(x-server-timeout|connect-timeout-ms): [0-9.]+\r\n")
LAST = get("/v1/nothing", "connection: close")

CUT = {
    "whole": request("POST", "/v1/orders", "x-server-timeout: 0.01", body=b"{}"),
    "streamed": get("/v1/shelves/1:watch?count=2", "accept: text/event-stream", "x-server-timeout: 0.01"),
    "raw": get("/v1/scans/a:stream", "x-server-timeout: 0.01"),
    "by its name": request(
        "POST",
        "/bookstore.rest.v1.BookService/OrderBook",
        "content-type: application/json",
        "connect-timeout-ms: 10",
        body=b"{}",
    ),
    "over a WebSocket": handshake("/v1/shelves/1/books/emma:review", "x-server-timeout: 0.01"),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
async def test_it_is_freed_without_a_collection(data):
    """Refusals come in floods; what each of them kept would be the collector's to find among all that there is."""
    with freed_at_once():
        async with serve(Bookstore()) as (_, address), connect(address) as client:
            for _ in range(3):
                await client.send(data)
                assert (await client.response()).status in {400, 404}


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT)
async def test_so_is_one_whose_client_leaves(data):
    store = Bookstore()
    with freed_at_once():
        async with serve(store) as (_, address), connect(address) as another:
            for _ in range(3):
                async with connect(address) as client:
                    await client.send(data)
                    await _answer(another)
                    await client.abort()
                    if store.begun.is_set():
                        await asyncio.wait_for(store.cancelled.wait(), TIMEOUT)
                    await _answer(another)
                    store.cancelled.clear()


@pytest.mark.parametrize("data", CUT.values(), ids=CUT)
async def test_so_is_one_that_its_deadline_cuts(data):
    store = Bookstore()
    with freed_at_once():
        async with serve(store) as (_, address):
            for _ in range(3):
                async with connect(address) as client:
                    await client.send(data + LAST)
                    assert await client.rest()
        store.calls.clear()


@pytest.mark.parametrize("data", CUT.values(), ids=CUT)
async def test_so_is_one_that_the_end_of_the_door_cuts(data):
    store = Bookstore()
    with freed_at_once():
        async with serve(store) as (door, address), connect(address) as client:
            await client.send(TIMED.sub(b"", data))
            await asyncio.wait_for(store.begun.wait(), TIMEOUT)
            await door.stop(0)
        store.calls.clear()


@contextmanager
def freed_at_once() -> Iterator[None]:
    """No request that was made within is left at the end, though the collector stands still."""
    gc.disable()
    others = set(_requests())
    try:
        yield
        assert others.issuperset(_requests())
    finally:
        gc.enable()


async def _answer(client) -> None:
    """Gives the door time for what has come before."""
    await client.send(get("/v1/nothing"))
    await client.response()


def _requests() -> list[Request]:
    return [each for each in gc.get_objects() if isinstance(each, Request)]
