"""The HTTP statuses that say what of a request is wrong, each once, and with its connection closed where it must be."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.wire.http1 import TIMEOUT, connect, get, request
from tollwayd.translator.head.accept import MAX_RANGES
from tollwayd.translator.limits import MAX_FIELD_BYTES, MAX_HEADERS, MAX_LINE_BYTES

GET = "/v1/books/1"
SELL = "/v1/shelves/1/books/emma:sell"
WATCH = "/v1/shelves/1:watch?count=1"
CANARY = "canary-of-the-request"

TAKES = (
    "*/*", "application/*", "application/json", "APPLICATION/JSON", "application/json; charset=utf-8",
    "text/html, application/json;q=0.1", "text/html,*/*;q=0.8", "application/json;q=0, application/json;q=1",
    "text/html;level=1;q=0.3, application/*", 'text/a;x="a,b;q=0", application/json', "text/plain, ,application/json",
    ",application/json,",
)  # fmt: skip
REFUSES = (
    "text/html", "application/json;q=0", "application/json;q=0.000, text/*", "*/*;q=0", "application/xml, image/*",
    "*/*, application/json;q=0", "application/*;q=0, */*", "text/event-stream", "application/jsonp",
    'text/a;x="application/json"', "application/json ; q=0", ", text/html,",
)  # fmt: skip
UNREADABLE = ("", "json", "application", "application/json;q=high;", "a b/c", "*", ",", "\xe9/\xe9", "/", "a/b;q")

LINES = {
    "path": f"GET /{CANARY}{'a' * MAX_LINE_BYTES} HTTP/1.1\r\nhost: test\r\n\r\n",
    "query": f"GET {GET}?{CANARY}={'a' * MAX_LINE_BYTES} HTTP/1.1\r\nhost: test\r\n\r\n",
    "a line without end": f"GET /{CANARY}{'a' * MAX_LINE_BYTES * 3}",
}
FIELDS = {
    "value": f"GET {GET} HTTP/1.1\r\nhost: test\r\na: {CANARY}{'b' * MAX_FIELD_BYTES}\r\n\r\n",
    "name": f"GET {GET} HTTP/1.1\r\nhost: test\r\n{CANARY}{'b' * MAX_FIELD_BYTES}: b\r\n\r\n",
    "a field without end": f"GET {GET} HTTP/1.1\r\nhost: test\r\na: {CANARY}{'b' * MAX_FIELD_BYTES * 3}",
    "many": f"GET {GET} HTTP/1.1\r\nhost: test\r\n{f'a: {CANARY}{chr(13)}{chr(10)}' * MAX_HEADERS}\r\n",
}


@pytest.fixture
async def store():
    store = Bookstore()
    store.proceed.set()
    return store


@pytest.fixture
async def connection(store):
    async with serve(store) as (_, address), connect(address) as connection:
        yield connection


def reason(answer) -> str:
    return json.loads(answer.body)["details"][0]["reason"]


async def refused(connection, status: int, name: str) -> None:
    """One answer, in words that quote nothing, and then the connection's end."""
    answer = await connection.response()
    assert (answer.status, reason(answer), answer.headers["connection"]) == (status, name, "close")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    assert CANARY.encode() not in answer.body
    assert await connection.rest() == b""


class TestAccept:
    """406 where the client takes no form that there is (RFC 9110, section 15.5.7)."""

    @pytest.mark.parametrize("accept", [*TAKES, *UNREADABLE])
    async def test_what_takes_json_gets_it(self, connection, accept):
        await connection.send(get(GET, f"accept: {accept}"))
        answer = await connection.response()
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")

    @pytest.mark.parametrize("accept", REFUSES)
    async def test_what_does_not_is_refused_before_anything_is_done(self, connection, store, accept):
        for _ in range(2):
            await connection.send(request("POST", SELL, f"accept: {accept}", body=b'{"copies": 1}'))
            answer = await connection.response()
            assert (answer.status, reason(answer)) == (406, "NOT_ACCEPTABLE")
            assert answer.headers["content-type"] == "application/json"
        assert store.calls == []

    async def test_several_headers_are_one_list(self, connection):
        await connection.send(get(GET, "accept: text/html", "accept: application/json"))
        assert (await connection.response()).status == 200

    async def test_a_long_header_is_read_too(self, connection):
        for last, status in (("application/json", 200), ("text/json", 406)):
            ranges = ", ".join([*(f"text/x-{number}" for number in range(500)), last])
            await connection.send(get(GET, f"accept: {ranges}"))
            assert (await connection.response()).status == status

    @pytest.mark.parametrize("different", [MAX_RANGES + 1, 1])
    async def test_what_nobody_would_read_to_its_end_is_no_wish(self, connection, different):
        for count, status in ((MAX_RANGES, 406), (MAX_RANGES + 1, 200)):
            names = [f"t/{number % different}" for number in range(count)]
            lines = [f"accept: {', '.join(names[start : start + 500])}" for start in range(0, count, 500)]
            await connection.send(get(GET, *lines))
            assert (await connection.response()).status == status

    @pytest.mark.parametrize(
        ("accept", "status"),
        [
            ("application/x-ndjson", 200),
            ("application/jsonl", 200),
            ("text/event-stream", 200),
            ("application/json", 200),
            ("text/*", 200),
            ("text/html", 406),
            ("application/*;q=0, text/plain", 406),
        ],
    )
    async def test_a_stream_has_several_forms(self, connection, accept, status):
        await connection.send(get(WATCH, f"accept: {accept}"))
        assert (await connection.response()).status == status

    async def test_a_form_that_the_query_names_is_what_is_sent(self, connection):
        await connection.send(get(f"{WATCH}&alt=sse", "accept: text/html"))
        answer = await connection.response()
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")

    @pytest.mark.parametrize("path", ["/v1/scans/a", "/v1/scans/a:stream"])
    async def test_bytes_are_in_whatever_form_they_are(self, connection, path):
        await connection.send(get(path, "accept: text/html"))
        assert (await connection.response()).status == 200

    async def test_errors_are_never_in_a_wrong_form(self, connection):
        await connection.send(get("/v2", "accept: text/html"))
        assert (await connection.response()).status == 404
        await connection.send(request("DELETE", GET, "accept: text/html"))
        assert (await connection.response()).status == 405


class TestHead:
    """414 and 431 for a head that is too large (RFC 9110, section 15.5.15; RFC 6585, section 5)."""

    @pytest.mark.parametrize("data", LINES.values(), ids=LINES.keys())
    async def test_a_request_line(self, connection, store, data):
        await connection.send(data.encode())
        await refused(connection, 414, "TARGET_TOO_LONG")
        assert store.calls == []

    @pytest.mark.parametrize("data", FIELDS.values(), ids=FIELDS.keys())
    async def test_fields(self, connection, store, data):
        await connection.send(data.encode())
        await refused(connection, 431, "HEADERS_TOO_LARGE")
        assert store.calls == []

    async def test_what_just_fits(self, connection):
        query = "?read_mask=title"
        path = GET + query
        line = f"{path}&key={'k' * (MAX_LINE_BYTES - len(path) - 5)}"
        names = [f"a-{number}: b" for number in range(MAX_HEADERS - 2)]
        await connection.send(get(line, f"a: {'b' * (MAX_FIELD_BYTES - 1)}", *names))
        assert (await connection.response()).status == 200

    async def test_behind_a_request_under_way(self, connection, store):
        store.proceed.clear()
        await connection.send(request("POST", "/v1/orders", body=b"{}"))
        await asyncio.wait_for(store.begun.wait(), TIMEOUT)
        await connection.send(LINES["path"].encode())
        store.proceed.set()
        assert (await connection.response()).status == 200
        await refused(connection, 414, "TARGET_TOO_LONG")


class TestFraming:
    """Where a body ends (RFC 9112, sections 6.1 and 6.3)."""

    @pytest.mark.parametrize(
        "coding",
        ["gzip, chunked", "GZIP,chunked", "identity, chunked", "deflate, gzip, chunked", "x-mine , chunked"],
    )
    async def test_a_transfer_coding_that_is_not_known(self, connection, store, coding):
        chunks = b"2\r\n{}\r\n0\r\n\r\n"
        await connection.send(request("POST", SELL, f"transfer-encoding: {coding}") + chunks + get(GET))
        await refused(connection, 501, "TRANSFER_CODING_UNSUPPORTED")
        assert store.calls == []

    async def test_a_transfer_coding_without_a_name(self, connection, store, each_listener):
        await connection.send(request("POST", SELL, "transfer-encoding: ") + get(GET))
        # httptools has a newer llhttp than aiohttp, which sees for itself that this is none.
        expected = {"aiohttp": (501, "TRANSFER_CODING_UNSUPPORTED"), "lean": (400, "REQUEST_MALFORMED")}
        await refused(connection, *expected[each_listener])
        assert store.calls == []

    async def test_also_where_nobody_wants_the_body(self, connection, store):
        await connection.send(get(GET, "transfer-encoding: gzip, chunked") + b"0\r\n\r\n" + get(GET))
        await refused(connection, 501, "TRANSFER_CODING_UNSUPPORTED")
        assert store.calls == []

    async def test_chunked_is_known_however_it_is_written(self, connection):
        await connection.send(request("POST", SELL, "transfer-encoding: Chunked") + b"2\r\n{}\r\n0\r\n\r\n")
        assert (await connection.response()).status == 200

    @pytest.mark.parametrize("version", ["1.0", "1.1"])
    async def test_a_body_without_a_length_is_none(self, connection, store, version):
        """There is no 411 here: a request that says nothing of a body has an empty one (RFC 9112, section 6.3)."""
        await connection.send(request("POST", SELL, version=version))
        assert (await connection.response()).status == 200
        assert len(store.calls) == 1

    async def test_what_follows_it_is_no_body(self, connection, store):
        await connection.send(request("POST", SELL, version="1.0") + b'{"copies": 1}')
        await refused(connection, 400, "REQUEST_MALFORMED")
        assert store.calls == []
