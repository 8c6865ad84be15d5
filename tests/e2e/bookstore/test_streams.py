"""Streamed answers over REST, and what becomes of a call when its client or its time is gone."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.wire.http1 import TIMEOUT, connect, get, request
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.limits import Timeouts

WATCH = "/v1/shelves/1:watch?count=2"
STREAM = "/v1/scans/a:stream"
ORDER = request("POST", "/v1/orders", body=b"{}")


@pytest.fixture
async def store():
    return Bookstore()


@pytest.fixture
async def address(store):
    async with serve(store, print_unset=False, timeouts=Timeouts(stalled_answer=0.3)) as (_, address):
        yield address


@pytest.fixture
async def connection(address):
    async with connect(address) as connection:
        yield connection


async def until(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), TIMEOUT)


class TestFraming:
    async def test_json_lines(self, store, connection):
        store.proceed.set()
        await connection.send(get(WATCH))
        answer = await connection.response()
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.chunks == (b'{"result":{"title":"Book 0"}}\n', b'{"result":{"title":"Book 1"}}\n')

    @pytest.mark.parametrize(
        "asked",
        [
            get(WATCH, "accept: text/event-stream"),
            get(WATCH, "accept: application/json, Text/Event-Stream;q=0.9"),
            get(WATCH, "accept: application/json", "accept: text/event-stream"),
            get(WATCH, "accept: text/event-stream;"),
            get(f"{WATCH}&alt=sse"),
        ],
    )
    async def test_server_sent_events(self, store, connection, asked):
        store.proceed.set()
        await connection.send(asked)
        answer = await connection.response()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.chunks == (b'data: {"title":"Book 0"}\n\n', b'data: {"title":"Book 1"}\n\n')

    @pytest.mark.parametrize("accept", ["*/*, text/event-stream;q=0", "application/json, text/event-stream-of-mine"])
    async def test_no_events_for_those_who_do_not_take_them(self, store, connection, accept):
        store.proceed.set()
        await connection.send(get(WATCH, f"accept: {accept}"))
        assert (await connection.response()).headers["content-type"] == "application/x-ndjson"

    async def test_a_form_that_there_is_not_is_refused(self, store, connection):
        for path, alt, status in ((f"{WATCH}&", "csv", 400), (f"{WATCH}&", "json", 200), (f"{STREAM}?", "media", 200)):
            store.proceed.set()
            await connection.send(get(f"{path}alt={alt}"))
            answer = await connection.response()
            assert answer.status == status, alt
        assert len(store.requests) == 2

    async def test_http_bodies_raw(self, store, connection):
        store.proceed.set()
        store.chunks = [b"data: 1\n\n", b"", b"data: 2\n\n"]
        await connection.send(get(STREAM))
        answer = await connection.response()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.chunks == (b"data: 1\n\n", b"data: 2\n\n")

    async def test_nothing(self, store, connection):
        await connection.send(get("/v1/shelves/1:watch"))
        answer = await connection.response()
        assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", "application/x-ndjson")

    async def test_a_stream_of_one_message_has_a_length(self, store, connection):
        await connection.send(request("POST", "/kiosk/buy", body=b"gum"))
        answer = await connection.response()
        assert (answer.headers["content-length"], answer.body) == ("9", b"sold: gum")

    async def test_each_message_goes_out_at_once(self, store, connection):
        await connection.send(get(WATCH))
        await connection.head()
        assert json.loads(await connection.chunk())["result"]["title"] == "Book 0"
        store.proceed.set()
        assert json.loads(await connection.chunk())["result"]["title"] == "Book 1"
        assert await connection.chunk() == b""

    async def test_the_connection_lives_on(self, store, connection):
        store.proceed.set()
        for _ in range(3):
            await connection.send(get(WATCH))
            assert len((await connection.response()).chunks) == 2

    async def test_http_1_0_has_no_chunks(self, store, connection):
        store.proceed.set()
        await connection.send(get(STREAM, "connection: keep-alive", version="1.0"))
        answer = await connection.response()
        assert (answer.headers["connection"], answer.body) == ("close", b"firstsecond")

    async def test_trailers_for_those_who_read_them(self, store, connection):
        store.proceed.set()
        store.trailers = {"cost": "5"}
        await connection.send(get(WATCH))
        assert (await connection.response()).trailers == ()
        await connection.send(get(WATCH, "te: trailers"))
        assert (await connection.response()).trailers == ("grpc-trailer-cost: 5",)


class TestErrors:
    async def test_before_the_first_message_an_error_has_its_own_status(self, store, connection):
        store.chunks = []
        store.error = TollwayError(Reason.REASON_PERMISSION_DENIED)
        await connection.send(get(STREAM))
        answer = await connection.response()
        assert (answer.status, json.loads(answer.body)["code"]) == (403, 7)

    async def test_within_json_lines_an_error_is_the_last_line(self, store, connection):
        store.proceed.set()
        store.error = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
        await connection.send(get(WATCH))
        answer = await connection.response()
        assert (answer.status, len(answer.chunks)) == (200, 3)
        assert json.loads(answer.chunks[-1])["error"]["details"][0]["reason"] == "UPSTREAM_INTERRUPTED"

    async def test_within_events_an_error_is_an_event_of_its_own(self, store, connection):
        store.proceed.set()
        store.error = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
        await connection.send(get(WATCH, "accept: text/event-stream"))
        last = (await connection.response()).chunks[-1]
        assert last.startswith(b'event: error\ndata: {"error":{"code":14,')
        assert last.endswith(b"\n\n")

    async def test_within_raw_bytes_an_error_breaks_the_connection(self, store, connection):
        store.proceed.set()
        store.error = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
        await connection.send(get(STREAM))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError, ValueError)):
            await connection.response()

    async def test_a_defect_within_a_stream_says_nothing_of_its_cause(self, store, connection):
        store.proceed.set()
        store.error = RuntimeError("secret dsn")
        await connection.send(get(WATCH))
        answer = await connection.response()
        assert b"INTERNAL" in answer.chunks[-1]
        assert b"secret" not in answer.body


class TestDeadline:
    async def test_before_the_answer(self, store, connection):
        await connection.send(request("POST", "/v1/orders", "grpc-timeout: 50m", body=b"{}"))
        answer = await connection.response()
        assert (answer.status, json.loads(answer.body)["code"]) == (504, 4)
        await until(store.cancelled)

    async def test_within_a_stream(self, store, connection):
        await connection.send(get(WATCH, "x-server-timeout: 0.2"))
        answer = await connection.response()
        assert len(answer.chunks) == 2
        assert json.loads(answer.chunks[-1])["error"]["code"] == 4
        await until(store.cancelled)

    async def test_one_that_has_passed_already(self, store, connection):
        await connection.send(request("POST", "/v1/orders", "grpc-timeout: 0S", body=b"{}"))
        assert (await connection.response()).status == 504


class TestDisconnect:
    """A call whose client is gone still costs: it has to end at once, wherever it is."""

    @pytest.mark.parametrize("times", range(5))
    async def test_before_the_first_byte(self, store, connection, times):
        await connection.send(ORDER)
        await until(store.begun)
        left = time.monotonic()
        await connection.abort()
        await until(store.cancelled)
        assert time.monotonic() - left < 0.1

    @pytest.mark.parametrize("path", [WATCH, STREAM])
    async def test_within_a_stream(self, store, connection, path):
        await connection.send(get(path))
        await connection.head()
        await connection.chunk()
        left = time.monotonic()
        await connection.abort()
        await until(store.cancelled)
        assert time.monotonic() - left < 0.1

    async def test_by_closing_in_good_order(self, store, connection):
        await connection.send(ORDER)
        await until(store.begun)
        connection.writer.close()
        await until(store.cancelled)

    async def test_with_the_next_request_sent_already(self, store, connection):
        await connection.send(ORDER + ORDER)
        await until(store.begun)
        await connection.abort()
        await until(store.cancelled)
        assert len(store.calls) == 1

    async def test_while_the_client_does_not_read(self, store, address):
        store.proceed.set()
        store.chunks = [b"x" * 65536] * 2000
        async with connect(address) as connection:
            await connection.send(get(STREAM))
            await until(store.begun)
        await until(store.cancelled)


class TestBackPressure:
    async def test_a_client_that_does_not_read_holds_little_and_is_cut(self, store, connection):
        produced = 0

        def chunks():
            nonlocal produced
            for _ in range(10_000):
                produced += 1
                yield b"x" * 65536

        store.proceed.set()
        store.chunks = chunks()
        connection.reader._transport.pause_reading()
        await connection.send(get(STREAM))
        await until(store.cancelled)
        # What the two kernels' socket buffers hold, and one buffer of the server's.
        assert produced * 65536 < 16 * 1024 * 1024
        connection.reader._transport.resume_reading()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError, ValueError)):
            await connection.response()

    async def test_a_large_stream_whole(self, store, connection):
        store.proceed.set()
        store.chunks = [bytes([number % 256]) * 65536 for number in range(200)]
        await connection.send(get(STREAM))
        answer = await connection.response()
        assert answer.body == b"".join(store.chunks)

    async def test_a_large_answer_whole(self, store, connection):
        title = "x" * 5_000_000
        await connection.send(request("POST", "/v1/shelves/1/books", body=json.dumps({"title": title}).encode()))
        assert json.loads((await connection.response()).body)["title"] == title
