"""The bookstore over WebSockets: every kind of method, as a client library sees it and frame by frame."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest
from aiohttp import WSMsgType
from yarl import URL

from tests.apis.bookstore import Book, Bookstore, registry, serve
from tests.apis.listeners import listener
from tests.wire.http1 import TIMEOUT, connect, get
from tests.wire.websocket import (
    ACCEPT,
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    frame,
    handshake,
    head,
    next_frame,
    open_socket,
    unmasked,
)
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.plugin import Stage
from tollwayd.translator.head.cors import Cors
from tollwayd.translator.limits import Timeouts
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

SHELVE = "/v1/shelves/1:shelve"
REVIEW = "/v1/shelves/1/books/emma:review"
WATCH = "/v1/shelves/1:watch?count=2"
STREAM = "/v1/scans/a:stream"
UPLOAD = "/v1/scans/a/b:upload"
ECHO = "/v1/scans:echo"
MAX_BODY_BYTES = 100_000
MEBIBYTE = 1024 * 1024


@pytest.fixture
async def store():
    return Bookstore()


@pytest.fixture
async def door_and_address(store):
    async with serve(store, print_unset=False, max_body_bytes=MAX_BODY_BYTES) as found:
        yield found


@pytest.fixture
async def address(door_and_address):
    return door_and_address[1]


@pytest.fixture
async def client(address):
    host, port = address
    async with aiohttp.ClientSession(f"http://{host}:{port}", timeout=aiohttp.ClientTimeout(TIMEOUT)) as client:
        yield client


async def until(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), TIMEOUT)


async def answers(socket: aiohttp.ClientWebSocketResponse) -> list:
    """All messages until the server closes: JSON of text, bytes of binary."""
    return [json.loads(each.data) if each.type is WSMsgType.TEXT else each.data async for each in socket]


async def received(connection) -> tuple[list, int, str]:
    """All messages until the server closes, with its close code and reason; the close is answered."""
    found = []
    while (came := await next_frame(connection)).opcode != CLOSE:
        found.append(json.loads(came.payload) if came.opcode == TEXT else came)
    await connection.send(frame(CLOSE, came.payload[:2]))
    assert await connection.rest() == b""
    return found, int.from_bytes(came.payload[:2], "big"), came.payload[2:].decode()


def reason(message: dict) -> str:
    return message["error"]["details"][0]["reason"]


class TestKinds:
    async def test_one_request_one_answer(self, client, store):
        async with client.ws_connect("/v1/shelves/1/books/emma:sell") as socket:
            await socket.send_json({"copies": 2})
            assert await answers(socket) == [{"result": {"name": "shelves/1/books/emma", "copiesSold": "2"}}]
            assert socket.close_code == 1000
        assert store.calls[-1].door == "rest"

    async def test_without_a_body_the_call_runs_at_once(self, client):
        async with client.ws_connect("/v1/books/1") as socket:
            assert await answers(socket) == [{"result": {"name": "isbn/1"}}]
            assert socket.close_code == 1000

    async def test_one_request_many_answers(self, client, store):
        store.proceed.set()
        async with client.ws_connect(WATCH) as socket:
            assert await answers(socket) == [{"result": {"title": "Book 0"}}, {"result": {"title": "Book 1"}}]
            assert socket.close_code == 1000

    async def test_many_requests_one_answer(self, client, store):
        async with client.ws_connect(f"{SHELVE}?bookId=e") as socket:
            await socket.send_json({"title": "Emma"})
            await socket.send_json({"title": "Persuasion"})
            await socket.send_str("")
            assert await answers(socket) == [{"result": {"titles": ["Emma", "Persuasion"]}}]
        assert [(each.parent, each.book_id) for each in store.requests] == [("shelves/1", "e"), ("", "")]

    async def test_a_conversation(self, client):
        async with client.ws_connect(REVIEW) as socket:
            for number in range(1, 4):
                await socket.send_json({"copies": number})
                assert (await socket.receive_json())["result"]["copiesSold"] == str(number)
            await socket.send_str("")
            assert await answers(socket) == []
            assert socket.close_code == 1000

    async def test_the_server_may_end_it(self, client):
        async with client.ws_connect(REVIEW) as socket:
            await socket.send_json({"copies": 99})
            assert len(await answers(socket)) == 1
            assert socket.close_code == 1000

    async def test_raw_bytes_are_binary_frames(self, client):
        async with client.ws_connect(ECHO) as socket:
            for data in (bytes(range(256)), b"", b"x" * 70_000):
                await socket.send_bytes(data)
                assert await socket.receive_bytes() == data
            await socket.send_str("")
            assert await answers(socket) == []

    async def test_raw_bytes_in_json_out(self, client, store):
        async with client.ws_connect(UPLOAD) as socket:
            await socket.send_bytes(b"first")
            await socket.send_bytes(b"second")
            await socket.send_str("")
            assert (await answers(socket))[0]["result"]["path"] == "a/b"
        assert (store.taken, store.taken_bytes) == (2, 11)

    async def test_raw_bytes_out(self, client, store):
        store.proceed.set()
        async with client.ws_connect(STREAM) as socket:
            assert await answers(socket) == [b"first", b"second"]

    async def test_a_method_with_its_own_words_for_errors_has_these_here(self, client, store):
        store.error = TollwayError(Reason.REASON_PERMISSION_DENIED)
        async with client.ws_connect("/kiosk/buy") as socket:
            await socket.send_bytes(b"gum")
            assert reason((await answers(socket))[0]) == "PERMISSION_DENIED"

    @pytest.mark.parametrize(("path", "requests"), [(SHELVE, 1), (ECHO, 0), (f"{ECHO}?key=k", 0)])
    async def test_no_message_at_all(self, client, store, path, requests):
        async with client.ws_connect(path) as socket:
            await socket.send_str("")
            await answers(socket)
            assert (socket.close_code, store.taken) == (1000, requests)

    async def test_what_comes_behind_the_end_is_nobodys(self, client, store):
        async with client.ws_connect(SHELVE) as socket:
            store.taking.clear()
            await socket.send_json({"title": "Emma"})
            await socket.send_str("")
            for _ in range(50):
                await socket.send_json({"title": "x" * 50_000})
            store.taking.set()
            assert await answers(socket) == [{"result": {"titles": ["Emma"]}}]

    async def test_a_message_in_fragments_with_a_ping_between_them(self, address):
        async with open_socket(address, SHELVE) as connection:
            await connection.send(frame(TEXT, b'{"title":"E', final=False) + frame(CONTINUATION, b"mm", final=False))
            await connection.send(frame(PING, b"?") + frame(CONTINUATION, b'a"}') + frame(TEXT))
            assert await next_frame(connection) == Frame(PONG, b"?")
            assert (await received(connection))[:2] == ([{"result": {"titles": ["Emma"]}}], 1000)

    async def test_frames_that_come_with_the_handshake(self, address):
        async with connect(address) as connection:
            await connection.send(handshake(SHELVE) + frame(TEXT, b'{"title":"Emma"}') + frame(TEXT))
            await connection.head()
            assert (await received(connection))[0] == [{"result": {"titles": ["Emma"]}}]

    async def test_frames_that_come_with_a_handshake_behind_requests(self, address):
        async with connect(address) as connection:
            sent = handshake(SHELVE) + frame(TEXT, b'{"title":"Emma"}') + frame(TEXT)
            await connection.send(get("/nothing") * 3 + sent)
            for _ in range(3):
                assert (await connection.response()).status == 404
            assert (await connection.head()).status == 101
            assert (await received(connection))[0] == [{"result": {"titles": ["Emma"]}}]


class TestRoutes:
    async def test_the_path_decides_not_the_method(self, client):
        for path in ("/v1/shelves/1/books/emma:sell", SHELVE):  # POST is theirs.
            async with client.ws_connect(path) as socket:
                assert not socket.closed

    async def test_among_those_that_do_not_stream_it_is_get(self, client, store):
        async with client.ws_connect("/v1/shelves/1/books/emma") as socket:  # GET, PATCH and DELETE.
            assert reason((await answers(socket))[0]) == "RESOURCE_NOT_FOUND"
        assert store.calls[-1].method.endswith("/GetBook")

    async def test_where_several_are_as_good_none_is_taken(self, client, store):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/v1/tags")
        assert (refused.value.status, refused.value.headers["allow"]) == (405, "POST, PUT")
        assert store.calls == []

    async def test_no_such_path(self, client):
        await self.refused(client, "/v1/nothing", 404)

    async def refused(self, client, path: str, status: int) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(path)
        assert refused.value.status == status

    async def test_errors_of_path_and_query_have_their_status(self, client, store):
        await self.refused(client, "/v1/books/none", 400)
        await self.refused(client, f"{SHELVE}?bookID=1", 400)
        await self.refused(client, client._base_url.join(URL("/v1/shelves/%ff:shelve", encoded=True)), 400)
        assert store.calls == []


class TestHandshake:
    async def test_the_answer(self, address):
        async with connect(address) as connection:
            await connection.send(
                handshake(REVIEW, "sec-websocket-extensions: permessage-deflate", "sec-websocket-protocol: a, b")
            )
            answer = await connection.head()
        assert answer.status == 101
        assert answer.headers.keys() == {"connection", "upgrade", "sec-websocket-accept", "x-request-id"}
        assert answer.headers["sec-websocket-accept"] == ACCEPT
        assert (answer.headers["connection"], answer.headers["upgrade"]) == ("upgrade", "websocket")

    @pytest.mark.parametrize(
        "headers",
        [
            ("sec-websocket-key: x",),
            ("sec-websocket-key: ",),
            ("sec-websocket-key: AAAA",),
            ("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ",),
            ("sec-websocket-key: dGhlIHNhbXBsZSBub25j*Q==",),
            ("content-length: 1",),
        ],
    )
    async def test_what_is_none(self, store, address, headers):
        async with connect(address) as connection:
            await connection.send(handshake(REVIEW, *headers))
            answer = await connection.response()
        assert (answer.status, json.loads(answer.body)["details"][0]["reason"]) == (400, "REQUEST_MALFORMED")
        assert store.calls == []

    @pytest.mark.parametrize("version", ["12", "8", "", "13, 8"])
    async def test_another_version(self, address, version):
        async with connect(address) as connection:
            await connection.send(handshake(REVIEW, f"sec-websocket-version: {version}"))
            answer = await connection.response()
            assert (answer.status, answer.headers["sec-websocket-version"]) == (426, "13")
            assert answer.headers["upgrade"] == "websocket"
            await connection.send(get("/v1/books/1"))  # It is HTTP still.
            assert (await connection.response()).status == 200

    @pytest.mark.parametrize("headers", [("connection: keep-alive",), ("upgrade: h2c",)])
    async def test_what_asks_for_no_socket_is_plain_http(self, address, headers):
        async with connect(address) as connection:
            await connection.send(handshake("/v1/books/1", *headers))
            assert (await connection.response()).status == 200

    async def test_http_1_0_cannot(self, address):
        async with connect(address) as connection:
            await connection.send(handshake("/v1/books/1").replace(b"HTTP/1.1", b"HTTP/1.0"))
            assert (await connection.response()).status == 200

    async def test_a_post_cannot(self, address):
        async with connect(address) as connection:
            await connection.send(handshake(REVIEW).replace(b"GET", b"POST"))
            assert (await connection.response()).status == 200

    async def test_headers_query_and_deadline_are_the_calls(self, client, store):
        headers = {"grpc-timeout": "30S", "x-till": "7"}
        async with client.ws_connect("/v1/books/1?key=k", headers=headers) as socket:
            await answers(socket)
        call = store.calls[-1]
        assert (call.metadata["x-till"], call.metadata["query-key"], call.peer) == ("7", "k", "127.0.0.1")
        assert 25 < call.remaining() < 30


class Doorman:
    """A link that lets one credential pass."""

    name = "doorman"
    stage = Stage.AUTHENTICATE

    def on_call(self, call) -> None:
        if call.metadata.get("authorization") != "Bearer open":
            raise TollwayError(Reason.REASON_CREDENTIAL_INVALID)


class TestOrigins:
    """Browsers name the page's origin in each handshake, and keep no page from what follows."""

    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "http://test:81", "https://test.evil.example", "null", ""]
    )
    @pytest.mark.parametrize("policy", [None, Cors(("https://app.example",))], ids=["no policy", "another's"])
    async def test_a_page_from_elsewhere_is_refused(self, store, origin, policy):
        async with serve(store, cors=policy) as (_, address), connect(address) as connection:
            await connection.send(handshake(REVIEW, f"origin: {origin}"))
            answer = await connection.response()
            assert (answer.status, json.loads(answer.body)["details"][0]["reason"]) == (403, "PERMISSION_DENIED")
            assert origin == "" or origin.encode() not in answer.body
        assert store.calls == []

    @pytest.mark.parametrize(
        "origin", ["http://test", "https://Test", "https://app.example", "https://a.pages.example"]
    )
    async def test_the_doors_own_pages_and_those_that_may_call_are_not(self, store, origin):
        policy = Cors(("https://app.example", "https://*.pages.example"))
        async with serve(store, cors=policy) as (_, address), open_socket(address, REVIEW, f"origin: {origin}"):
            pass

    async def test_every_page_may_where_every_page_may_call(self, store):
        async with serve(store, cors=Cors(("*",))) as (_, address), open_socket(address, REVIEW, "origin: null"):
            pass


class TestCredentials:
    @pytest.fixture
    async def client(self, store):
        door = RestDoor(registry(store, Chain([Doorman()])), RestOptions(listener=listener()))
        host, port = await door.start("127.0.0.1", 0)
        async with aiohttp.ClientSession(f"http://{host}:{port}") as client:
            yield client
        await door.stop(0)

    @pytest.mark.parametrize("scheme", ["bearer", "Bearer"])
    async def test_as_a_subprotocol_where_no_header_can_be_set(self, client, store, scheme):
        async with client.ws_connect("/v1/books/1", protocols=(scheme, "open")) as socket:
            assert socket.protocol == scheme
            assert len(await answers(socket)) == 1
        assert "sec-websocket-protocol" not in store.calls[-1].metadata

    @pytest.mark.parametrize("protocols", [(), ("bearer", "open")])
    async def test_as_a_header(self, client, protocols):
        headers = {"authorization": "Bearer open"}
        async with client.ws_connect("/v1/books/1", headers=headers, protocols=protocols) as socket:
            assert len(await answers(socket)) == 1

    @pytest.mark.parametrize(
        ("protocols", "headers"),
        [
            ((), {}),
            (("bearer", "sesame"), {}),
            (("bearer",), {}),
            (("open",), {}),
            (("open", "bearer"), {}),
            (("bearer", "open", "chat"), {}),
            (("bearer", "open"), {"authorization": "Bearer sesame"}),
            (("bearer", "sesame"), {"authorization": "Bearer open"}),
        ],
    )
    async def test_others_are_refused_before_anything_is_switched(self, client, store, protocols, headers):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/v1/books/1", protocols=protocols, headers=headers)
        assert refused.value.status == 401
        assert refused.value.headers["www-authenticate"] == "Bearer"
        assert store.calls == []


class TestErrors:
    @pytest.mark.parametrize(
        ("why", "code"),
        [
            (Reason.REASON_RESOURCE_NOT_FOUND, 1008),
            (Reason.REASON_PERMISSION_DENIED, 1008),
            (Reason.REASON_FIELD_INVALID, 1008),
            (Reason.REASON_STORE_UNAVAILABLE, 1013),
            (Reason.REASON_SHUTTING_DOWN, 1001),
            (Reason.REASON_UPSTREAM_FAILED, 1011),
            (Reason.REASON_INTERNAL, 1011),
        ],
    )
    async def test_of_a_method(self, store, address, why, code):
        store.error = TollwayError(why)
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b'{"copies":13}'))
            (first, last), closed, name = await received(connection)
        assert first["result"]["copiesSold"] == "13"
        assert (reason(last), closed, name) == (store.error.rule.name, code, store.error.rule.name)

    async def test_a_defect_says_nothing_of_its_cause(self, store, address):
        store.error = RuntimeError("secret dsn")
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b'{"copies":13}'))
            (_, last), closed, _ = await received(connection)
        assert (reason(last), closed) == ("INTERNAL", 1011)
        assert "secret" not in json.dumps(last)

    @pytest.mark.parametrize(
        ("path", "sent", "why", "code"),
        [
            (REVIEW, frame(TEXT, b"{"), "JSON_INVALID", 1007),
            (REVIEW, frame(TEXT, b'{"name":"\xff"}'), "JSON_INVALID", 1007),
            (REVIEW, frame(TEXT, b'{"copys":1}'), "FIELD_INVALID", 1008),
            (REVIEW, frame(BINARY, b'{"copies":1}'), "MEDIA_TYPE_UNSUPPORTED", 1003),
            (ECHO, frame(TEXT, b"text"), "MEDIA_TYPE_UNSUPPORTED", 1003),
            ("/v1/orders", frame(TEXT, b"{"), "JSON_INVALID", 1007),
            (REVIEW, frame(TEXT, b"x" * (MAX_BODY_BYTES + 1)), "BODY_TOO_LARGE", 1009),
            (REVIEW, head(TEXT, MAX_BODY_BYTES + 1), "BODY_TOO_LARGE", 1009),
            (REVIEW, head(TEXT, 2**63 - 1), "BODY_TOO_LARGE", 1009),
            (REVIEW, frame(TEXT, b"x" * 60_000, final=False) + frame(0, b"x" * 60_000), "BODY_TOO_LARGE", 1009),
            (REVIEW, frame(CONTINUATION, b"{}"), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(3, b"{}"), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(11), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(TEXT, b"{}", reserved=4), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(TEXT, b"{}", reserved=1), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(PING, b"x" * 126), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(PING, b"x", final=False), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(CLOSE, b"x"), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(CLOSE, b"\x03\xed"), "REQUEST_MALFORMED", 1002),  # 1005 is for no frame.
            (REVIEW, frame(TEXT, b"{", final=False) + frame(TEXT, b"}"), "REQUEST_MALFORMED", 1002),
            (REVIEW, unmasked(TEXT, b"{}"), "REQUEST_MALFORMED", 1002),
            (REVIEW, unmasked(CLOSE), "REQUEST_MALFORMED", 1002),
            (REVIEW, frame(PING, b"x" * 125) + unmasked(TEXT, b"x" * 70_000), "REQUEST_MALFORMED", 1002),
        ],
    )
    async def test_of_what_came(self, store, address, path, sent, why, code):
        async with open_socket(address, path) as connection:
            await connection.send(sent)
            (last,), closed, _ = await received(connection)
        assert (reason(last), closed) == (why, code)
        assert store.requests == []

    @pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
    async def test_that_a_frame_is_not_masked_is_seen_however_what_came_is_cut(self, store, address, size):
        masked = frame(PING) + frame(TEXT, b"{" + b" " * size + b"}")
        end = len(masked) + 1
        for cut in {*range(min(end, len(frame(PING)) + 20)), end - 2, end - 1, end}:
            store.requests.clear()
            async with open_socket(address, REVIEW) as connection:
                sent = masked + unmasked(TEXT, b"{}")
                await connection.send(sent[:cut])
                assert cut < len(frame(PING)) or await next_frame(connection) == Frame(PONG, b"")
                await connection.send(sent[cut:])
                *_, closed, name = await received(connection)
            assert (closed, name) == (1002, "REQUEST_MALFORMED")

    async def test_a_client_whose_frames_are_none_is_not_kept_waiting(self, address):
        async with open_socket(address, REVIEW) as connection:
            start = time.monotonic()
            await connection.send(frame(CONTINUATION))
            await received(connection)
            assert time.monotonic() - start < 1

    async def test_a_message_up_to_the_limit(self, store, address):
        async with open_socket(address, SHELVE) as connection:
            title = "x" * (MAX_BODY_BYTES - len('{"title":""}'))
            await connection.send(frame(TEXT, f'{{"title":"{title}"}}'.encode()) + frame(TEXT))
            assert (await received(connection))[1] == 1000

    async def test_frames_that_are_none_are_heard_though_the_handler_is_busy(self, store, address):
        store.taking.clear()
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b'{"copies":1}') + frame(TEXT, b"{}", reserved=2))
            (last,), _, _ = await received(connection)
        assert reason(last) == "REQUEST_MALFORMED"

    async def test_a_deadline(self, store, address):
        async with open_socket(address, REVIEW, "grpc-timeout: 100m") as connection:
            await connection.send(frame(TEXT, b'{"copies":1}'))
            (_, last), closed, _ = await received(connection)
        assert (reason(last), closed) == ("DEADLINE_EXCEEDED", 1011)
        await until(store.cancelled)

    async def test_a_deadline_before_the_first_message(self, store, address):
        async with open_socket(address, "/v1/orders", "grpc-timeout: 50m") as connection:
            (last,), closed, _ = await received(connection)
        assert (reason(last), closed) == ("DEADLINE_EXCEEDED", 1011)

    async def test_a_door_that_stops(self, store, door_and_address, address):
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b'{"copies":1}'))
            await next_frame(connection)
            stopped = asyncio.ensure_future(door_and_address[0].stop(0.1))
            (last,), closed, _ = await received(connection)
            assert (reason(last), closed) == ("SHUTTING_DOWN", 1001)
            await asyncio.wait_for(stopped, 1)

    async def test_a_door_that_stops_waits_for_conversations_to_end(self, door_and_address, address):
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b'{"copies":1}'))
            await next_frame(connection)
            stopped = asyncio.ensure_future(door_and_address[0].stop(TIMEOUT))
            assert not (await asyncio.wait((stopped,), timeout=0.1))[0]
            await connection.send(frame(TEXT, b'{"copies":99}'))
            assert (await received(connection))[1] == 1000
            await asyncio.wait_for(stopped, TIMEOUT)


class TestLeaving:
    @pytest.mark.parametrize(
        ("words", "echo"), [(b"\x03\xe8", b"\x03\xe8"), (b"", b"\x03\xe8"), (b"\x0f\xa0bye", b"\x0f\xa0")]
    )
    @pytest.mark.parametrize("path", [REVIEW, "/v1/orders", WATCH])
    async def test_in_good_order(self, store, address, path, words, echo):
        async with open_socket(address, path) as connection:
            await connection.send(frame(TEXT, b"{}"))
            await until(store.begun)
            left = time.monotonic()
            await connection.send(frame(CLOSE, words))
            await until(store.cancelled)
            assert time.monotonic() - left < 0.1
            while (last := await next_frame(connection)).opcode != CLOSE:
                pass
            assert last.payload == echo
            assert await connection.rest() == b""

    async def test_without_a_word(self, store, address):
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b"{}"))
            await until(store.took)
            left = time.monotonic()
            await connection.abort()
            await until(store.cancelled)
            assert time.monotonic() - left < 0.1

    async def test_while_the_handler_does_not_read(self, store, address):
        store.taking.clear()
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b'{"copies":1}') * 20)
            await until(store.begun)
            left = time.monotonic()
            await connection.send(frame(CLOSE))
            await until(store.cancelled)
            assert time.monotonic() - left < 0.1

    async def test_a_client_that_does_not_answer_the_close_is_not_waited_for_long(self, store, address):
        async with open_socket(address, "/v1/books/1") as connection:
            start = time.monotonic()
            assert [(await next_frame(connection)).opcode, (await next_frame(connection)).opcode] == [TEXT, CLOSE]
            assert await connection.rest() == b""
            assert time.monotonic() - start < 4

    async def test_a_client_that_goes_on_sending_still_reads_why(self, store, address):
        async with open_socket(address, REVIEW) as connection:
            await connection.send(frame(TEXT, b"{"))
            for _ in range(100):
                await connection.send(frame(TEXT, b'{"name":"%b"}' % (b"x" * 50_000)))
            (last,), closed, _ = await received(connection)
        assert (reason(last), closed) == ("JSON_INVALID", 1007)


class Hasty(Bookstore):
    """It answers by a task of its own that reads on, and forgets that."""

    async def ReviewBooks(self, requests, call):
        self.reader = asyncio.ensure_future(anext(requests))
        yield Book(copies_sold=(await self.reader).copies)
        self.reader = asyncio.ensure_future(anext(requests))
        await asyncio.wait((self.reader,), timeout=0)


async def test_a_reader_that_is_left_behind_disturbs_nothing(caplog):
    store = Hasty()
    async with serve(store, print_unset=False) as (_, address), open_socket(address, REVIEW) as connection:
        await connection.send(frame(TEXT, b'{"copies":1}'))
        assert (await received(connection))[:2] == ([{"result": {"copiesSold": "1"}}], 1000)
    with pytest.raises(TollwayError):
        await store.reader
    assert caplog.records == []


class TestBackPressure:
    async def test_a_handler_that_does_not_take_stops_the_client(self, store, address):
        store.taking.clear()
        async with open_socket(address, UPLOAD) as connection:
            piece = frame(BINARY, b"\0" * 65536)
            sent = 0

            async def client() -> None:
                nonlocal sent
                while sent < 64 * MEBIBYTE:
                    await connection.send(piece)
                    sent += 65536

            upload = asyncio.ensure_future(client())
            before = -1
            while sent > before:
                before = sent
                await asyncio.wait((upload,), timeout=0.1)
            assert sent < 16 * MEBIBYTE
            store.taking.set()
            await asyncio.wait_for(upload, TIMEOUT)
            await connection.send(frame(TEXT))
            assert (await received(connection))[1] == 1000
        assert store.taken_bytes == 64 * MEBIBYTE

    async def test_tiny_messages_are_counted_as_what_they_cost(self, store, address):
        store.taking.clear()
        async with open_socket(address, ECHO) as connection:
            upload = asyncio.ensure_future(connection.send(frame(BINARY) * 10_000_000))
            assert not (await asyncio.wait((upload,), timeout=0.5))[0]
            upload.cancel()

    async def test_a_client_that_does_not_read_stops_the_handler(self, store):
        produced = 0

        def chunks():
            nonlocal produced
            for _ in range(10_000):
                produced += 1
                yield b"x" * 65536

        store.proceed.set()
        store.chunks = chunks()
        async with (
            serve(store, timeouts=Timeouts(stalled_answer=0.3)) as (_, address),
            open_socket(address, STREAM) as connection,
        ):
            connection.reader._transport.pause_reading()
            await until(store.cancelled)
            assert produced * 65536 < 16 * MEBIBYTE

    async def test_pings_of_a_client_that_does_not_read_cost_nothing(self, store, address):
        store.proceed.set()
        store.chunks = [b"x" * 65536] * 2000
        async with open_socket(address, STREAM) as connection:
            connection.reader._transport.pause_reading()
            await until(store.begun)
            for number in range(1000):
                await connection.send(frame(PING, b"%d" % number))
            connection.reader._transport.resume_reading()
            pongs, scans = [], 0
            while (came := await next_frame(connection)).opcode != CLOSE:
                pongs += [int(came.payload)] if came.opcode == PONG else []
                scans += came.opcode == BINARY
        assert scans == 2000
        assert pongs[-1:] == [999]  # The last one is what has to be answered.
        assert len(pongs) < 1000

    async def test_pings_that_come_together_have_one_answer(self, address):
        async with open_socket(address, REVIEW) as connection:
            await connection.send(b"".join(frame(PING, b"%d" % number) for number in range(1000)))
            pongs = []
            while pongs[-1:] != [999]:
                came = await next_frame(connection)
                assert came.opcode == PONG
                pongs.append(int(came.payload))
        assert len(pongs) < 100


class TestSignsOfLife:
    @pytest.fixture
    async def address(self, store):
        async with serve(store, timeouts=Timeouts(pulse=0.05, stream_idle=0.3)) as (_, address):
            yield address

    async def test_pings_while_nothing_is_said(self, address):
        async with open_socket(address, REVIEW) as connection:
            for _ in range(3):
                assert await next_frame(connection) == Frame(PING, b"")

    async def test_none_while_the_client_speaks(self, address):
        async with open_socket(address, REVIEW) as connection:
            start = time.monotonic()
            while time.monotonic() - start < 0.3:
                await connection.send(frame(TEXT, b'{"copies":1}'))
                assert (await next_frame(connection)).opcode == TEXT

    async def test_a_client_that_answers_them_may_be_silent(self, store, address):
        async with open_socket(address, REVIEW) as connection:
            start = time.monotonic()
            while time.monotonic() - start < 0.6:
                assert (await next_frame(connection)).opcode == PING
                await connection.send(frame(PONG))
            await connection.send(frame(TEXT, b'{"copies":99}'))
            while (came := await next_frame(connection)).opcode == PING:
                pass
            assert json.loads(came.payload)["result"]["copiesSold"] == "99"

    async def test_a_client_that_does_not_is_gone(self, store, address):
        start = time.monotonic()
        async with open_socket(address, REVIEW) as connection:
            while (came := await next_frame(connection)).opcode == PING:
                pass
            assert reason(json.loads(came.payload)) == "REQUEST_TIMEOUT"
            assert 0.25 < time.monotonic() - start < 5
            assert (await next_frame(connection)).payload == b"\x03\xf0REQUEST_TIMEOUT"
        await until(store.cancelled)

    async def test_a_slow_handler_is_no_silent_client(self, store, address):
        store.taking.clear()
        async with open_socket(address, UPLOAD) as connection:
            upload = asyncio.ensure_future(connection.send(frame(BINARY, b"\0" * 65536) * 200))
            await until(store.begun)
            assert not (await asyncio.wait((asyncio.ensure_future(store.cancelled.wait()),), timeout=0.6))[0]
            store.taking.set()
            await asyncio.wait_for(upload, TIMEOUT)
