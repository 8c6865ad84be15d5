"""The REST door's edge, byte by byte: what is malformed, too large or too slow, and how the door drains."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack

import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.wire.http1 import TIMEOUT, connect, get, request
from tollwayd.translator.limits import Timeouts

GET = "/v1/books/1"
SELL = "/v1/shelves/1/books/emma:sell"
QUICK = Timeouts(head=0.2, idle=0.4, body_grace=0.2, body=0.6, drain_pause=0.05)
MAX_BODY_BYTES = 100_000
CANARY = b"canary-of-the-request"


@pytest.fixture
async def store():
    return Bookstore()


@pytest.fixture
async def door_and_address(store):
    async with serve(store, timeouts=QUICK, max_body_bytes=MAX_BODY_BYTES, print_unset=False) as found:
        yield found


@pytest.fixture
async def door(door_and_address):
    return door_and_address[0]


@pytest.fixture
async def address(door_and_address):
    return door_and_address[1]


@pytest.fixture
async def connection(address):
    async with connect(address) as connection:
        yield connection


def lines(*parts: str) -> bytes:
    return "\r\n".join(parts).encode() + b"\r\n"


def post(*headers: str, body: str = "", version: str = "1.1") -> bytes:
    return lines(f"POST {SELL} HTTP/{version}", "Host: test", *headers, "") + body.encode()


CHUNKED = "2\r\n{}\r\n0\r\n\r\n"
MALFORMED = {
    # Framing.
    "length and chunks": post("Content-Length: 2", "Transfer-Encoding: chunked", body=CHUNKED),
    "two lengths alike": post("Content-Length: 2", "Content-Length: 2", body="{}"),
    "two lengths": post("Content-Length: 2", "Content-Length: 3", body="{}"),
    "length with a sign": post("Content-Length: +2", body="{}"),
    "negative length": post("Content-Length: -2", body="{}"),
    "hexadecimal length": post("Content-Length: 0x2", body="{}"),
    "list of lengths": post("Content-Length: 2, 2", body="{}"),
    "huge length": post("Content-Length: 99999999999999999999999", body="{}"),
    "another coding": post("Transfer-Encoding: xchunked", body=CHUNKED),
    "chunked is not last": post("Transfer-Encoding: chunked, identity", body=CHUNKED),
    "space before the colon": post("Transfer-Encoding : chunked", body=CHUNKED),
    "chunked twice": post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=CHUNKED),
    "chunks on HTTP/1.0": post("Transfer-Encoding: chunked", "Connection: keep-alive", body=CHUNKED, version="1.0"),
    "chunk size 0x2": post("Transfer-Encoding: chunked", body="0x2\r\n{}\r\n0\r\n\r\n"),
    "negative chunk size": post("Transfer-Encoding: chunked", body="-2\r\n{}\r\n0\r\n\r\n"),
    "huge chunk size": post("Transfer-Encoding: chunked", body="fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "chunk without line end": post("Transfer-Encoding: chunked", body="2\r\n{}0\r\n\r\n"),
    "chunk without CR": post("Transfer-Encoding: chunked", body="2\n{}\n0\n\n"),
    # Syntax.
    "bare LF": f"GET {GET} HTTP/1.1\nHost: test\n\n".encode(),
    "bare CR": f"GET {GET} HTTP/1.1\r\nHost: test\r\nA: b\rc\r\n\r\n".encode(),
    "folded header": lines(f"GET {GET} HTTP/1.1", "Host: test", "A: b", " c", ""),
    "NUL in a value": lines(f"GET {GET} HTTP/1.1", "Host: test", "A: b\0c", ""),
    "header without a name": lines(f"GET {GET} HTTP/1.1", "Host: test", ": b", ""),
    "no colon": lines(f"GET {GET} HTTP/1.1", "Host: test", "canary-of-the-request", ""),
    "two hosts": lines(f"GET {GET} HTTP/1.1", "Host: test", "Host: other", ""),
    "no host": lines(f"GET {GET} HTTP/1.1", "A: b", ""),
    "another host in the target": lines(f"GET http://other{GET} HTTP/1.1", "Host: test", ""),
    "another scheme in the target": lines(f"GET ftp://test{GET} HTTP/1.1", "Host: test", ""),
    "a host in the target that is no name": lines("GET http://xn--/canary-of-the-request HTTP/1.1", "Host: xn--", ""),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary-of-the-request",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": lines(f"GET {GET}", "Host: test", ""),
    # Paths.
    "over-long UTF-8": get("/v1/shelves/%c0%af/books"),
    "broken escape": get("/v1/shelves/%zz/books"),
}
CLOSING_404 = {
    "dots": get("/v1/%2e%2e/admin", "connection: close"),
    "h2c": get("/nothing", "connection: upgrade, close", "upgrade: h2c", "http2-settings: AAMAAABkAAQAAP__"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_malformed_gets_one_answer_that_quotes_nothing(store, connection, data):
    # The escapes are refused as requests, not as connections: they alone may stay open.
    stays = b"%" in data.split(b"\r\n", 1)[0]
    await connection.send(data.replace(b"Host: test\r\n", b"Host: test\r\nX-A: " + CANARY + b"\r\n"))
    answer = await connection.response()
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body)["details"][0]["reason"] == "REQUEST_MALFORMED"
    assert answer.headers["x-request-id"]
    assert CANARY not in answer.body
    assert store.calls == []
    if not stays:
        assert answer.headers["connection"] == "close"
        assert await connection.rest() == b""


@pytest.mark.parametrize("data", CLOSING_404.values(), ids=CLOSING_404.keys())
async def test_what_nothing_serves(store, connection, data):
    await connection.send(data)
    answer = await connection.response()
    assert answer.status == 404
    assert await connection.rest() == b""


async def test_nothing_behind_a_malformed_request_is_served(store, connection):
    await connection.send(get(GET))
    assert (await connection.response()).status == 200
    await connection.send(b"garbage canary-of-the-request\r\n\r\n" + get(GET))
    await connection.send(get(GET))
    assert (await connection.response()).status == 400
    assert await connection.rest() == b""
    assert len(store.calls) == 1


async def test_a_client_that_still_sends_when_it_is_refused_reads_why(connection):
    # Closed at once, TCP would reset the connection, and what was not read yet would be lost.
    await connection.send(b"garbage\r\n\r\n" + b"x" * 100_000)
    for _ in range(20):
        await asyncio.sleep(0)
        await connection.send(b"x" * 100_000)
    assert (await connection.response()).status == 400
    assert await connection.rest() == b""


async def test_a_malformed_request_behind_one_under_way_does_not_disturb_it(store, connection):
    await connection.send(request("POST", "/v1/orders", body=b"{}"))
    await asyncio.wait_for(store.begun.wait(), TIMEOUT)
    await connection.send(b"garbage\r\n\r\n")
    store.proceed.set()
    assert (await connection.response()).status == 200
    assert (await connection.response()).status == 400
    assert await connection.rest() == b""


@pytest.mark.parametrize("chunk", [b"0x2\r\n{}\r\n", b"2\r\n{}0\r\n", b"canary-of-the-request\r\n"])
async def test_a_body_whose_framing_breaks_on_the_way_is_not_waited_for(store, connection, chunk):
    await connection.send(post("Transfer-Encoding: chunked", "Expect: 100-continue"))
    assert (await connection.head()).status == 100
    await connection.send(chunk)
    answer = await connection.response()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert b"framing" in answer.body
    assert CANARY not in answer.body
    assert await connection.rest() == b""
    assert store.calls == []


async def test_an_absolute_target_of_the_same_host_is_served(connection):
    await connection.send(lines(f"GET http://TEST{GET}?read_mask=a HTTP/1.1", "Host: test", ""))
    assert (await connection.response()).status == 200


async def test_trailers_of_a_request_are_no_headers(store, connection):
    trailers = "2\r\n{}\r\n0\r\nAuthorization: Bearer evil\r\nGrpc-Timeout: 1n\r\n\r\n"
    await connection.send(post("Transfer-Encoding: chunked", body=trailers))
    assert (await connection.response()).status == 200
    assert store.calls[-1].metadata.keys() == {"host"}


@pytest.mark.parametrize("protocol", ["h2c", "tcp", "websocket, h2c"])
async def test_an_upgrade_is_declined_and_the_connection_goes_on(connection, protocol):
    for _ in range(2):
        await connection.send(get(GET, "connection: upgrade", f"upgrade: {protocol}"))
        assert (await connection.response()).status == 200


async def test_behind_a_declined_websocket_requests_are_served(connection):
    upgrade = ("connection: upgrade", "upgrade: websocket")
    await connection.send(request("POST", SELL, *upgrade, body=b"{}") + get(GET, *upgrade) + get(GET))
    assert [(await connection.response()).status for _ in range(3)] == [200, 426, 200]


async def test_pipelined_requests_are_answered_in_order(store, connection):
    await connection.send(b"".join(get(f"/v1/books/{number}") for number in range(1, 1001)))
    for number in range(1, 1001):
        assert json.loads((await connection.response()).body)["name"] == f"isbn/{number}"


async def test_http_1_0_may_keep_the_connection(connection):
    for _ in range(2):
        await connection.send(get(GET, "connection: keep-alive", version="1.0"))
        assert (await connection.response()).headers["connection"] == "keep-alive"
    await connection.send(get(GET, version="1.0"))
    assert (await connection.response()).headers["connection"] == "close"
    assert await connection.rest() == b""


class TestSize:
    async def test_up_to_the_limit(self, connection):
        await connection.send(post(f"Content-Length: {MAX_BODY_BYTES}", body="{}".ljust(MAX_BODY_BYTES)))
        assert (await connection.response()).status == 200

    async def test_a_length_beyond_the_limit_is_refused_before_the_body_comes(self, store, connection):
        await connection.send(post(f"Content-Length: {MAX_BODY_BYTES + 1}"))
        answer = await connection.response()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert store.calls == []

    async def test_the_client_that_sends_it_all_the_same_still_reads_why(self, connection):
        await connection.send(post(f"Content-Length: {MAX_BODY_BYTES * 20}", body="x" * MAX_BODY_BYTES * 20))
        assert (await connection.response()).status == 413
        assert await connection.rest() == b""

    async def test_chunks_beyond_the_limit(self, store, connection):
        chunk = f"{10_000:x}\r\n{' ' * 10_000}\r\n"
        await connection.send(post("Transfer-Encoding: chunked", body=chunk * 11))
        assert (await connection.response()).status == 413
        assert store.calls == []

    async def test_chunks_up_to_the_limit(self, connection):
        chunk = f"{10_000:x}\r\n{' ' * 10_000}\r\n"
        await connection.send(post("Transfer-Encoding: chunked", body=chunk * 10 + "0\r\n\r\n"))
        assert (await connection.response()).status == 200

    async def test_a_body_without_use_ends_the_connection_if_it_does_not_come(self, connection):
        await connection.send(request("GET", GET, "content-length: 50"))
        answer = await connection.response()
        assert (answer.status, answer.headers["connection"]) == (200, "close")

    async def test_a_body_without_use_is_passed_over(self, connection):
        for _ in range(2):
            await connection.send(request("GET", GET, body=b"nobody reads this"))
            assert (await connection.response()).status == 200


class TestTime:
    async def test_a_body_that_stops(self, store, connection):
        await connection.send(post("Content-Length: 50", body="{"))
        answer = await connection.response()
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert json.loads(answer.body)["details"][0]["reason"] == "REQUEST_TIMEOUT"
        assert await connection.rest() == b""
        assert store.calls == []

    async def test_a_body_that_drips(self, connection):
        await connection.send(post("Content-Length: 50"))
        start = time.monotonic()
        answer = asyncio.ensure_future(connection.response())
        while not (await asyncio.wait((answer,), timeout=0.02))[0]:
            await connection.send(b" ")
        assert answer.result().status == 408
        assert time.monotonic() - start < 1

    async def test_a_body_that_comes_at_the_least_rate_has_its_time(self, connection):
        await connection.send(post("Content-Length: 50002"))
        answer = asyncio.ensure_future(connection.response())
        for _ in range(5):
            await connection.send(b" " * 10_000)
            await asyncio.wait((answer,), timeout=0.06)
        await connection.send(b"{}")
        assert (await answer).status == 200

    async def test_a_head_that_does_not_end(self, connection):
        await connection.send(b"GET / HTTP/1.1\r\nHost:")
        start = time.monotonic()
        assert await connection.rest() == b""
        assert 0.1 < time.monotonic() - start < 0.35

    async def test_a_head_that_drips_behind_another_request(self, connection):
        await connection.send(get(GET))
        await connection.response()
        closed = asyncio.ensure_future(connection.rest())
        start = time.monotonic()
        while not (await asyncio.wait((closed,), timeout=0.02))[0]:
            await connection.send(b"G")
        assert time.monotonic() - start < 0.35

    @pytest.mark.parametrize("before", [[], [get(GET)], [get(GET)[:20], get(GET)[20:]]])
    async def test_a_connection_that_is_not_used(self, connection, before):
        for part in before:
            await connection.send(part)
            for _ in range(5):  # Client and server share a loop: the server reads the part before the next is sent.
                await asyncio.sleep(0)
        if before:
            await connection.response()
        start = time.monotonic()
        assert await connection.rest() == b""
        assert time.monotonic() - start > 0.35

    async def test_a_long_call_is_not_an_idle_connection(self, store, connection):
        await connection.send(request("POST", "/v1/orders", body=b"{}"))
        answer = asyncio.ensure_future(connection.response())
        assert not (await asyncio.wait((answer,), timeout=QUICK.idle * 2))[0]
        store.proceed.set()
        assert (await answer).status == 200


async def test_a_client_that_asks_before_it_sends_is_told_to_go_on(connection):
    await connection.send(post("Content-Length: 2", "Expect: 100-continue"))
    assert (await connection.head()).status == 100
    await connection.send(b"{}")
    assert (await connection.response()).status == 200


async def test_a_client_that_asks_before_it_sends_too_much_is_told_not_to(connection):
    await connection.send(post(f"Content-Length: {MAX_BODY_BYTES + 1}", "Expect: 100-continue"))
    assert (await connection.response()).status == 413


class TestDrain:
    async def test_calls_under_way_end_well(self, store, door, address):
        async with connect(address) as connection:
            await connection.send(request("POST", "/v1/orders", body=b"{}"))
            await asyncio.wait_for(store.begun.wait(), TIMEOUT)
            stopped = asyncio.ensure_future(door.stop(TIMEOUT))
            assert not (await asyncio.wait((stopped,), timeout=QUICK.drain_pause * 4))[0]
            store.proceed.set()
            assert (await connection.response()).status == 200
            await asyncio.wait_for(stopped, TIMEOUT)

    async def test_a_body_that_is_still_coming_is_waited_for(self, store, door, address):
        async with connect(address) as connection:
            await connection.send(post("Content-Length: 2", "Expect: 100-continue"))
            await connection.head()
            stopped = asyncio.ensure_future(door.stop(TIMEOUT))
            await self.refused(address)
            await connection.send(b"{}")
            answer = await connection.response()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            await asyncio.wait_for(stopped, TIMEOUT)

    async def test_old_connections_are_served_once_more(self, door, address):
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(connect(address)) for _ in range(20)]
            for connection in connections:
                await connection.send(get(GET))
                await connection.response()
            stopped = asyncio.ensure_future(door.stop(TIMEOUT))
            await self.refused(address)
            for connection in connections:
                await connection.send(get(GET))
            for connection in connections:
                answer = await connection.response()
                assert (answer.status, answer.headers["connection"]) == (200, "close")
                assert await connection.rest() == b""
            await asyncio.wait_for(stopped, TIMEOUT)

    async def test_nothing_is_lost_under_load(self, door, address):
        answered = 0

        async def client() -> None:
            nonlocal answered
            while True:
                try:
                    async with connect(address) as connection:
                        closing = False
                        while not closing:
                            await connection.send(get(GET))
                            answer = await connection.response()
                            assert answer.status == 200
                            answered += 1
                            closing = answer.headers.get("connection") == "close"
                except ConnectionRefusedError:
                    return

        clients = asyncio.gather(*(client() for _ in range(20)))
        while answered < 200:
            await asyncio.wait((clients,), timeout=0.01)
        await door.stop(TIMEOUT)
        await asyncio.wait_for(clients, TIMEOUT)

    async def test_calls_beyond_the_grace_are_told_why(self, store, door, address):
        async with connect(address) as order, connect(address) as watch, connect(address) as scan:
            await order.send(request("POST", "/v1/orders", body=b"{}"))
            await watch.send(get("/v1/shelves/1:watch?count=2"))
            await scan.send(get("/v1/scans/a:stream"))
            await watch.head()
            await watch.chunk()
            await scan.head()
            start = time.monotonic()
            await door.stop(0.1)
            assert time.monotonic() - start < 1
            answer = await order.response()
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert json.loads(await watch.chunk())["error"]["details"][0]["reason"] == "SHUTTING_DOWN"
            assert await watch.chunk() == b""
            # Raw bytes have no words for it: the connection breaks instead of ending well.
            assert await scan.chunk() == b"first"
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError, ValueError)):
                await scan.chunk()

    async def test_stopping_twice_or_unstarted_does_nothing(self, door):
        await door.stop(0)
        await door.stop(0)

    async def refused(self, address) -> None:
        """Waits until the door listens no more."""
        while True:
            try:
                async with connect(address):
                    await asyncio.sleep(0)
            except ConnectionRefusedError:
                return
