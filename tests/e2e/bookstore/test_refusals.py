"""What a request leaves behind that was refused, or whose client has left."""

from __future__ import annotations

import asyncio
import gc

import pytest

from tests.bookstore import Bookstore, serve
from tests.raw_http import connect, get, request
from tollwayd.translator.request import Request

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
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
async def test_it_is_freed_without_a_collection(data):
    """Refusals come in floods; what each of them kept would be the collector's to find among all that there is."""
    gc.disable()
    others = set(_requests())
    try:
        async with serve(Bookstore()) as (_, address), connect(address) as client:
            for _ in range(3):
                await client.send(data)
                assert (await client.response()).status in {400, 404}
        assert others.issuperset(_requests())
    finally:
        gc.enable()


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT)
async def test_so_is_one_whose_client_leaves(data):
    gc.disable()
    others = set(_requests())
    store = Bookstore()
    try:
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
        assert others.issuperset(_requests())
    finally:
        gc.enable()


async def _answer(client) -> None:
    """Gives the door time for what has come before."""
    await client.send(get("/v1/nothing"))
    await client.response()


def _requests() -> list[Request]:
    return [each for each in gc.get_objects() if isinstance(each, Request)]
