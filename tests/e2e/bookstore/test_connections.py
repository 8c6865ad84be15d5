"""How many connections a door holds, and who makes room."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.running.gateway import environment
from tests.wire.http1 import connect, get, request
from tollwayd.core.errors import Reason

ORDER = request("POST", "/v1/orders", body=b"{}")


@pytest.fixture
async def store():
    return Bookstore()


async def test_the_oldest_one_without_a_request_makes_room(store):
    async with serve(store, max_connections=2) as (_, address), AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(connect(address)) for _ in range(2)]
        for each in (first, second):
            await each.send(get("/v1/books/1"))
            assert (await each.response()).status == 200
        third = await stack.enter_async_context(connect(address))
        await third.send(get("/v1/books/1"))
        assert (await third.response()).status == 200
        assert await first.rest() == b""
        await second.send(get("/v1/books/1"))
        assert (await second.response()).status == 200


async def test_a_new_one_is_turned_away_where_all_have_requests(store):
    refused = []
    async with serve(store, max_connections=1, on_refusal=refused.append) as (_, address), connect(address) as busy:
        await busy.send(ORDER)
        await store.begun.wait()
        async with connect(address) as late:
            answer = await late.response()
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert json.loads(answer.body)["details"][0]["reason"] == "CONNECTIONS_EXHAUSTED"
            assert await late.rest() == b""
        store.proceed.set()
        assert (await busy.response()).status == 200
    assert refused == [Reason.REASON_CONNECTIONS_EXHAUSTED]


@pytest.mark.parametrize(("hard", "connections"), [(800, 100), (4000, 500)])
def test_a_process_raises_its_limit_and_keeps_half_of_it_for_itself(hard, connections):
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}));"
        "from tollwayd.open_files import most_connections;"
        "print(most_connections(4), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    run = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert run.stdout.split() == [str(connections), str(hard)]
