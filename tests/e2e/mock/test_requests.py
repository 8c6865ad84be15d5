"""What the mock tells of the requests that it got, and how it reads them."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from tests.e2e.mock.calls import HELLO, chat, outcome
from tests.wire.http1 import connect, get, request
from tollwayd.mock import MockProvider
from tollwayd.mock.connection import MAX_PIPELINED
from tollwayd.mock.journal import KEPT_REQUESTS
from tollwayd.mock.request_reader import MAX_BODY_BYTES, MAX_HEAD_BYTES

MESSAGES = [{"role": "user", "content": HELLO}]


async def test_a_request_as_it_came(provider, wire):
    await wire.send(request("POST", "/a%20b/v1/chat/completions?x=1", "X-Team: blue", body=b'{"model": "m"}'))
    await wire.response()
    received = await provider.next_request()
    assert (received.method, received.path, received.query) == ("POST", "/a b/v1/chat/completions", {"x": "1"})
    assert received.headers["x-team"] == "blue"
    assert received.body == b'{"model": "m"}'
    assert received.json == {"model": "m"}
    assert 0 <= time.monotonic() - received.arrived < 5
    await received.answered.wait()
    assert not received.closed.is_set()
    assert provider.requests[-1] is received


async def test_the_next_request_is_waited_for_and_given_once(provider, wire):
    first = asyncio.create_task(provider.next_request())
    await wire.send(get("/v1/models"))
    assert (await first).path == "/v1/models"
    with pytest.raises(TimeoutError):
        await provider.next_request(within=0.01)


async def test_only_the_newest_requests_are_kept(provider, wire):
    for number in range(KEPT_REQUESTS + 2):
        await wire.send(get(f"/{number}"))
        await wire.response()
    assert len(provider.requests) == KEPT_REQUESTS
    assert provider.requests[0].path == "/2"
    assert (await provider.next_request()).path == "/2"


async def test_the_connection_shows_whether_a_client_pools(provider, wire):
    async with connect((provider.host, provider.port)) as other:
        for connection in (wire, other, wire):
            await connection.send(get("/v1/models"))
            await connection.response()
    first, second, third = (received.connection for received in provider.requests)
    assert first == third != second


@pytest.mark.parametrize("answer", [{"latency": 60}, {"pace": 60}, {"fault": {"kind": "stall", "after_events": 2}}])
async def test_it_notices_at_once_that_the_client_left(provider, openai, answer):
    provider.use({"rules": [{"answer": answer}]})
    call = asyncio.create_task(_first_chunk(openai))
    received = await provider.next_request()
    if "latency" not in answer:
        await (await call).close()
    else:
        call.cancel()
    left = time.monotonic()
    await asyncio.wait_for(received.closed.wait(), 5)
    assert received.left - left < 0.1
    assert not received.answered.is_set()


async def _first_chunk(openai):
    stream = await openai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    await anext(aiter(stream))
    return stream


async def test_requests_sent_ahead_are_answered_in_turn(provider, wire):
    await wire.send(b"".join(chat(prompt=f"number {number}") for number in range(3)))
    bodies = [(await wire.response()).body for _ in range(3)]
    assert all(b"number %d" % number in body for number, body in enumerate(bodies))


async def test_a_client_that_sends_far_too_many_ahead_is_refused(provider, wire):
    provider.use({"rules": [{"answer": {"fault": {"kind": "stall"}}}]})
    await wire.send(chat() * (MAX_PIPELINED + 2))
    assert (await wire.response()).status == 429


async def test_a_provider_that_stops_leaves_no_client_waiting():
    async with MockProvider({"rules": [{"answer": {"fault": {"kind": "stall", "after_bytes": 0}}}]}) as provider:
        call = asyncio.create_task(outcome(provider, chat()))
        received = await provider.next_request()
    assert (await call).body == b""
    assert not received.closed.is_set(), "the client did not leave"


async def test_a_client_that_waits_for_leave_to_send_its_body(wire):
    head, _, body = chat().partition(b"\r\n\r\n")
    await wire.send(head + b"\r\nexpect: 100-continue\r\n\r\n")
    assert await wire.line() == b"HTTP/1.1 100 Continue"
    await wire.line()
    await wire.send(body)
    assert (await wire.response()).status == 200


async def test_a_client_that_offers_http_2_is_answered_in_http_1(wire):
    sent = chat().replace(b"host: test\r\n", b"host: test\r\nconnection: upgrade\r\nupgrade: h2c\r\n")
    for _ in range(2):
        await wire.send(sent)
        assert (await wire.response()).status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (request("CONNECT", "other:443"), 405),
        (get("/", "x-long: " + "x" * MAX_HEAD_BYTES), 431),
        (request("POST", "/v1/chat/completions", body=b"[" * 100_000), 400),
        (request("POST", "/v1/chat/completions", body=b"[" * 990 + b"]" * 990), 400),
        (request("POST", "/v1/chat/completions", body=b"\xff"), 400),
    ],
)
async def test_what_is_no_request_is_refused(wire, sent, status):
    await wire.send(sent)
    assert (await wire.response()).status == status


async def test_a_body_without_end_is_refused(provider, wire, monkeypatch):
    monkeypatch.setattr("tollwayd.mock.request_reader.MAX_BODY_BYTES", 1000)
    assert MAX_BODY_BYTES > 1000
    await wire.send(request("POST", "/v1/chat/completions", body=b"x" * 1001))
    assert (await wire.response()).status == 413


async def test_a_message_nested_beyond_reason_has_no_text(wire):
    for nested in ("[" * 600 + "]" * 600, '{"content":' * 600 + "1" + "}" * 600):
        body = b'{"model": "m", "messages": [{"role": "user", "content": %b}]}' % nested.encode()
        await wire.send(request("POST", "/v1/chat/completions", body=body))
        assert (await wire.response()).status == 200


async def test_a_call_is_one_line_in_the_log_without_its_key(provider, wire, caplog):
    provider.use({"rules": [{"name": "slow", "answer": {"status": 503}}]})
    with caplog.at_level(logging.INFO, "tollwayd.mock"):
        await wire.send(get("/v1beta/models"))
        await wire.send(
            request("POST", "/v1beta/models/m%09x:generateContent?key=sk-secret", body=b'{"contents":[{}]}')
        )
        await wire.response()
        await wire.response()
        await provider.requests[-1].answered.wait()
    assert [record.getMessage() for record in caplog.records] == [
        "GET '/v1beta/models' status=200 rule=''",
        r"POST '/v1beta/models/m\tx:generateContent' status=503 rule='slow'",
    ]
