"""Compressed answers: the same as others once they are decoded, and as prompt."""

from __future__ import annotations

import asyncio
import json
import subprocess

import aiohttp
import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.wire.decoded import CODINGS, decoded, decoder
from tests.wire.http1 import TIMEOUT, connect, get, request
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers import encoding
from tollwayd.translator.answers.codings import GZIP
from tollwayd.translator.limits import Timeouts
from tollwayd.translator.pages import Page

WATCH = "/v1/shelves/1:watch?count=2"
TITLE = "All roads lead to Rome. " * 100
PAGE = json.dumps({"title": TITLE}).encode()
BOOK = request("POST", "/v1/shelves/1/books?book_id=emma", body=json.dumps({"title": TITLE}).encode())
LARGE = request("POST", "/v1/shelves/1/books", body=json.dumps({"title": TITLE * 40}).encode())
PAGES = {"/page": Page("application/json", lambda: PAGE), "/small": Page("application/json", lambda: b"{}")}


@pytest.fixture
async def store():
    store = Bookstore()
    store.proceed.set()
    return store


@pytest.fixture
async def address(store):
    async with serve(store, print_unset=False, pages=PAGES, timeouts=Timeouts(pulse=0.05)) as (_, address):
        yield address


@pytest.fixture
async def connection(address):
    async with connect(address) as connection:
        yield connection


async def answer_to(connection, asked: bytes, *headers: str):
    head, _, body = asked.partition(b"\r\n\r\n")
    await connection.send(b"\r\n".join([head, *(line.encode() for line in headers), b"", body]))
    return await connection.response()


ALIKE = {
    "a message": (BOOK, None),
    "a large message": (LARGE, None),
    "lines": (get(WATCH), None),
    "events": (get(f"{WATCH}&alt=sse"), None),
    "an array": (get(f"{WATCH}&alt=array"), None),
    "raw bytes": (get("/v1/scans/a:stream"), None),
    "one HttpBody": (request("POST", "/kiosk/buy", body=b"gum " * 500), None),
    "nothing": (get("/v1/shelves/1:watch?alt=array"), None),
    "an error": (get("/v1/books/1"), TollwayError(Reason.REASON_PERMISSION_DENIED, TITLE)),
    "an error in lines": (get(WATCH), TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)),
    "an error in events": (get(f"{WATCH}&alt=sse"), TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)),
    "an error in an array": (get(f"{WATCH}&alt=array"), TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)),
    "the service's own error": (request("POST", "/kiosk/buy", body=b""), TollwayError(Reason.REASON_PERMISSION_DENIED)),
    "a page": (get("/page"), None),
    "no route": (get("/nothing"), None),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_it_is_the_same_once_decoded(store, address, coding, name, version):
    asked, store.error = ALIKE[name]
    answers = []
    for headers in ([], [f"accept-encoding: {coding}"]):
        async with connect(address) as connection:
            answers.append(await answer_to(connection, asked.replace(b"HTTP/1.1", b"HTTP/" + version, 1), *headers))
    plain, answer = answers
    found = answer.headers.pop("content-encoding", "identity")
    assert (found == "identity") == (name in {"nothing", "no route", "the service's own error"})
    assert (answer.body if found == "identity" else decoded(coding, answer.body)) == plain.body
    assert answer.status == plain.status
    assert "content-encoding" not in plain.headers
    own = {"content-length", "date", "etag", "vary", "x-request-id"}
    assert {key: value for key, value in answer.headers.items() if key not in own} == {
        key: value for key, value in plain.headers.items() if key not in own
    }
    assert answer.headers.get("vary") == (None if found == "identity" else "accept-encoding")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        (get(WATCH), b'{"result":{"title":"Book 0"}}\n', b'{"result":{"title":"Book 1"}}\n'),
        (get(f"{WATCH}&alt=sse"), b'data: {"title":"Book 0"}\n\n', b'data: {"title":"Book 1"}\n\n'),
        (get("/v1/scans/a:stream"), b"first", b"second"),
    ],
)
async def test_each_message_can_be_read_at_once(store, connection, coding, asked, first, second):
    store.proceed.clear()
    await connection.send(asked.replace(b"\r\n\r\n", f"\r\naccept-encoding: {coding}\r\n\r\n".encode()))
    assert (await connection.head()).headers["content-encoding"] == coding
    decode = decoder(coding)
    assert decode(await connection.chunk()) == first
    store.proceed.set()
    assert decode(await connection.chunk()) == second


@pytest.mark.parametrize("coding", CODINGS)
async def test_signs_of_life_can_be_read_at_once(store, connection, coding):
    store.proceed.clear()
    await connection.send(get(f"{WATCH}&alt=sse", f"accept-encoding: {coding}"))
    await connection.head()
    decode = decoder(coding)
    assert decode(await connection.chunk()).startswith(b"data")
    assert [decode(await connection.chunk()) for _ in range(3)] == [b":\n\n"] * 3


@pytest.mark.parametrize("coding", CODINGS)
async def test_trailers_stand_behind_it(store, connection, coding):
    store.trailers = {"cost": "5"}
    for asked in (get(WATCH), BOOK):
        answer = await answer_to(connection, asked, f"accept-encoding: {coding}", "te: trailers")
        assert answer.headers["content-encoding"] == coding
        assert b"Rome" in decoded(coding, answer.body) or b"Book 1" in decoded(coding, answer.body)
        assert answer.trailers == ("grpc-trailer-cost: 5",)


@pytest.mark.parametrize(
    ("metadata", "asked"),
    [
        ({}, get("/v1/scans/" + "a" * 2000)),  # A picture.
        ({}, get("/v1/books/1")),  # Small.
        ({"cache-control": "private, no-transform"}, BOOK),
        ({"cache-control": "No-Store"}, BOOK),
        ({"cache-control": "no-store"}, get(WATCH)),
        ({"content-encoding": "x-own"}, BOOK),
        ({"etag": '"7"'}, BOOK),
        ({"content-digest": "sha-256=:x:"}, BOOK),
    ],
)
async def test_what_goes_out_as_it_is(store, connection, metadata, asked):
    store.response_metadata = metadata
    plain = await answer_to(connection, asked)
    answer = await answer_to(connection, asked, "accept-encoding: gzip")
    assert answer.body == plain.body
    assert answer.headers.get("content-encoding") == metadata.get("content-encoding")
    assert "vary" not in answer.headers


async def test_small_trailed_answers_go_out_as_they_are(store, connection):
    store.trailers = {"cost": "5"}
    answer = await answer_to(connection, get("/v1/books/1"), "accept-encoding: gzip", "te: trailers")
    assert json.loads(answer.body)["name"] == "isbn/1"


async def test_a_weak_tag_does_not_promise_bytes(store, connection):
    store.response_metadata = {"etag": 'W/"7"'}
    answer = await answer_to(connection, BOOK, "accept-encoding: gzip")
    assert (answer.headers["content-encoding"], answer.headers["etag"]) == ("gzip", 'W/"7"')


@pytest.mark.parametrize(
    "headers",
    [
        ["accept-encoding: deflate", "accept-encoding: gzip"],
        ["accept-encoding: gzip;q=0.5, identity;q=0"],
        ["Accept-Encoding: *"],
    ],
)
async def test_it_is_asked_for_in_many_ways(connection, headers):
    answer = await answer_to(connection, BOOK, *headers)
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("value", ["identity", "gzip;q=0", "identity;q=0, *;q=0", "", "gzip, " + "x" * 300])
async def test_it_is_not_forced_upon_anybody(connection, value):
    answer = await answer_to(connection, BOOK, f"accept-encoding: {value}")
    assert "content-encoding" not in answer.headers
    assert json.loads(answer.body)["title"] == TITLE


class TestPages:
    async def test_a_cache_is_told_that_there_are_several(self, connection):
        for headers in ([], ["accept-encoding: gzip"]):
            assert (await answer_to(connection, get("/page"), *headers)).headers["vary"] == "accept-encoding"
        assert "vary" not in (await answer_to(connection, get("/small"))).headers

    async def test_a_tag_of_one_is_good_for_all(self, connection):
        plain = await answer_to(connection, get("/page"))
        answer = await answer_to(connection, get("/page"), "accept-encoding: gzip")
        tag = answer.headers["etag"]
        assert tag == plain.headers["etag"]
        for known in (tag, tag.removeprefix("W/")):
            await connection.send(get("/page", "accept-encoding: gzip", f"if-none-match: {known}"))
            same = await connection.head()
            assert (same.status, same.headers["vary"]) == (304, "accept-encoding")
            assert same.headers["etag"] == tag
            assert "content-encoding" not in same.headers

    async def test_the_head_alone_is_the_same(self, connection):
        whole = await answer_to(connection, get("/page"), "accept-encoding: gzip")
        await connection.send(request("HEAD", "/page", "accept-encoding: gzip"))
        head = (await connection.head()).headers
        for name in ("content-encoding", "content-length", "content-type", "etag", "vary"):
            assert head[name] == whole.headers[name]

    async def test_it_is_compressed_once(self, connection, monkeypatch):
        made = []

        def whole(body: bytes) -> bytes:
            made.append(body)
            return GZIP.whole(body)

        monkeypatch.setattr(encoding, "chosen", lambda _: GZIP._replace(whole=whole))
        for _ in range(3):
            answer = await answer_to(connection, get("/page"), "accept-encoding: gzip")
            assert decoded("gzip", answer.body) == PAGE
        assert made == [PAGE]


async def test_a_door_may_compress_nothing(store):
    async with (
        serve(store, compress_from=None, compress_streams=False, pages=PAGES) as (_, address),
        connect(address) as connection,
    ):
        for asked in (BOOK, get(WATCH), get("/page")):
            answer = await answer_to(connection, asked, "accept-encoding: gzip")
            assert not {"content-encoding", "vary"} & answer.headers.keys()


async def test_streams_beyond_the_memory_for_them_go_out_as_they_are(store, monkeypatch):
    monkeypatch.setattr(encoding, "COMPRESSORS_BYTES", 100 * 1024)
    store.proceed.clear()
    asked = get(WATCH, "accept-encoding: gzip")
    async with (
        serve(store) as (_, address),
        connect(address) as one,
        connect(address) as two,
        connect(address) as three,
        connect(address) as four,
    ):
        for connection, coding in ((one, "gzip"), (two, "gzip"), (three, None)):
            await connection.send(asked)
            assert (await connection.head()).headers.get("content-encoding") == coding
        await one.abort()
        await asyncio.wait_for(store.cancelled.wait(), TIMEOUT)
        await four.send(asked)
        assert (await four.head()).headers["content-encoding"] == "gzip"


async def test_what_breaks_in_raw_bytes_breaks_the_connection(store, connection):
    store.error = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError, ValueError)):
        await answer_to(connection, get("/v1/scans/a:stream"), "accept-encoding: gzip")


class TestClients:
    @pytest.mark.parametrize("coding", CODINGS)
    async def test_aiohttp(self, store, address, coding):
        url = "http://{}:{}".format(*address)
        async with aiohttp.ClientSession(headers={"Accept-Encoding": coding}) as session:
            async with session.post(f"{url}/v1/shelves/1/books", json={"title": TITLE}) as answer:
                assert answer.headers["Content-Encoding"] == coding
                assert (await answer.json())["title"] == TITLE
            store.proceed.clear()
            async with session.get(f"{url}{WATCH}") as answer:
                assert json.loads(await answer.content.readline())["result"]["title"] == "Book 0"
                store.proceed.set()
                assert json.loads(await answer.content.readline())["result"]["title"] == "Book 1"
                assert await answer.content.read() == b""

    async def test_curl(self, address):
        url = "http://{}:{}".format(*address)
        command = ["curl", "-sS", "--compressed", "-D-", f"{url}/page", f"{url}{WATCH}"]
        curl = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=TIMEOUT)
        out = curl.stdout
        assert out.count(b"content-encoding: ") == 2
        assert PAGE in out
        assert b'{"result":{"title":"Book 1"}}' in out
