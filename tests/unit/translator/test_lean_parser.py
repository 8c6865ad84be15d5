"""What the lean listener makes of bytes: where requests end, what of them is kept, and what is none."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from tollwayd.core.errors import Reason
from tollwayd.translator.listeners.lean.flow import Flow
from tollwayd.translator.listeners.lean.parser import MAX_REQUESTS, RequestParser
from tollwayd.translator.request import BrokenBody, Request

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
H2C = b"Connection: upgrade\r\nUpgrade: h2c\r\n"
SOCKET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"


@pytest.fixture
async def parser():
    return RequestParser(Flow(asyncio.get_running_loop()))


def feed(parser, data: bytes, *, size: int) -> None:
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])


def targets(parser) -> list[object]:
    return [each.target if isinstance(each, Request) else each for each in parser.requests]


@pytest.mark.parametrize("size", [1, 2, 1000])
async def test_a_head_in_pieces_is_whole(parser, size):
    feed(
        parser,
        b"\r\nPOST /a?b HTTP/1.1\r\nHost: a\r\nX-A:\r\nX-B: 1 \t\r\nx-b: 2\r\nContent-Length: 2\r\n\r\n{}",
        size=size,
    )
    (request,) = parser.requests
    assert (request.method, request.target, request.version) == ("POST", "/a?b", "1.1")
    assert request.headers == {"host": "a", "x-a": "", "x-b": "1, 2", "content-length": "2"}
    assert (request.body.whole, request.body.take(), request.keep_alive) == (True, b"{}", True)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
)
async def test_what_asks_for_another_protocol_keeps_its_body(parser, size, framing):
    feed(parser, (b"POST /1 HTTP/1.1\r\nHost: a\r\n" + H2C + framing) * 3 + GET % 2, size=size)
    assert targets(parser) == ["/1", "/1", "/1", "/2"]
    assert [request.body.take() for request in list(parser.requests)[:3]] == [b"abc"] * 3


@pytest.mark.parametrize("size", [1, 100_000])
async def test_nothing_is_parsed_behind_what_may_switch(parser, size):
    feed(parser, SOCKET + b"\r\n" + GET % 2, size=size)
    assert targets(parser) == ["/"]
    assert parser.rest == GET % 2
    parser.decline()
    parser.resume()
    assert targets(parser) == ["/", "/2"]


async def test_what_comes_behind_a_switch_is_given_away(parser):
    parser.feed(SOCKET + b"\r\n" + b"frames")
    assert parser.take_rest() == b"frames"


async def test_no_more_requests_wait_than_may(parser):
    parser.feed(b"".join(GET % number for number in range(10_000)))
    found = targets(parser)
    while parser.rest:
        assert len(parser.requests) < 20 * MAX_REQUESTS
        parser.requests.clear()
        parser.resume()
        found += targets(parser)
    assert found == [f"/{number}" for number in range(10_000)]


async def test_trailers_are_nobodys(parser):
    parser.feed(CHUNKED + b"\r\n0\r\nAuthorization: Bearer other\r\nX-Last: 1\r\n\r\n" + GET % 2)
    assert [request.headers.keys() for request in parser.requests] == [{"host", "transfer-encoding"}, {"host"}]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (b"GET /", Reason.REASON_TARGET_TOO_LONG),
        (b"GET / HTTP/1.1\r\nX-A: ", Reason.REASON_HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nX-", Reason.REASON_HEADERS_TOO_LARGE),
        (CHUNKED + b"\r\n0\r\nX-A: ", Reason.REASON_HEADERS_TOO_LARGE),
    ],
)
async def test_a_line_without_an_end_is_not_kept(parser, start, reason):
    parser.feed(start)
    for _ in range(40):
        parser.feed(b"a" * 500)
    assert targets(parser) == [reason]
    parser.feed(GET % 2)
    assert targets(parser) == [reason]


@pytest.mark.parametrize(
    "data",
    [
        GET.replace(b"Host: a\r\n", b""),
        GET.replace(b"\r\n\r\n", b"\r\nHost: b\r\n\r\n"),
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/c\r\n\r\n",
        b"POST / HTTP/1.0\r\n\r\n{}",
        CHUNKED + b"\r\nx",
    ],
)
async def test_what_is_no_request_leaves_the_ones_before_it(parser, data):
    parser.feed(GET % 1 + data)
    assert targets(parser) == ["/1", Reason.REASON_REQUEST_MALFORMED]


async def test_a_body_that_breaks_is_broken_for_its_reader(parser):
    parser.feed(CHUNKED + b"\r\n1\r\na\r\n")
    body = parser.requests.popleft().body
    assert await body.read() == b"a"
    reading = asyncio.ensure_future(body.read())
    await asyncio.sleep(0)
    parser.feed(b"x")
    with pytest.raises(BrokenBody):
        await reading
    assert targets(parser) == [Reason.REASON_REQUEST_MALFORMED]


async def test_who_does_not_read_a_body_has_its_client_wait():
    flow = Reading(asyncio.get_running_loop())
    parser = RequestParser(flow)
    parser.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n" + b"a" * 100_000)
    assert flow.reads
    parser.feed(b"a" * 100_000)
    assert not flow.reads
    body = parser.requests[0].body
    assert len(await body.read()) == 200_000
    assert flow.reads
    parser.feed(b"a" * 200_000)
    assert body.whole
    assert flow.reads


class Reading(Flow):
    """Knows whether it reads."""

    @property
    def reads(self) -> bool:
        return not self._holds


POST = b"POST /a HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nContent-Length: %d\r\nX-B: 2\r\n\r\n"
OTHER = POST.replace(b"X-A", b"X-C")
HALF_HEAD = OTHER % 300
HALF = HALF_HEAD + b"x" * (300 - len(HALF_HEAD))
IDS = b"POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: %b\r\nX-A: 1\r\nb3:%b\r\nContent-Length: %b\r\nX-B: 2\r\n\r\n"
ONE = IDS % (b"id-1", b"00-1", b"2") + b"{}"
TWO = IDS % (b"id-22", b"00-2", b"3") + b"abc"
AGAIN = {
    "a head again": [POST % 2 + b"{}"] * 3,
    "another length": [POST % 2 + b"{}", POST % 12 + b"a" * 12, POST % 1 + b"1"],
    "no body": [GET % 1] * 3,
    "another target": [GET % 1, GET % 2],
    "a body of none": [POST % 2 + b"{}", POST % 0, POST % 2 + b"{}"],
    "other fields": [POST % 2 + b"{}", OTHER % 2 + b"{}", POST % 2 + b"{}"],
    "two at once": [POST % 2 + b"{}", (POST % 2 + b"{}") * 2, POST % 2 + b"{}"],
    # What has come of the second is as long as its body: the first head is none of its own.
    "half of another behind it": [GET % 1 + HALF, b"x" * len(HALF_HEAD), GET % 1],
    "half of another behind its body": [POST % 2 + b"{}" + HALF[:-2], b"x" * (len(HALF_HEAD) + 2), POST % 2 + b"[]"],
    "the body later": [POST % 2 + b"{}", POST % 2, b"{}", POST % 2 + b"{", b"}"],
    "a head that is cut": [POST % 2 + b"{}", (POST % 2)[:60], (POST % 2)[60:] + b"{}", POST % 2 + b"{}"],
    "a length that is none": [POST % 2 + b"{}", (POST % 2 + b"{}").replace(b": 2\r", b": +2\r")],
    "a length without digits": [POST % 2 + b"{}", (POST % 2 + b"{}").replace(b": 2\r", b": \r")],
    "a length that is huge": [POST % 2 + b"{}", POST % 10**22 + b"{}"],
    "one length more": [POST % 2 + b"{}", POST.replace(b"X-B: 2", b"Content-Length: 2") % 2 + b"{}"],
    "chunks": [CHUNKED + b"\r\n0\r\n\r\n"] * 2,
    "an upgrade": [SOCKET + b"\r\n"] * 2,
    "the last one": [GET % 1, (GET % 1).replace(b"Host", b"Connection: close\r\nHost"), GET % 1],
    "empty lines": [b"\r\n" + GET % 1] * 2 + [GET % 1] * 2,
    "other ids": [ONE, TWO, ONE],
    "an id without a value": [ONE, IDS % (b"", b"00-2", b"2") + b"{}", TWO],
    "an id that has two words": [ONE, IDS % (b"a b", b"00-2", b"2") + b"{}", TWO],
    "an id that is no text": [ONE, IDS % (b"\xff", b"00-2", b"2") + b"{}", TWO],
    "an id with white space": [ONE, IDS % (b" a \t", b"00-2 ", b"2") + b"{}", TWO],
    "a long id": [ONE, IDS % (b"a" * 5000, b"00-2", b"2") + b"{}", TWO],
    "an id that is too long": [ONE, IDS % (b"a" * 9000, b"00-2", b"2") + b"{}", TWO],
    "an id that brings a line": [ONE, IDS % (b"a\r\nContent-Length: 0", b"00-2", b"2") + b"{}", TWO],
    "an id that ends half a line": [ONE, IDS % (b"a\nX-A: 3", b"00-2", b"2") + b"{}", TWO],
    "an id that ends the head": [ONE, IDS % (b"a\r\n\r\n", b"00-2", b"2") + b"{}", TWO],
    "an id of two lines": [ONE, IDS % (b"a\r\n b", b"00-2", b"2") + b"{}", TWO],
    "an id that is there twice": [
        ONE.replace(b"X-A: 1", b"X-Request-Id: 1"),
        TWO.replace(b"X-A: 1", b"X-Request-Id: 1"),
    ]
    * 2,
    "a length that is no number": [ONE, IDS % (b"id-1", b"00-1", b"2x") + b"{}", TWO],
    "a length that two lines have": [ONE, IDS % (b"id-1", b"00-1", b"2\r\nContent-Length: 2") + b"{}", TWO],
    "a length with white space": [
        IDS % (b"1", b"2", b"2 ") + b"{}",
        IDS % (b"1", b"2", b"3 ") + b"abc",
        IDS % (b"1", b"2", b"3 ") + b"a",
    ],
    "an id, and no body": [(GET % 1).replace(b"Host", b"b3: %d\r\nHost" % number) for number in range(3)],
}


@pytest.mark.parametrize("parts", AGAIN.values(), ids=AGAIN)
async def test_a_head_that_comes_again_is_read_as_the_first_time(parser, parts):
    """One that comes in pieces of a byte is read by llhttp alone."""
    slowly = RequestParser(Flow(asyncio.get_running_loop()))
    for part in parts:
        parser.feed(part)
        feed(slowly, part, size=1)
    assert list(map(said, parser.requests)) == list(map(said, slowly.requests))
    assert parser.rest == slowly.rest


def said(request):
    if not isinstance(request, Request):
        return request
    body = request.body and (request.body.whole, request.body.take())
    return request.method, request.target, request.version, request.headers, body, request.keep_alive


async def test_a_body_that_nobody_read_is_not_kept_with_its_head():
    tracemalloc.start()
    try:
        parsers = [RequestParser(Flow(asyncio.get_running_loop())) for _ in range(20)]
        for parser in parsers:
            parser.feed(POST % 100_000 + b"a" * 100_000)
            parser.requests.clear()
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()


async def test_a_head_that_comes_again_is_not_parsed(parser):
    made = [feed(parser, POST % size + b"a" * size, size=1000) or parser.requests.popleft() for size in (2, 3, 400)]
    assert [type(request.body).__name__ for request in made] == ["Body", "ReadyBody", "ReadyBody"]
    assert len({id(request.headers) for request in made}) == 3
    assert len({id(request.recurring) for request in made}) == 1
    parser.feed(OTHER % 2 + b"{}")
    assert parser.requests.popleft().recurring is not made[0].recurring


async def test_a_head_whose_ids_alone_are_new_is_not_parsed(parser):
    made = []
    for part in (ONE, TWO, ONE):
        parser.feed(part)
        made.append(parser.requests.popleft())
    assert [type(request.body).__name__ for request in made] == ["Body", "ReadyBody", "ReadyBody"]
    assert len({id(request.recurring) for request in made}) == 1
    assert [request.own for request in made[1:]] == [
        {"x-request-id": "id-22", "b3": "00-2"},
        {"x-request-id": "id-1", "b3": "00-1"},
    ]


@pytest.mark.parametrize("field", [b"Authorization", b"X-Api-Key", b"Host", b"Connection", b"X-User"])
async def test_a_field_that_says_more_than_which_request_it_is_makes_another_head(parser, field):
    for value in (b"a", b"b"):
        parser.feed(
            ONE.replace(b"Host: a\r\n", b"").replace(
                b"X-A: 1", b"Host: x\r\n" * (field != b"Host") + field + b": " + value
            )
        )
    first, second = parser.requests
    assert first.recurring is not second.recurring
    assert [request.headers[field.decode().lower()] for request in (first, second)] == ["a", "b"]


async def test_nothing_is_kept_of_heads_that_all_differ(parser):
    for number in range(20):
        parser.feed(GET % number)
    parser.requests.clear()
    parser.feed(GET % 20)
    parser.feed(GET % 20)
    assert len({id(request.headers) for request in parser.requests}) == 2
