"""What a refused request leaves behind."""

from __future__ import annotations

import gc

import pytest

from tests.bookstore import Bookstore, serve
from tests.raw_http import connect, get, request
from tollwayd.translator.request import Request

REFUSED = {
    "by the route": get("/v1/nothing"),
    "by its head": get("/v1/shelves/1/books/emma?alt=nothing"),
    "by its body": request("POST", "/v1/shelves/1/books", body=b"{"),
    "by the method": get("/v1/shelves/1/books/emma"),
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


def _requests() -> list[Request]:
    return [each for each in gc.get_objects() if isinstance(each, Request)]
