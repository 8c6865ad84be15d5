"""Request streams over REST: lines, arrays and raw bytes, taken in while they come and answered while they come."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from pathlib import Path
from resource import getpagesize

import grpc
import pytest

from tests.apis.bookstore import Book, Bookstore, SellBookRequest, registry, serve
from tests.apis.listeners import grpc_listener
from tests.wire.http1 import TIMEOUT, connect, request
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.door import GrpcDoor
from tollwayd.translator.limits import THREAD_BYTES, Timeouts

SHELVE = "/v1/shelves/1:shelve"
REVIEW = "/v1/shelves/1/books/emma:review"
UPLOAD = "/v1/scans/a/b:upload"
ECHO = "/v1/scans:echo"
LINES = "content-type: application/x-ndjson"
MAX_BODY_BYTES = 100_000
MEBIBYTE = 1024 * 1024
LAST = b"0\r\n\r\n"


@pytest.fixture
async def store():
    return Bookstore()


@pytest.fixture
async def door_and_address(store):
    timeouts = Timeouts(stream_idle=0.3, body_grace=0.3, drain_pause=0.05)
    async with serve(store, print_unset=False, max_body_bytes=MAX_BODY_BYTES, timeouts=timeouts) as found:
        yield found


@pytest.fixture
async def connection(door_and_address):
    async with connect(door_and_address[1]) as connection:
        yield connection


def head(path: str, *headers: str) -> bytes:
    """The head of an upload whose end is not known yet."""
    return request("POST", path, "transfer-encoding: chunked", *headers)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def lines(path: str, body: bytes, *headers: str) -> bytes:
    return request("POST", path, LINES, *headers, body=body)


def reason(body: bytes) -> str:
    status = json.loads(body)
    return status.get("error", status)["details"][0]["reason"]


async def until(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), TIMEOUT)


class TestJsonLines:
    @pytest.mark.parametrize("media_type", ["x-ndjson", "ndjson", "jsonl", "X-NDJSON; charset=utf-8"])
    async def test_a_line_each_one_answer(self, connection, media_type):
        body = line(title="Emma") + line(title="Persuasion")
        await connection.send(request("POST", SHELVE, f"content-type: application/{media_type}", body=body))
        answer = await connection.response()
        assert (answer.status, json.loads(answer.body)) == (200, {"titles": ["Emma", "Persuasion"]})

    async def test_path_and_query_are_the_first_messages(self, store, connection):
        await connection.send(lines(f"{SHELVE}?bookId=e", line(title="Emma") * 2))
        await connection.response()
        first, second = store.requests
        assert (first.parent, first.book_id, first.book.title) == ("shelves/1", "e", "Emma")
        assert (second.parent, second.book_id, second.book.title) == ("", "", "Emma")

    @pytest.mark.parametrize(
        "body",
        [
            b'{"title":"a"}\n{"title":"b"}',
            b'{"title":"a"}\r\n{"title":"b"}\r\n',
            b'\n\n{"title":"a"}\n \t\n\r\n{"title":"b"}\n\n ',
        ],
    )
    async def test_ends_of_lines_and_blank_ones(self, connection, body):
        await connection.send(lines(SHELVE, body))
        assert json.loads((await connection.response()).body) == {"titles": ["a", "b"]}

    async def test_lines_are_cut_anywhere(self, connection):
        body = '{"title":"é€𝄞"}\n{"title":"b"}\n'.encode()
        await connection.send(head(SHELVE, LINES))
        for byte in body:
            await connection.send(chunk(bytes([byte])))
        await connection.send(LAST)
        assert json.loads((await connection.response()).body) == {"titles": ["é€𝄞", "b"]}

    async def test_none(self, store, connection):
        for body in (lines(SHELVE, b""), lines(SHELVE, b"\n"), request("POST", SHELVE), head(SHELVE) + LAST):
            store.requests.clear()
            await connection.send(body)
            assert (await connection.response()).status == 200
            assert [each.parent for each in store.requests] == ["shelves/1"]  # The path says it.

    @pytest.mark.parametrize("query", ["", "?alt=sse", "?key=k"])
    async def test_none_and_nothing_in_the_path(self, store, connection, query):
        await connection.send(request("POST", ECHO + query, body=b""))
        answer = await connection.response()
        assert (answer.status, answer.body, store.taken) == (200, b"", 0)

    async def test_a_broken_line_comes_after_those_before_it(self, store, connection):
        await connection.send(lines(SHELVE, line(title="a") + b'{"title":\n' + line(title="c")))
        answer = await connection.response()
        assert (answer.status, reason(answer.body)) == (400, "JSON_INVALID")
        assert store.taken == 1

    @pytest.mark.parametrize(
        ("body", "why"), [(b'{"titel":"a"}\n', "FIELD_INVALID"), (b"[]\n", "JSON_INVALID"), (b"3\n", "JSON_INVALID")]
    )
    async def test_a_line_that_is_no_such_message(self, connection, body, why):
        await connection.send(lines(SHELVE, body))
        answer = await connection.response()
        assert (answer.status, reason(answer.body)) == (400, why)

    async def test_a_line_up_to_the_limit(self, store, connection):
        await connection.send(lines(SHELVE, line(title="x" * (MAX_BODY_BYTES - len('{"title": ""}'))) * 3))
        assert (await connection.response()).status == 200
        assert store.taken == 3

    @pytest.mark.parametrize("end", [b"", b"\n"])
    async def test_a_line_beyond_the_limit(self, store, connection, end):
        await connection.send(head(SHELVE, LINES) + chunk(line(title="a")))
        await connection.send(chunk(b'{"title":"' + b"x" * MAX_BODY_BYTES + end))
        answer = await connection.response()
        assert (answer.status, reason(answer.body)) == (413, "BODY_TOO_LARGE")
        assert store.taken == 1

    async def test_another_content_type(self, store, connection):
        await connection.send(request("POST", SHELVE, "content-type: text/plain", body=line(title="a")))
        assert (await connection.response()).status == 415
        assert store.calls == []

    async def test_lines_are_for_streams_only(self, connection):
        await connection.send(lines("/v1/orders", b"{}"))
        assert (await connection.response()).status == 415


class TestArray:
    @pytest.mark.parametrize("title", ["é", "x" * THREAD_BYTES])
    async def test_an_array(self, store, connection, title):
        books = [{"title": title, "copiesSold": 2**62, "price": 0.1}, {"title": "b", "copiesSold": "-1"}]
        await connection.send(request("POST", SHELVE, body=json.dumps(books).encode()))
        assert json.loads((await connection.response()).body) == {"titles": [title, "b"]}
        assert [each.book.copies_sold for each in store.requests] == [2**62, -1]
        assert store.requests[0].book.price == 0.1

    async def test_one_message(self, store, connection):
        await connection.send(request("POST", SHELVE, body=b'{\n "title": "a"\n}'))
        assert json.loads((await connection.response()).body) == {"titles": ["a"]}

    async def test_an_empty_one(self, store, connection):
        await connection.send(request("POST", SHELVE, body=b" []"))
        assert (await connection.response()).status == 200
        assert [each.parent for each in store.requests] == ["shelves/1"]

    async def test_values_one_after_another(self, connection):
        await connection.send(request("POST", SHELVE, body=b'{"title":"a"}{\n"title":"b"\n} {"title":"c"}'))
        assert json.loads((await connection.response()).body) == {"titles": ["a", "b", "c"]}

    async def test_a_broken_one_comes_after_its_first_elements(self, store, connection):
        await connection.send(request("POST", SHELVE, body=b'[{"title":"a"},'))
        answer = await connection.response()
        assert (answer.status, reason(answer.body), store.taken) == (400, "JSON_INVALID", 1)

    async def test_an_element_beyond_the_limit(self, store, connection):
        body = json.dumps([{"title": "a"}, {"title": "x" * MAX_BODY_BYTES}]).encode()
        await connection.send(request("POST", SHELVE, body=body))
        answer = await connection.response()
        assert (answer.status, reason(answer.body), store.taken) == (413, "BODY_TOO_LARGE", 1)

    async def test_elements_are_answered_while_others_are_still_to_come(self, connection):
        await connection.send(head(REVIEW) + chunk(b'[{"copies":1},'))
        await connection.head()
        assert json.loads(await connection.chunk())["result"]["copiesSold"] == "1"
        await connection.send(chunk(b'{"copies":2}]') + LAST)
        assert json.loads(await connection.chunk())["result"]["copiesSold"] == "2"
        assert await connection.chunk() == b""


class TestRaw:
    async def test_pieces_go_out_as_they_come_in(self, connection):
        await connection.send(head(ECHO, "content-type: image/x"))
        await connection.send(chunk(b"first"))
        answer = await connection.head()
        assert (answer.status, answer.headers["content-type"]) == (200, "image/x")
        assert await connection.chunk() == b"first"
        await connection.send(chunk(b"second"))
        assert await connection.chunk() == b"second"
        await connection.send(LAST)
        assert await connection.chunk() == b""

    async def test_path_and_content_type_are_the_first_messages(self, store, connection):
        await connection.send(head(UPLOAD, "content-type: image/x"))
        await connection.send(chunk(b"first"))
        await until(store.took)
        await connection.send(chunk(b"second") + LAST)
        answer = await connection.response()
        assert json.loads(answer.body) == {"path": "a/b", "content": {"contentType": "image/x"}}
        assert (store.taken, store.taken_bytes) == (2, 11)

    async def test_an_empty_one_still_has_its_content_type(self, connection):
        await connection.send(request("POST", UPLOAD, "content-type: image/x", body=b""))
        answer = await connection.response()
        assert json.loads(answer.body) == {"path": "a/b", "content": {"contentType": "image/x"}}

    async def test_a_form_with_a_file_byte_for_byte(self, connection):
        content_type = "multipart/form-data; boundary=XX"
        file = bytes(range(256)) * 100
        form = b'--XX\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n' + file + b"\r\n--XX--\r\n"
        await connection.send(request("POST", ECHO, f"content-type: {content_type}", body=form))
        answer = await connection.response()
        assert (answer.headers["content-type"], answer.body) == (content_type, form)

    async def test_a_compressed_one(self, store, connection):
        await connection.send(head(UPLOAD, "content-encoding: gzip", "expect: 100-continue"))
        assert (await connection.response()).status == 415

    async def test_a_large_one_is_never_held(self, store, connection):
        size, piece = 64 * MEBIBYTE, b"x" * 65536
        await connection.send(request("POST", UPLOAD, f"content-length: {size}"))
        before = largest = resident()
        for _ in range(size // len(piece)):
            await connection.send(piece)
            largest = max(largest, resident())
        assert (await connection.response()).status == 200
        assert store.taken_bytes == size
        assert largest - before < 16 * MEBIBYTE


def resident() -> int:
    """The bytes of memory that this process, client and server, holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()


class TestDuplex:
    async def test_each_message_is_answered_before_the_next_is_sent(self, store, connection):
        await connection.send(head(REVIEW, LINES))
        for number in range(1, 4):
            await connection.send(chunk(line(copies=number)))
            if number == 1:
                assert (await connection.head()).status == 200
            assert json.loads(await connection.chunk())["result"]["copiesSold"] == str(number)
        await connection.send(LAST)
        assert await connection.chunk() == b""
        await connection.line()
        await connection.send(lines(REVIEW, line(copies=5)))  # The connection lives on.
        assert len((await connection.response()).chunks) == 1

    async def test_server_sent_events(self, connection):
        await connection.send(head(REVIEW, LINES, "accept: text/event-stream") + chunk(line(copies=1)))
        assert (await connection.head()).headers["content-type"] == "text/event-stream"
        assert await connection.chunk() == b'data: {"name":"shelves/1/books/emma","copiesSold":"1"}\n\n'
        await connection.send(LAST)
        assert await connection.chunk() == b""

    async def test_a_client_that_asks_before_it_sends_is_told_to_go_on(self, connection):
        await connection.send(head(REVIEW, LINES, "expect: 100-continue"))
        assert (await connection.head()).status == 100
        await connection.send(chunk(line(copies=1)) + LAST)
        assert len((await connection.response()).chunks) == 1

    async def test_a_broken_line_is_an_error_within_the_answer(self, connection):
        await connection.send(head(REVIEW, LINES) + chunk(line(copies=1)))
        await connection.head()
        await connection.chunk()
        await connection.send(chunk(b"{\n"))
        assert reason(await connection.chunk()) == "JSON_INVALID"
        assert await connection.chunk() == b""

    async def test_an_answer_that_ends_before_the_upload(self, connection):
        await connection.send(head(REVIEW, LINES) + chunk(line(copies=99)))
        answer = await connection.response()
        assert len(answer.chunks) == 1
        await connection.send(chunk(line(copies=100)) + LAST)  # Nobody wants it, but it is passed over.
        await connection.send(lines(REVIEW, line(copies=5)))
        assert len((await connection.response()).chunks) == 1

    async def test_an_error_before_any_answer_says_that_the_connection_ends(self, store, connection):
        store.error = TollwayError(Reason.REASON_RESOURCE_IN_USE)
        await connection.send(head(SHELVE, LINES) + chunk(line(title="a")) + chunk(b"{\n"))
        answer = await connection.response()
        assert (answer.status, answer.headers["connection"]) == (400, "close")

    async def test_the_same_conversation_over_grpc(self, store, connection):
        """What REST gives as lines is what gRPC gives as messages."""
        sales = [SellBookRequest(name="shelves/1/books/emma", copies=1), SellBookRequest(copies=13)]
        store.error = TollwayError(Reason.REASON_RESOURCE_IN_USE)
        over_rest, over_grpc = [], []
        await connection.send(head(REVIEW, LINES))
        async with grpc_call(store) as call:
            for sale in sales:
                await call.write(sale)
                over_grpc.append(await call.read())
                await connection.send(chunk(line(copies=sale.copies)))
                if not over_rest:
                    await connection.head()
                book = Book()
                book.name, book.copies_sold = result(await connection.chunk())
                over_rest.append(book)
            assert over_rest == over_grpc
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call.read()
        status = json.loads(await connection.chunk())["error"]
        assert (status["code"], status["message"]) == (refused.value.code().value[0], refused.value.details())
        assert await connection.chunk() == b""


def result(body: bytes) -> tuple[str, int]:
    found = json.loads(body)["result"]
    return found.get("name", ""), int(found["copiesSold"])


@asynccontextmanager
async def grpc_call(store):
    """ReviewBooks through the gRPC door."""
    door = GrpcDoor(registry(store), max_body_bytes=MAX_BODY_BYTES, listener=grpc_listener())
    _, port = await door.start("127.0.0.1", 0)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel.stream_stream(
                "/bookstore.rest.v1.BookService/ReviewBooks", SellBookRequest.SerializeToString, Book.FromString
            )()
    finally:
        await door.stop(0)


class TestBackPressure:
    async def test_a_handler_that_does_not_take_stops_the_client(self, store, connection):
        store.taking.clear()
        size, piece = 64 * MEBIBYTE, b"x" * 65536
        await connection.send(request("POST", UPLOAD, f"content-length: {size}"))
        sent = 0

        async def client() -> None:
            nonlocal sent
            while sent < size:
                await connection.send(piece)
                sent += len(piece)

        upload = asyncio.ensure_future(client())
        await until(store.begun)
        before = -1
        while sent > before:  # Until nothing moves any more.
            before = sent
            await asyncio.wait((upload,), timeout=0.1)
        assert sent < 16 * MEBIBYTE
        # A slow handler is no slow client: more than the idle time has passed by now, or does so here.
        await asyncio.wait((upload,), timeout=0.3)
        store.taking.set()
        await asyncio.wait_for(upload, TIMEOUT)
        assert (await connection.response()).status == 200
        assert store.taken_bytes == size

    async def test_a_client_that_does_not_read_stops_its_own_upload(self, store, connection):
        connection.reader._transport.pause_reading()
        await connection.send(head(ECHO))
        sent = 0

        async def client() -> None:
            nonlocal sent
            while sent < 64 * MEBIBYTE:
                await connection.send(chunk(b"x" * 65536))
                sent += 65536

        upload = asyncio.ensure_future(client())
        before = -1
        while sent > before:
            before = sent
            await asyncio.wait((upload,), timeout=0.1)
        assert sent < 32 * MEBIBYTE
        upload.cancel()


class TestEnds:
    @pytest.mark.parametrize("path", [SHELVE, REVIEW])
    async def test_a_client_that_leaves(self, store, connection, path):
        await connection.send(head(path, LINES) + chunk(line()))
        await until(store.begun)
        left = time.monotonic()
        await connection.abort()
        await until(store.cancelled)
        assert time.monotonic() - left < 0.1

    async def test_a_client_that_leaves_within_a_chunk(self, store, connection):
        await connection.send(head(UPLOAD) + b"ff\r\nbegun")
        await until(store.begun)
        connection.writer.close()
        await until(store.cancelled)

    async def test_a_body_whose_framing_breaks(self, store, connection):
        await connection.send(head(SHELVE, LINES) + chunk(line(title="a")))
        await until(store.took)
        await connection.send(b"no-size\r\n")
        answer = await connection.response()
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert b"framing" in answer.body

    async def test_a_deadline_before_any_answer(self, store, connection):
        await connection.send(head(SHELVE, LINES, "grpc-timeout: 50m") + chunk(line()))
        answer = await connection.response()
        assert (answer.status, answer.headers["connection"]) == (504, "close")
        await until(store.cancelled)

    async def test_a_deadline_within_the_answer(self, store, connection):
        await connection.send(head(REVIEW, LINES, "grpc-timeout: 100m") + chunk(line(copies=1)))
        answer = await connection.response()
        assert reason(answer.chunks[-1]) == "DEADLINE_EXCEEDED"
        await until(store.cancelled)

    @pytest.mark.parametrize(("path", "content_type"), [(SHELVE, LINES), (UPLOAD, "content-type: image/x")])
    async def test_an_upload_of_which_nothing_comes(self, store, connection, path, content_type):
        await connection.send(head(path, content_type))
        answer = await connection.response()
        assert (answer.status, reason(answer.body)) == (408, "REQUEST_TIMEOUT")
        assert answer.headers["connection"] == "close"

    async def test_an_array_that_comes_too_slowly(self, connection):
        await connection.send(head(SHELVE) + chunk(b"["))
        assert (await connection.response()).status == 408

    async def test_a_door_that_stops(self, store, door_and_address, connection):
        await connection.send(head(REVIEW, LINES) + chunk(line(copies=1)))
        await connection.head()
        await connection.chunk()
        await door_and_address[0].stop(0.1)
        assert reason(await connection.chunk()) == "SHUTTING_DOWN"
        assert await connection.chunk() == b""
