"""A client that has said all it had to say still gets its answers; one that has left does not keep its call."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.wire.http1 import TIMEOUT, connect, get, request
from tollwayd.translator.limits import Timeouts
from tollwayd.translator.listeners import half_close

GET = "/v1/books/1"
SELL = "/v1/shelves/1/books/emma:sell"
ORDER = request("POST", "/v1/orders", body=b"{}")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture
async def store():
    return Bookstore()


@pytest.fixture
async def address(store):
    async with serve(store, print_unset=False) as (_, address):
        yield address


@pytest.fixture
async def connection(address):
    async with connect(address) as connection:
        yield connection


def say_no_more(connection) -> None:
    connection.writer.write_eof()


async def after_interim(connection):
    """The next final response, and how many interim ones came before."""
    count = 0
    while (answer := await connection.head()).status == 100:
        count += 1
    await connection.body(answer)
    return answer, count


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_request_and_the_end_of_sending(connection, version):
    await connection.send(get(GET, version=version))
    say_no_more(connection)
    assert (await connection.response()).status == 200
    assert await connection.rest() == b""


async def test_a_request_with_a_body(connection, store):
    await connection.send(request("POST", SELL, body=b'{"copies": 3}'))
    say_no_more(connection)
    assert json.loads((await connection.response()).body)["copiesSold"] == "3"
    assert await connection.rest() == b""


async def test_requests_one_behind_the_other(connection):
    await connection.send(b"".join(get(f"/v1/books/{number}") for number in range(1, 301)))
    say_no_more(connection)
    for number in range(1, 301):
        assert json.loads((await connection.response()).body)["name"] == f"isbn/{number}"
    assert await connection.rest() == b""


async def test_a_call_that_takes_its_time(connection, store):
    await connection.send(ORDER)
    await asyncio.wait_for(store.begun.wait(), TIMEOUT)
    say_no_more(connection)
    answered = asyncio.ensure_future(after_interim(connection))
    assert not (await asyncio.wait((answered,), timeout=half_close.FIRST_SECONDS * 8))[0]
    assert not store.cancelled.is_set()
    store.proceed.set()
    answer, interim = await answered
    assert (answer.status, interim > 1) == (200, True)
    assert await connection.rest() == b""


async def test_a_stream_that_takes_its_time(connection, store):
    await connection.send(get("/v1/shelves/1:watch?count=2"))
    say_no_more(connection)
    await connection.head()
    await connection.chunk()
    rest = asyncio.ensure_future(connection.chunk())
    assert not (await asyncio.wait((rest,), timeout=half_close.FIRST_SECONDS * 8))[0]
    store.proceed.set()
    assert b"Book 1" in await rest
    assert await connection.chunk() == b""


async def test_a_client_that_has_left_does_not_keep_its_call(address, store):
    async with connect(address) as connection:
        await connection.send(ORDER)
        await asyncio.wait_for(store.begun.wait(), TIMEOUT)
        connection.writer.close()  # An orderly end: nothing but a FIN says so.
        await asyncio.wait_for(store.cancelled.wait(), 1)


async def test_nor_does_the_door_wait_for_it(store, caplog):
    async with serve(store) as (door, address):
        async with connect(address) as connection:
            await connection.send(ORDER)
            await asyncio.wait_for(store.begun.wait(), TIMEOUT)
            await connection.abort()
            await asyncio.wait_for(store.cancelled.wait(), TIMEOUT)
        async with asyncio.timeout(TIMEOUT):
            await door.stop(10 * TIMEOUT)
    assert caplog.records == []


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_nor_its_stream(address, store, version):
    async with connect(address) as connection:
        await connection.send(get("/v1/scans/a:stream", version=version))
        await connection.head()
        connection.writer.close()
        await asyncio.wait_for(store.cancelled.wait(), 1)


async def test_a_stream_is_not_asked_for_ever(connection, store, monkeypatch):
    monkeypatch.setattr(half_close, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(half_close, "LONGEST_SECONDS", 0.02)
    await connection.send(get("/v1/scans/a:stream"))
    say_no_more(connection)
    assert (await connection.head()).status == 200
    assert await connection.chunk() == b"first"
    await asyncio.wait_for(store.cancelled.wait(), TIMEOUT)
    assert await connection.rest() == b"0" * 8


async def test_a_call_of_http_1_0_is_not_asked(connection, store):
    await connection.send(request("POST", "/v1/orders", body=b"{}", version="1.0"))
    say_no_more(connection)
    await asyncio.wait_for(store.cancelled.wait(), TIMEOUT)
    assert await connection.rest() == b""


@pytest.mark.parametrize(
    "cut",
    [
        b"POST /v1/orders HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\n{",
        b"POST /v1/orders HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"GET /v1/books/1 HTTP/1.1\r\nhost",
        b"",
    ],
)
async def test_half_a_request_is_none(connection, store, cut):
    await connection.send(cut)
    say_no_more(connection)
    assert await connection.rest() == b""
    assert store.calls == []


async def test_half_a_request_behind_a_whole_one(connection, store):
    await connection.send(ORDER + b"POST /v1/orders HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\n{")
    say_no_more(connection)
    await asyncio.wait_for(store.begun.wait(), TIMEOUT)
    store.proceed.set()
    answer, _ = await after_interim(connection)
    assert answer.status == 200
    answer, _ = await after_interim(connection)
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await connection.rest() == b""


class TestHeadTime:
    """Half a head has the time of a head, wherever it stands."""

    HEAD = b"GET /v1/books/1 HTTP/1.1\r\nhost"

    @pytest.fixture
    async def address(self, store):
        async with serve(store, timeouts=Timeouts(head=0.2, idle=TIMEOUT * 3)) as (_, address):
            yield address

    @pytest.mark.parametrize(
        "before",
        [
            get(GET),
            get(GET) * 2,
            get(GET) * 100,
            request("POST", SELL, body=b'{"copies": 3}'),
            request("POST", SELL, "transfer-encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
            request("GET", GET, body=b"\r\n\r\n"),
        ],
        ids=["one", "two", "many", "with a body", "in chunks", "with a body of line ends"],
    )
    async def test_behind_whole_requests(self, connection, before):
        await connection.send(before + self.HEAD)
        await connection.rest()

    async def test_behind_a_body_that_comes_late(self, connection):
        await connection.send(request("POST", SELL, "content-length: 13", "expect: 100-continue"))
        assert (await connection.head()).status == 100
        await connection.send(b'{"copies": 3}' + self.HEAD)
        assert b"200 OK" in await connection.rest()

    async def test_with_the_connection(self, address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(self.HEAD)
        assert await asyncio.wait_for(reader.read(), TIMEOUT) == b""
        writer.transport.abort()

    @pytest.mark.parametrize(
        "data",
        [
            [get(GET)],
            [request("POST", SELL, body=b'{"copies": 3}')],
            [request("POST", SELL, body=b'{"copies": 3}') * 2],
            [request("POST", SELL, "content-length: 13"), b'{"copies": 3}'],
            [request("POST", SELL, "content-length: 13"), b'{"copies"', b": 3}"],
            [request("POST", SELL, "transfer-encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n"],
            [request("POST", SELL, "transfer-encoding: chunked") + b"2\r\n{}\r\n0\r\na: b\r\n\r\n"],
            [get(GET) + b"\r\n"],
        ],
    )
    async def test_a_connection_that_only_waits_has_the_time_of_one(self, connection, data):
        for part in data:
            await connection.send(part)
            for _ in range(5):  # Client and server share a loop: the server reads the part before the next is sent.
                await asyncio.sleep(0)
        for _ in range(b"".join(data).count(b"host:")):
            assert (await connection.response()).status == 200
        closed = asyncio.ensure_future(connection.rest())
        assert not (await asyncio.wait((closed,), timeout=0.5))[0]
        closed.cancel()
