"""Both REST ports, byte by byte: what is malformed gets one answer and runs nothing, what is slow is cut."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from contextlib import suppress
from urllib.request import Request

import pytest

from tests.running.gateway import ADMIN_KEY, send
from tests.wire.http1 import TIMEOUT, connect, request

CANARY = b"canary-of-the-request"
PORTS = ("admin_http", "proxy_http")

_numbers = itertools.count(1)


class Target:
    """A request that would do something on a port, and whether it did."""

    def __init__(self, gateway, tenant, provider, port: str) -> None:
        host, _, number = gateway.addresses[port].rpartition(":")
        self.address = host, int(number)
        self.admin, self.provider, self.port = gateway.admin(), provider, port
        if port == "admin_http":
            self.name = f"wire-{next(_numbers)}"
            self.path, secret, body = f"/v1/tenants?tenant_id={self.name}", ADMIN_KEY, {"displayName": CANARY.decode()}
        else:
            messages = [{"role": "user", "content": CANARY.decode()}]
            self.path, secret, body = "/v1/chat/completions", tenant.key(), {"model": "gpt", "messages": messages}
        self.fields = f"Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n".encode()
        self.body = json.dumps(body).encode()

    def __call__(self, *fields: str, body: bytes | None = None, version: str = "1.1", method: str = "POST") -> bytes:
        """The request with these fields of framing, and this body instead of its own."""
        lines = b"".join(field.encode("latin-1") + b"\r\n" for field in fields)
        start = f"{method} {self.path} HTTP/{version}\r\nHost: test\r\n".encode()
        return start + self.fields + lines + b"\r\n" + (self.body if body is None else body)

    async def ran(self) -> bool:
        """Whether the request reached its method."""
        if self.port == "proxy_http":
            return bool(self.provider.requests)
        request = Request(f"{self.admin.url}/v1/tenants/{self.name}", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
        status, _ = await asyncio.to_thread(send, request)
        return status == 200


@pytest.fixture(params=PORTS)
def target(request, gateway, tenant, provider):
    return Target(gateway, tenant, provider, request.param)


def length(of: Target, form: str = "{}") -> str:
    return "Content-Length: " + form.format(len(of.body))


def chunked(of: Target, size: str = "{:x}", *, after: bytes = b"\r\n", end: bytes = b"0\r\n\r\n") -> bytes:
    return size.format(len(of.body)).encode() + b"\r\n" + of.body + after + end


TE = "Transfer-Encoding: chunked"

FRAMING = {
    "length and chunks": lambda t: t(length(t), TE, body=chunked(t)),
    "two lengths alike": lambda t: t(length(t), length(t)),
    "two lengths": lambda t: t(length(t), "Content-Length: 3"),
    "length with a sign": lambda t: t(length(t, "+{}")),
    "negative length": lambda t: t(length(t, "-{}")),
    "hexadecimal length": lambda t: t(length(t, "{:#x}")),
    "list of lengths": lambda t: t(length(t, "{0}, {0}")),
    "huge length": lambda t: t("Content-Length: 99999999999999999999999"),
    "length that is no number": lambda t: t("Content-Length: canary-of-the-request"),
    "another coding": lambda t: t("Transfer-Encoding: xchunked", body=chunked(t)),
    "chunked is not last": lambda t: t("Transfer-Encoding: chunked, identity", body=chunked(t)),
    "space before the colon": lambda t: t("Transfer-Encoding : chunked", body=chunked(t)),
    "chunked twice": lambda t: t(TE, TE, body=chunked(t)),
    "chunked twice in one": lambda t: t("Transfer-Encoding: chunked, chunked", body=chunked(t)),
    "chunks on HTTP/1.0": lambda t: t(TE, body=chunked(t), version="1.0"),
    "chunk size 0x": lambda t: t(TE, body=chunked(t, "{:#x}")),
    "chunk size with a sign": lambda t: t(TE, body=chunked(t, "+{:x}")),
    "negative chunk size": lambda t: t(TE, body=chunked(t, "-{:x}")),
    "huge chunk size": lambda t: t(TE, body=chunked(t, "fffffffffffffffff")),
    "no chunk size": lambda t: t(TE, body=chunked(t, "")),
    "chunk without line end": lambda t: t(TE, body=chunked(t, after=b"")),
    "chunk without CR": lambda t: t(TE, body=chunked(t).replace(b"\r\n", b"\n")),
    "trailers of 200 fields": lambda t: t(TE, body=chunked(t, end=b"0\r\n" + b"A: b\r\n" * 200 + b"\r\n")),
    "a trailer without a colon": lambda t: t(TE, body=chunked(t, end=b"0\r\n" + CANARY + b"\r\n\r\n")),
}
SYNTAX = {
    "bare LF": lambda t: t(length(t)).replace(b"\r\n", b"\n"),
    "bare CR": lambda t: t(length(t), "A: b\rc"),
    "folded header": lambda t: t(length(t), "A: b\r\n c"),
    "NUL in a value": lambda t: t(length(t), "A: b\0c"),
    "header without a name": lambda t: t(length(t), ": b"),
    "no colon": lambda t: t(length(t), "canary-of-the-request"),
    "two hosts": lambda t: t(length(t), "Host: other"),
    "no host": lambda t: t(length(t)).replace(b"Host: test\r\n", b""),
    "another host in the target": lambda t: t(length(t)).replace(b" /v1", b" http://other/v1"),
    "header of 9 KB": lambda t: t(length(t), f"A: {'b' * 9000}"),
    "200 headers": lambda t: t(length(t), *["A: b"] * 200),
    "path of 64 KB": lambda t: t(length(t)).replace(b" HTTP", b"a" * 65536 + b" HTTP"),
    "no version": lambda t: t(length(t)).replace(b" HTTP/1.1", b""),
    "version 3": lambda t: t(length(t), version="3.0"),
    "HTTP/2": lambda t: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + t(length(t)),
    "TLS": lambda t: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + t(length(t)),
}
PATHS = {
    "dots": "/v1/%2e%2e{0}",
    "plain dots": "/v1/..{0}",
    "two slashes": "/{0}",
    "a parameter": "/v1;a=b{0}",
    "encoded slash": "/v1%2F{1}",
    "over-long UTF-8": "/v1/%c0%af/..{0}",
    "broken escape": "/v1/%zz{0}",
    "upper case": "/V1/{1}",
    "a colon more": "{0}:",
    "NUL": "/v1%00/{1}",
}


async def only_answer(target, data: bytes):
    """The one answer to what is refused; the connection is closed behind it."""
    async with connect(target.address) as connection:
        await connection.send(data)
        answer = await connection.response()
        assert await connection.rest() == b""
    assert CANARY not in answer.body
    assert CANARY.decode() not in str(answer.headers)
    error = json.loads(answer.body)
    assert (error.get("error") or error)["message"]
    assert answer.headers["x-request-id"]
    assert not any(name.startswith("access-control") for name in answer.headers)
    return answer


@pytest.mark.parametrize("row", [*FRAMING.values(), *SYNTAX.values()], ids=[*FRAMING, *SYNTAX])
async def test_what_is_malformed_gets_one_answer_and_runs_nothing(target, row):
    answer = await only_answer(target, row(target))
    assert 400 <= answer.status < 500 or answer.status in {501, 505}
    assert answer.headers["connection"] == "close"
    assert not await target.ran()


@pytest.mark.parametrize("row", PATHS.values(), ids=PATHS)
async def test_no_spelling_of_a_path_but_its_own_runs_it(target, row):
    path, mark, query = target.path.partition("?")
    data = target(length(target), "Connection: close")
    spelled = row.format(path, path.removeprefix("/v1/")) + mark + query
    answer = await only_answer(target, data.replace(target.path.encode(), spelled.encode(), 1))
    assert answer.status in {400, 404}
    assert not await target.ran()


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
async def test_a_method_is_overridden_by_no_header(target, override):
    answer = await only_answer(target, target(length(target), "Connection: close", f"{override}: POST", method="PUT"))
    assert answer.status == 405
    assert not await target.ran()


SOUND = {
    "a length": lambda t: t(length(t)),
    "chunks": lambda t: t(TE, body=chunked(t)),
    "a length on HTTP/1.0": lambda t: t(length(t), version="1.0"),
    "an offer of h2c": lambda t: t(length(t), "Connection: close, upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
    "trailers": lambda t: t(TE, body=chunked(t, end=b"0\r\nAuthorization: Bearer other\r\nHost: other\r\n\r\n")),
    "what a proxy adds": lambda t: t(length(t), "X-Forwarded-For: other", "X-Request-Id: other", "X_Tenant: other"),
}


@pytest.mark.parametrize("row", SOUND.values(), ids=SOUND)
async def test_what_is_sound_runs(target, row):
    async with connect(target.address) as connection:
        await connection.send(row(target))
        answer = await connection.response()
        assert answer.status == 200, answer.body
        assert answer.headers["x-request-id"] != "other"
    assert await target.ran()


async def test_nothing_is_read_out_of_a_body_that_is_refused(target):
    """A second request in the body of one that is malformed is no request."""
    for row in (FRAMING["length and chunks"], FRAMING["two lengths"], FRAMING["chunks on HTTP/1.0"]):
        await only_answer(target, row(target) + target(length(target)))
    assert not await target.ran()


async def slow(target, start: bytes, *, drip: bytes = b"") -> tuple[bytes, float]:
    """What is said to a client that sends no more than a byte each second, and after how many seconds."""
    begun = time.monotonic()
    async with connect(target.address) as connection:
        await connection.send(start)
        said = asyncio.ensure_future(connection.reader.read())
        while not (await asyncio.wait((said,), timeout=1))[0] and time.monotonic() - begun < 20:
            await connection.send(drip)
        return await asyncio.wait_for(said, TIMEOUT), time.monotonic() - begun


async def test_what_is_slow_is_cut(gateway, tenant, provider):
    await asyncio.gather(*(cut_when_slow(Target(gateway, tenant, provider, port)) for port in PORTS))


async def cut_when_slow(target) -> None:
    head, body = target(length(target)).split(b"\r\n\r\n")
    begun = [
        slow(target, head),
        slow(target, head[:50], drip=b"a"),
        slow(target, target("Content-Length: 1000"), drip=b" "),
        slow(target, target(TE, body=b"1000\r\n" + body), drip=b" "),
    ]
    heads, bodies = (results := await asyncio.gather(*begun))[:2], results[2:]
    for said, seconds in heads:
        assert said == b""
        assert 9 < seconds < 12
    for said, seconds in bodies:
        assert said.startswith(b"HTTP/1.1 408 ")
        assert said.count(b"HTTP/1.1") == 1
        assert CANARY not in said
        assert 9 < seconds < 15
    assert not await target.ran()


async def test_an_admin_call_ends_when_its_client_leaves(gateway):
    asked, closed = asyncio.Event(), asyncio.Event()

    async def silent(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        with suppress(ConnectionError):
            assert await reader.read() == b""
        closed.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        tenant = await asyncio.to_thread(gateway.admin().tenant)
        url = "http://{}:{}".format(*server.sockets[0].getsockname())
        await asyncio.to_thread(tenant.provider, "openai", url)
        host, _, number = gateway.addresses["admin_http"].rpartition(":")
        async with connect((host, int(number))) as connection:
            fields = f"authorization: Bearer {ADMIN_KEY}"
            await connection.send(request("POST", f"/v1/{tenant.name}/providers/openai:test", fields, body=b"{}"))
            await asyncio.wait_for(asked.wait(), TIMEOUT)
            left = time.monotonic()
            await connection.abort()
            await asyncio.wait_for(closed.wait(), TIMEOUT)
    assert time.monotonic() - left < 0.1
