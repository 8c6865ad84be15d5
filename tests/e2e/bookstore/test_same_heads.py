"""Requests of one connection that have the same head are answered as if each had come alone: that a door keeps what it
has made of a head shows nowhere.
"""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import AsyncExitStack

import pytest

from tests.apis.bookstore import Book, Bookstore, serve
from tests.apis.library import NAME, Library
from tests.apis.library import serve as serve_library
from tests.wire.http1 import connect, get, request

BOOKS = "/v1/shelves/1/books"
EMMA = f"{BOOKS}/emma"
JSON = "content-type: application/json"


def post(path: str, *headers: str, bodies: list[bytes]) -> list[bytes]:
    return [request("POST", path, *headers, body=body) for body in bodies]


def traced(*headers: str, path: str = EMMA) -> list[bytes]:
    """Requests with ids of their own, as they come through a mesh."""
    ids = [(f"traceparent: 00-{number}-01", f"X-Request-Id: {number}") for number in range(3)]
    return [get(path, trace, *headers, id_) for trace, id_ in ids]


SAME = {
    "a body": post(
        f"{BOOKS}?book_id=emma", JSON, bodies=[b'{"title":"A"}', b'{"title":"Emma"}', b"{", b'{"title":""}']
    ),
    "a whole message": post(f"{EMMA}:sell", JSON, bodies=[b'{"copies":1}', b'{"copies":22}', b'{"no":1}']),
    "raw bytes": post("/v1/scans/a/b:copy", "content-type: image/png", bodies=[b"1", b"22", b"", b"333"]),
    "a type that is not taken": post(BOOKS, "content-type: text/plain", bodies=[b"", b"{}", b"", b"{}"]),
    "an answer that is not accepted": post(BOOKS, JSON, "accept: text/html", bodies=[b"{}"] * 3),
    "a coding that is not taken": post(BOOKS, JSON, "content-encoding: gzip", bodies=[b"{}"] * 3),
    "a body that is too large": post(BOOKS, JSON, bodies=[b"{}", b"{}".ljust(101), b"{}".ljust(100)]),
    "many messages": post(
        "/v1/shelves/1:shelve",
        "content-type: application/x-ndjson",
        bodies=[b'{"title":"A"}', b'{"title":"B"}\n{}', b"{"],
    ),
    "a condition": [request("PATCH", EMMA, JSON, 'if-match: "1"', body=b"{}")] * 3,
    "trailers": [get(EMMA, "te: trailers")] * 3,
    "no trailers": [get(EMMA)] * 3,
    "no body, and none wanted": [request("HEAD", EMMA)] * 3,
    "a query": [get(f"{BOOKS}?key=secret&pageSize=1")] * 3,
    "a query that says nothing": [get(f"{BOOKS}?nothing=1")] * 3,
    "a long query": [get(f"{BOOKS}?{'&'.join(['key=1'] * 100)}&pageSize=1")] * 3,
    "a form that there is not": [get(f"{EMMA}?alt=nothing")] * 3,
    "a stream": [get("/v1/shelves/1:watch?count=2", "accept: text/event-stream")] * 3,
    "a deadline that cannot be read": [get(EMMA, "grpc-timeout: soon")] * 3,
    "a header of one hop": [get(EMMA, "connection: x-hop", "x-hop: 1", "grpc-metadata-x-name: 2")] * 3,
    "no such path": [get("/v1/nothing")] * 3,
    "another method": [request("DELETE", BOOKS)] * 3,
    "what a path takes": [request("OPTIONS", BOOKS)] * 3,
    "ids of their own": traced("authorization: Bearer a"),
    "bodies and ids of their own": post(f"{EMMA}:sell", JSON, "idempotency-key: a", bodies=[b"{}", b'{"copies":2}'])
    + post(f"{EMMA}:sell", JSON, "idempotency-key: b", bodies=[b"{}", b'{"copies":2}']),
    "ids of their own, and of one hop": traced("connection: traceparent"),
    "ids of their own, said twice": traced("grpc-metadata-traceparent: 1", "grpc-metadata-x-request-id: 2"),
    "ids of their own, and other credentials": traced("authorization: Bearer a") + traced("authorization: Bearer b"),
    "ids of their own, and a query": traced(path=f"{EMMA}?key=a&alt=json"),
    "ids of their own of a call by its name": [
        request("POST", "/bookstore.rest.v1.BookService/Unbound", JSON, f"b3: {number}", body=b"{}")
        for number in range(3)
    ],
    "a call by its name": post("/bookstore.rest.v1.BookService/Unbound", JSON, bodies=[b"{}", b"{", b"{}"]),
}


@pytest.mark.parametrize("requests", SAME.values(), ids=SAME)
async def test_each_is_answered_as_if_it_had_come_alone(requests):
    assert await _told(requests, together=True) == await _told(requests, together=False)


async def test_each_has_its_own_deadline():
    store = Bookstore()
    async with serve(store) as (_, address), connect(address) as client:
        for _ in range(3):
            await client.send(get(EMMA, "x-server-timeout: 5"))
            await client.response()
    assert [call.deadline - call.started for call in store.calls] == pytest.approx([5, 5, 5], abs=0.5)
    assert len({call.deadline for call in store.calls}) == 3


async def test_each_is_judged_by_the_etag_of_its_time():
    update = request("PATCH", f"/v1/{NAME}", JSON, 'if-match: "1"', body=b'{"displayName":"Art"}')
    read = get(f"/v1/{NAME}", 'if-none-match: "2"')
    async with serve_library(Library()) as address, connect(address) as reader, connect(address) as writer:
        asked = ((reader, read), (reader, read), (writer, update), (writer, update), (reader, read))
        statuses = [(await _answer(client, data)).status for client, data in asked]
    assert statuses == [200, 200, 200, 412, 304]


async def test_a_connection_keeps_little_of_a_head_that_says_much():
    """A head of 4 KB has 2,000 parameters. Before any credential is looked for, it must not cost many times that."""
    async with serve(Bookstore()) as (_, address), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(address)) for _ in range(20)]
        long = get(f"{BOOKS}?{'&'.join(['a'] * 1_900)}")
        await _answer(clients[0], long)
        tracemalloc.start()
        try:
            for client in clients:
                await _answer(client, long)
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert kept / len(clients) < 30_000


async def _told(requests: list[bytes], *, together: bool) -> list[object]:
    """All that is told of the requests, to their client and to the servicer."""
    store = Bookstore()
    store.books["shelves/1/books/emma"] = Book(name="shelves/1/books/emma", title="Emma")
    store.response_metadata, store.trailers = {"x-shelf": "1"}, {"x-cost": "7"}
    store.proceed.set()
    async with serve(store, max_body_bytes=100) as (_, address):
        answers = await _answers(address, requests) if together else []
        for each in [] if together else requests:
            answers += await _answers(address, [each])
    calls = [(call.method, dict(call.metadata)) for call in store.calls]
    return [answers, store.requests, calls]


async def _answers(address, requests: list[bytes]) -> list[object]:
    async with connect(address) as client:
        return [await _answer(client, each) for each in requests]


async def _answer(client, data: bytes):
    await client.send(data)
    answer = await client.head()
    if not data.startswith(b"HEAD") and answer.status not in {204, 304}:
        await client.body(answer)
    del answer.headers["x-request-id"], answer.headers["date"]
    return answer
