from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.upstream_client.scripted import OK, STREAM, Peer, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.timeouts import Timeouts
from tollwayd.upstream.client import request_head
from tollwayd.upstream.egress import EgressRules

if TYPE_CHECKING:
    from collections.abc import Sequence


async def test_a_request_arrives_as_it_was_written(start, client, ask) -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.answer())

    provider = await start(script)
    before = time.monotonic()
    response = await ask(client, provider.origin, b'{"a":1}')
    assert (response.status, response.headers["content-type"]) == (200, "text/plain")
    assert await response.read() == b"hello"
    assert before <= response.first_byte_at <= time.monotonic()
    head, body = seen[0]
    assert body == b'{"a":1}'
    assert head.startswith(b"POST /v1/chat HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n" % provider.origin.port)
    assert head.count(b"content-length: 7\r\n") == 1


async def test_one_connection_serves_one_request_after_the_other(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.answer()

    provider = await start(script)
    for _ in range(20):
        assert await (await ask(client, provider.origin)).read() == b"hello"
    assert provider.connections == client.open_connections == 1


async def test_requests_at_once_do_not_wait_for_each_other(start, client, ask) -> None:
    together = asyncio.Barrier(8)

    async def script(peer: Peer) -> None:
        while True:
            _, body = await peer.request()
            await together.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    provider = await start(script)

    async def echo(text: bytes) -> bytes:
        return await (await ask(client, provider.origin, text)).read()

    for _ in range(3):
        texts = [b"%d" % number for number in range(8)]
        assert await asyncio.gather(*map(echo, texts)) == texts
    assert provider.connections == 8


async def test_a_stream_comes_piece_by_piece(start, client, ask) -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.answer(STREAM + b"3\r\none\r\n")
        for piece in (b"3\r\ntwo\r\n", b"5\r\nthree\r\n", b"0\r\n\r\n"):
            await go_on.wait()
            go_on.clear()
            await peer.send(piece)
        await peer.left()

    provider = await start(script)
    response = await ask(client, provider.origin)
    pieces = []
    async for piece in response:
        pieces.append(piece)
        go_on.set()
        # The end is a piece of its own on the wire, and none for the reader.
    assert pieces == [b"one", b"two", b"three"]
    assert client.open_connections == 1


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"]
)
async def test_interim_answers_are_passed_over(start, client, ask, interim: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(interim)
        await peer.send(interim + OK)
        await peer.left()

    response = await ask(client, (await start(script)).origin)
    assert response.status == 200
    assert "link" not in response.headers
    assert await response.read() == b"hello"


async def test_a_redirect_is_an_answer_and_not_followed(start, client, ask) -> None:
    async def elsewhere(peer: Peer) -> None:
        await peer.answer()

    other = await start(elsewhere)

    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 307 Go\r\nlocation: %b/\r\ncontent-length: 0\r\n\r\n" % str(other.origin).encode())

    response = await ask(client, (await start(script)).origin)
    assert response.status == 307
    assert await response.read() == b""
    assert other.connections == 0


async def test_proxies_of_the_environment_are_ignored(start, new_client, ask, monkeypatch) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()

    proxy, provider = await start(script), await start(script)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, str(proxy.origin))
    assert (await ask(new_client(), provider.origin)).status == 200
    assert proxy.connections == 0


async def test_an_answer_may_end_with_its_connection(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.0 200 OK\r\n\r\nhello ")
        await peer.send(b"world")

    response = await ask(client, (await start(script)).origin)
    assert await response.read() == b"hello world"
    await until(lambda: client.open_connections == 0)


async def test_an_answer_without_a_body_frees_its_connection(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.answer(b"HTTP/1.1 204 No Content\r\n\r\n")

    provider = await start(script)
    for _ in range(3):
        assert await (await ask(client, provider.origin)).read() == b""
    assert provider.connections == 1


async def test_a_get_has_no_length(start, client) -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.answer())

    origin = (await start(script)).origin
    await (await client.send(origin, request_head("GET", origin, "/v1/models", []), b"", timeouts=Timeouts())).read()
    assert b"content-length" not in seen[0][0]


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1, 5_000_000])
async def test_a_large_body_arrives_whole(start, client, ask, size: int) -> None:
    async def script(peer: Peer) -> None:
        _, body = await peer.request()
        digest = hashlib.sha256(body).hexdigest().encode()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 64\r\n\r\n" + digest)
        await peer.answer()

    body = bytes(range(256)) * (size // 256 + 1)
    provider = await start(script)
    response = await ask(client, provider.origin, body)
    assert await response.read() == hashlib.sha256(body).hexdigest().encode()
    assert await (await ask(client, provider.origin)).read() == b"hello"
    assert provider.connections == 1


async def test_a_provider_may_refuse_a_large_body_unread(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}")
        await gone.wait()

    gone = asyncio.Event()
    response = await ask(client, (await start(script)).origin, bytes(32_000_000))
    assert response.status == 413
    assert await response.read() == b"{}"
    # The rest of the request was never sent, so nothing can follow it.
    await until(lambda: client.open_connections == 0)
    gone.set()


async def test_the_connection_goes_to_the_judged_address_and_the_name_stays_in_the_host(start, new_client, ask) -> None:
    seen: list[tuple[bytes, bytes]] = []
    lookups: list[str] = []

    async def script(peer: Peer) -> None:
        while True:
            seen.append(await peer.answer())

    async def resolve(host: str, port: int) -> Sequence[str]:
        lookups.append(host)
        return ["127.0.0.1"]

    client = new_client(EgressRules(["127.0.0.0/8"], resolve=resolve))
    origin = (await start(script)).origin._replace(host="api.example.com")
    for _ in range(2):
        await (await ask(client, origin)).read()
    assert b"host: api.example.com:%d\r\n" % origin.port in seen[0][0]
    assert lookups == ["api.example.com"]


async def test_the_next_address_is_tried_where_one_refuses(start, new_client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.99", "127.0.0.1"]

    client = new_client(EgressRules(["127.0.0.0/8"], resolve=resolve))
    origin = (await start(script)).origin._replace(host="api.example.com")
    assert await (await ask(client, origin)).read() == b"hello"


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]])
async def test_a_name_that_moves_to_a_private_address_is_not_called(start, new_client, ask, answers: list[str]) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()

    async def resolve(host: str, port: int) -> Sequence[str]:
        return replies.pop(0)

    replies = [["8.8.8.8"], answers]
    rules = EgressRules(resolve=resolve)
    client = new_client(rules)
    provider = await start(script)
    origin = provider.origin._replace(host="rebind.example.com")
    await rules.judge_url(str(origin))
    with pytest.raises(TollwayError) as caught:
        await ask(client, origin)
    assert caught.value.reason == Reason.REASON_EGRESS_DENIED
    assert provider.connections == client.open_connections == 0


async def test_an_address_is_judged_at_each_connection(start, new_client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()

    provider = await start(script)
    with pytest.raises(TollwayError) as caught:
        await ask(new_client(EgressRules()), provider.origin)
    assert caught.value.reason == Reason.REASON_EGRESS_DENIED
    assert provider.connections == 0


async def test_a_closed_client_sends_nothing(start, client, ask) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM)
        await peer.left()

    provider = await start(script)
    response = await ask(client, provider.origin)
    reading = asyncio.ensure_future(response.read())
    await asyncio.sleep(0)
    await client.close()
    assert client.open_connections == 0
    with pytest.raises(TollwayError) as caught:
        await reading
    assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED
    with pytest.raises(TollwayError) as caught:
        await ask(client, provider.origin)
    assert caught.value.reason == Reason.REASON_SHUTTING_DOWN
