"""An HTTP/1.1 client that does nothing but measure: one request, encoded once, sent again and again."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httptools

from tollwayd.bench.arithmetic import Request

STAMP_MARK: Final = b"@"
STAMP_DIGITS: Final = 19
"""Behind the mark: nanoseconds of the Unix epoch, at which provider.py sent a token."""

TIMEOUT_SECONDS: Final = 30.0


class Target(NamedTuple):
    """Where requests go, and their bytes."""

    host: str
    port: int
    tls: bool
    request: bytes

    @classmethod
    def of(cls, url: str, path: str, key: str, body: bytes) -> Target:
        """A POST of JSON below a URL such as `http://127.0.0.1:8081`. ValueError where it is none."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("it has to be a URL that begins with http:// or https://")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        head = (
            f"POST {parts.path.rstrip('/')}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nUser-Agent: tollway-bench\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return cls(parts.hostname, port, parts.scheme == "https", head.encode() + body)


class Connection(asyncio.Protocol):
    """A connection that is kept. `ask` sends the request once more; `ways` are as of `loads.opened`."""

    def __init__(self, target: Target, ways: list[tuple[int, int]] | None = None) -> None:
        self._target = target
        self._ways = ways
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[bool] | None = None

    async def ask(self, intended: int) -> Request:
        """One request, and what became of it; `intended` is when it was due, by `time.time_ns`. A lost connection is
        made anew the next time."""
        sent = time.time_ns()
        self._first = 0
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                if self._transport is None:
                    await self._connect()
                assert self._transport is not None
                self._answered = asyncio.get_running_loop().create_future()
                self._transport.write(self._target.request)
                ok = await self._answered
        except (OSError, TimeoutError):
            self.close()
            ok = False
        return Request(intended, sent, self._first, time.time_ns(), ok)

    def close(self) -> None:
        """Closes it; what is asked has failed."""
        if self._transport:
            self._transport.abort()
        self.connection_lost(None)

    async def _connect(self) -> None:
        target = self._target
        tls = ssl.create_default_context() if target.tls else None
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, target.host, target.port, ssl=tls)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Of asyncio."""
        self._transport = None
        self._settle(ok=False)

    def on_body(self, body: bytes) -> None:
        """Of httptools."""
        now = time.time_ns()
        self._first = self._first or now
        if self._ways is None:
            return
        for part in body.split(STAMP_MARK)[1:]:
            if (digits := part[:STAMP_DIGITS]).isdigit() and len(digits) == STAMP_DIGITS:
                self._ways.append((now, now - int(digits)))

    def on_message_complete(self) -> None:
        """Of httptools."""
        self._settle(ok=self._parser.get_status_code() == 200)

    def _settle(self, *, ok: bool) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_result(ok)
