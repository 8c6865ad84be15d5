"""Streamed answers that have nothing to say for a while, and what their forms do to other than plain clients."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.apis.bookstore import Book, Bookstore, HttpBody, serve
from tests.wire.http1 import connect, get, request
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.limits import Timeouts

WATCH = "/v1/shelves/1:watch?count=2"
STREAM = "/v1/scans/a:stream"
REVIEW = "/v1/shelves/1/books/emma:review"
SSE = "accept: text/event-stream"
TRAILERS = "te: trailers"


@pytest.fixture
async def store():
    return Bookstore()


@pytest.fixture
async def address(store):
    async with serve(store, print_unset=False, timeouts=Timeouts(pulse=0.05)) as (_, address):
        yield address


@pytest.fixture
async def connection(address):
    async with connect(address) as connection:
        yield connection


class SilentBookstore(Bookstore):
    """Its streams wait with their first message, too."""

    async def WatchBooks(self, request, call):
        self._seen(request, call)
        await self._pause()
        yield Book()

    async def StreamScan(self, request, call):
        self._seen(request, call)
        await self._pause()
        yield HttpBody()


def idle_review(*headers: str) -> bytes:
    """Asks for a stream that is silent until the client sends."""
    return request("POST", REVIEW, "content-type: application/x-ndjson", "transfer-encoding: chunked", *headers)


class TestSignsOfLife:
    async def test_comments_between_events(self, store, connection):
        await connection.send(get(WATCH, SSE))
        await connection.head()
        assert await connection.chunk() == b'data: {"title":"Book 0"}\n\n'
        for _ in range(3):
            assert await connection.chunk() == b":\n\n"
        store.proceed.set()
        while (chunk := await connection.chunk()) == b":\n\n":
            pass
        assert chunk == b'data: {"title":"Book 1"}\n\n'
        assert await connection.chunk() == b""

    @pytest.mark.parametrize(("path", "content_type"), [(WATCH, "application/x-ndjson"), (STREAM, None)])
    async def test_a_head_alone_waits_for_no_message(self, path, content_type):
        store = SilentBookstore()
        async with serve(store, timeouts=Timeouts(pulse=0.05)) as (_, address), connect(address) as connection:
            await connection.send(request("HEAD", path) + get("/v1/books/1"))
            head = await connection.head()
            assert (head.status, head.headers.get("content-type")) == (200, content_type)
            assert (await connection.response()).status == 200
            assert store.cancelled.is_set()

    async def test_a_head_that_cannot_be_sent_is_the_answers_matter(self):
        store, failed = SilentBookstore(), asyncio.Event()
        store.response_metadata = {"x-till": "a\nb"}
        asyncio.get_running_loop().set_exception_handler(lambda *_: failed.set())
        async with serve(store, timeouts=Timeouts(pulse=0.05)) as (_, address), connect(address) as connection:
            await connection.send(get(WATCH, SSE))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(failed.wait(), 0.2)
            store.proceed.set()
            assert (await connection.response()).status == 500

    async def test_the_head_comes_though_no_message_does(self, connection):
        await connection.send(idle_review(SSE))
        head = await connection.head()
        assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
        assert await connection.chunk() == b":\n\n"

    async def test_within_an_array_line_ends(self, store, connection):
        await connection.send(get(f"{WATCH}&alt=array"))
        await connection.head()
        assert await connection.chunk() == b'[{"title":"Book 0"}'
        assert await connection.chunk() == b"\n"
        store.proceed.set()
        await connection.send(get(f"{WATCH}&alt=array"))
        body = b'[{"title":"Book 0"}'
        while chunk := await connection.chunk():
            body += chunk
        assert json.loads(body) == [{"title": "Book 0"}, {"title": "Book 1"}]

    async def test_json_lines_have_the_head_only(self, store, connection):
        await connection.send(idle_review())
        assert (await connection.head()).headers["content-type"] == "application/x-ndjson"
        await connection.send(b'e\r\n{"copies": 1}\n\r\n0\r\n\r\n')
        assert json.loads(await connection.chunk())["result"]["copiesSold"] == "1"
        assert await connection.chunk() == b""

    async def test_raw_bytes_have_none(self, store, connection):
        await connection.send(get(STREAM))
        await connection.head()
        assert await connection.chunk() == b"first"
        following = asyncio.ensure_future(connection.chunk())
        assert not (await asyncio.wait((following,), timeout=0.2))[0]
        store.proceed.set()
        assert await following == b"second"
        assert await connection.chunk() == b""

    async def test_an_error_after_them_is_in_the_body(self, connection):
        await connection.send(idle_review(SSE, "grpc-timeout: 120m"))
        answer = await connection.response()
        assert answer.status == 200
        *pulses, last = answer.chunks
        assert set(pulses) == {b":\n\n"}
        assert last.startswith(b'event: error\ndata: {"error":{"code":4,')

    async def test_an_error_before_them_has_its_status(self, store, connection):
        store.error = TollwayError(Reason.REASON_PERMISSION_DENIED)
        await connection.send(get("/v1/shelves/1:watch", SSE))
        assert (await connection.response()).status == 403

    async def test_busy_streams_have_none(self, store, connection):
        store.proceed.set()
        await connection.send(get("/v1/shelves/1:watch?count=500", SSE))
        answer = await connection.response()
        assert len(answer.chunks) == 500

    async def test_a_client_that_left_meanwhile(self, store, connection):
        await connection.send(get(WATCH, SSE))
        await connection.head()
        assert await connection.chunk()
        assert await connection.chunk() == b":\n\n"
        await connection.abort()
        await store.cancelled.wait()

    async def test_http_1_0(self, store, connection):
        await connection.send(get(WATCH, SSE, version="1.0"))
        assert (await connection.head()).headers["connection"] == "close"
        assert await connection.line() == b'data: {"title":"Book 0"}\n'
        assert await connection.line() == b"\n"
        assert await connection.line() == b":\n"
        store.proceed.set()
        assert (await connection.rest()).endswith(b'data: {"title":"Book 1"}\n\n')


class TestArray:
    async def test_messages(self, store, connection):
        store.proceed.set()
        await connection.send(get(f"{WATCH}&alt=array"))
        answer = await connection.response()
        assert answer.headers["content-type"] == "application/json"
        assert json.loads(answer.body) == [{"title": "Book 0"}, {"title": "Book 1"}]
        assert len(answer.chunks) == 3  # Each message went out at once.

    async def test_none(self, connection):
        await connection.send(get("/v1/shelves/1:watch?alt=array"))
        answer = await connection.response()
        assert (answer.headers["content-length"], json.loads(answer.body)) == ("2", [])

    async def test_an_error_is_the_last_element(self, store, connection):
        store.proceed.set()
        store.error = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
        await connection.send(get(f"{WATCH}&alt=array"))
        *books, last = json.loads((await connection.response()).body)
        assert len(books) == 2
        assert last["error"]["details"][0]["reason"] == "UPSTREAM_INTERRUPTED"

    async def test_an_error_first_of_all_after_a_sign_of_life(self, connection):
        await connection.send(
            request(
                "POST",
                f"{REVIEW}?alt=array",
                "content-type: application/x-ndjson",
                "transfer-encoding: chunked",
                "grpc-timeout: 120m",
            )
        )
        answer = await connection.response()
        assert [each["error"]["code"] for each in json.loads(answer.body)] == [4]


class TestOldAndCuriousClients:
    @pytest.mark.parametrize("path", [WATCH, f"{WATCH}&alt=array", STREAM])
    async def test_http_1_0_ends_with_the_connection(self, store, connection, path):
        store.proceed.set()
        await connection.send(get(path, "connection: keep-alive", TRAILERS, version="1.0"))
        answer = await connection.response()
        assert "transfer-encoding" not in answer.headers
        assert "trailer" not in answer.headers
        assert answer.headers["connection"] == "close"
        assert answer.body

    async def test_the_head_of_a_stream(self, store, connection):
        store.proceed.set()
        store.trailers = {"cost": "5"}
        for _ in range(2):
            await connection.send(request("HEAD", STREAM, TRAILERS))
            head = await connection.head()
            assert (head.status, head.headers["transfer-encoding"]) == (200, "chunked")
        # The connection is in step: nothing of a body came.
        await connection.send(get("/v1/books/1"))
        assert (await connection.response()).status == 200


class TestTrailers:
    async def test_of_one_message(self, store, connection):
        store.trailers = {"cost": "5", "connection": "no"}
        await connection.send(get("/v1/books/1"))
        answer = await connection.response()
        assert "trailer" not in answer.headers
        assert answer.headers["content-length"]
        await connection.send(get("/v1/books/1", TRAILERS))
        answer = await connection.response()
        assert (answer.headers["trailer"], answer.trailers) == ("grpc-trailer-cost", ("grpc-trailer-cost: 5",))
        assert json.loads(answer.body)["name"] == "isbn/1"

    async def test_are_announced_by_their_names_whatever_their_values_hold(self, store, connection):
        store.trailers = {"cost": "5\x85evil\u2028more", "till": "7"}
        await connection.send(get("/v1/books/1", TRAILERS))
        assert (await connection.response()).headers["trailer"] == "grpc-trailer-cost, grpc-trailer-till"

    async def test_of_an_error(self, store, connection):
        store.trailers = {"cost": "5"}
        await connection.send(get("/v1/shelves/1/books/none", TRAILERS))
        answer = await connection.response()
        assert (answer.status, answer.headers["trailer"]) == (404, "grpc-trailer-cost")
        assert answer.trailers == ("grpc-trailer-cost: 5",)

    @pytest.mark.parametrize("path", [WATCH, f"{WATCH}&alt=array", f"{WATCH}&alt=sse", STREAM])
    async def test_of_streams(self, store, connection, path):
        store.proceed.set()
        store.trailers = {"cost": "5"}
        await connection.send(get(path, TRAILERS))
        answer = await connection.response()
        assert answer.trailers == ("grpc-trailer-cost: 5",)

    async def test_of_an_error_within_a_stream(self, store, connection):
        """What the call had to send along reaches the client however it ended."""
        store.proceed.set()
        store.trailers = {"cost": "5"}
        store.error = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
        await connection.send(get(WATCH, TRAILERS))
        assert (await connection.response()).trailers == ("grpc-trailer-cost: 5",)

    async def test_of_a_request_stream_with_one_answer(self, store, connection):
        store.trailers = {"cost": "5"}
        await connection.send(
            request("POST", "/v1/shelves/1:shelve", "content-type: application/x-ndjson", TRAILERS, body=b"{}\n")
        )
        answer = await connection.response()
        assert (answer.headers["trailer"], answer.trailers) == ("grpc-trailer-cost", ("grpc-trailer-cost: 5",))

    @pytest.mark.parametrize("trailers", [{"x": "a\r\nset-cookie: b"}, {"x\r\nset-cookie: b": "a"}])
    async def test_one_that_cannot_be_sent_is_a_defect_and_not_a_hole(self, store, connection, trailers, caplog):
        store.trailers = trailers
        await connection.send(get("/v1/books/1", TRAILERS))
        answer = await connection.response()
        assert answer.status == 500
        assert "set-cookie" not in answer.headers
        assert caplog.records
