"""HTTP methods that no binding names: HEAD goes where GET does, OPTIONS tells what a path takes, others are refused."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.apis import bookstore
from tests.apis.library import NAME, Library, reason_of, serve, served
from tests.wire.http1 import TIMEOUT, connect, get, request
from tollwayd.translator.pages import Page

PATH = f"/v1/{NAME}"
PAGE = {"/page": Page("text/plain", lambda: b"words")}


@pytest.fixture
async def library():
    return Library()


@pytest.fixture
async def client(library):
    async with served(library, pages=PAGE) as client:
        yield client


@pytest.fixture
async def connection(library):
    async with serve(library, pages=PAGE) as address, connect(address) as connection:
        yield connection


class TestHead:
    @pytest.mark.parametrize("path", [PATH, f"{PATH}:find", f"{PATH}:print", "/v1/shelves:count", "/page"])
    async def test_it_has_the_headers_of_get_and_no_body(self, connection, path):
        await connection.send(request("HEAD", path) + get(path))
        head, got = await connection.head(), await connection.response()
        assert (head.status, got.status) == (200, 200)
        for headers in (head.headers, got.headers):
            headers.pop("x-request-id")
            headers.pop("date")
        assert head.headers == got.headers
        assert int(head.headers["content-length"]) == len(got.body) > 0

    async def test_it_reaches_the_method(self, client, library):
        async with client.head(PATH) as head:
            assert head.headers["etag"] == '"1"'
        assert library.requests[-1].name == NAME
        async with client.head(PATH, headers={"if-none-match": '"1"'}) as head:
            assert head.status == 304
        async with client.head("/v1/shelves/2") as head:
            assert (head.status, await head.read()) == (404, b"")

    async def test_a_stream_ends_with_its_head(self, connection, library):
        await connection.send(request("HEAD", f"{PATH}:watch") + get("/v1/shelves:count"))
        head = await connection.head()
        assert (head.status, head.headers["content-type"]) == (200, "application/x-ndjson")
        assert head.headers["transfer-encoding"] == "chunked"
        await asyncio.wait_for(library.ended.wait(), TIMEOUT)
        assert json.loads((await connection.response()).body) == {"count": 1}

    async def test_a_binding_of_its_own_comes_first(self):
        store = bookstore.Bookstore()
        async with bookstore.serve(store) as (_, address), connect(address) as connection:
            await connection.send(request("HEAD", "/v1/scans/a"))
            assert (await connection.head()).status == 200
            await connection.send(request("HEAD", "/v1/scans/a:stream"))
            assert (await connection.head()).headers["content-type"] == "text/event-stream"

    async def test_where_there_is_no_get_there_is_no_head(self, client):
        async with client.head(f"/v1/dust/{NAME}") as refused:
            assert (refused.status, refused.headers["allow"]) == (405, "OPTIONS, POST")


class TestOptions:
    @pytest.mark.parametrize(
        ("path", "allow"),
        [
            (PATH, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
            (f"/v1/dust/{NAME}", "OPTIONS, POST"),
            ("/v1/shelves:count", "GET, HEAD, OPTIONS"),
            ("/page", "GET, HEAD, OPTIONS"),
        ],
    )
    async def test_it_tells_the_methods_of_a_path(self, connection, library, path, allow):
        await connection.send(request("OPTIONS", path) + request("PURGE", path))
        answer = await connection.head()
        assert (answer.status, answer.headers["allow"]) == (204, allow)
        assert answer.headers["x-request-id"]
        assert answer.headers.keys().isdisjoint({"content-length", "transfer-encoding", "content-type"})
        refused = await connection.response()
        assert (refused.status, refused.headers["allow"]) == (405, allow)
        assert library.requests == []

    async def test_of_the_server(self, connection):
        await connection.send(request("OPTIONS", "*"))
        answer = await connection.head()
        assert (answer.status, "allow" in answer.headers) == (204, False)

    @pytest.mark.parametrize("path", ["/v2", "/", "/v1/shelves/1/books"])
    async def test_of_an_unknown_path(self, client, path):
        async with client.options(path) as refused:
            assert (refused.status, await reason_of(refused)) == (404, "ROUTE_NOT_FOUND")

    async def test_a_body_is_passed_over(self, connection):
        for _ in range(2):
            await connection.send(request("OPTIONS", PATH, body=b"{}"))
            assert (await connection.head()).status == 204

    async def test_a_binding_of_any_method_answers_for_itself(self):
        from tests.apis import kinds  # noqa: PLC0415 - it is the only one with such a binding.

        echo = kinds.Echo()
        async with kinds.serve(echo) as doors, connect(doors["rest"]) as connection:
            await connection.send(request("OPTIONS", "/v1/whatever/a"))
            assert (await connection.response()).status == 200
            assert len(echo.seen) == 1


@pytest.mark.parametrize(("path", "status"), [(PATH, 405), ("/page", 405), ("/v2", 404)])
async def test_trace_is_refused_everywhere(connection, path, status):
    await connection.send(request("TRACE", path, "x-canary: 1") + request("OPTIONS", path))
    refused, options = await connection.response(), await connection.head()
    assert refused.status == status
    if status == 405:
        assert refused.headers["allow"] == options.headers["allow"]
    assert b"canary" not in refused.body


async def test_trace_is_refused_by_a_binding_of_any_method_too():
    from tests.apis import kinds  # noqa: PLC0415 - it is the only one with such a binding.

    echo = kinds.Echo()
    async with kinds.serve(echo) as doors, connect(doors["rest"]) as connection:
        await connection.send(request("TRACE", "/v1/whatever/a"))
        assert (await connection.response()).status == 405
        assert echo.seen == []


async def test_connect_is_refused_and_its_connection_closed(connection, library):
    await connection.send(b"CONNECT other:443 HTTP/1.1\r\nhost: other:443\r\n\r\n" + get(PATH))
    refused = await connection.response()
    assert (refused.status, refused.headers["connection"]) == (501, "close")
    assert await connection.rest() == b""
    assert library.requests == []
