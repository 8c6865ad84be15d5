"""From a connection's bytes to requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import httptools

from tollwayd.mock.journal import Received

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_HEAD_BYTES = 64 * 1024
"""More than any vendor takes in headers."""

MAX_BODY_BYTES = 128 * 1024 * 1024
"""More than any vendor takes, so that a vendor's own limit can be played by a script."""


class BadRequestError(Exception):
    """The bytes are no request, or too many. `status` is 400, 413 or 431."""

    def __init__(self, status: int) -> None:
        self.status = status


class RequestReader:
    """Parses requests. `deliver` gets each whole one, `expected` is called for a client that waits for 100 Continue."""

    def __init__(self, connection: int, deliver: Callable[[Received], None], expected: Callable[[], None]) -> None:
        self._connection = connection
        self._deliver = deliver
        self._expected = expected
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def feed(self, content: bytes) -> None:
        """Takes the next bytes of the connection. BadRequestError; the connection cannot be read any further then."""
        try:
            self._parser.feed_data(content)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(content[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            # What a callback raises is the context of httptools' own error.
            raise (
                error.__context__ if isinstance(error.__context__, BadRequestError) else BadRequestError(400)
            ) from error

    def on_url(self, url: bytes) -> None:
        """httptools: a part of the request's target."""
        self._target += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a header."""
        self._count_head(len(name) + len(value))
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """httptools: the head's end."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self._expected()

    def on_body(self, body: bytes) -> None:
        """httptools: a part of the body."""
        self._body += body
        if len(self._body) > MAX_BODY_BYTES:
            raise BadRequestError(413)

    def on_message_complete(self) -> None:
        """httptools: the request's end, or that of its head where it asks for an upgrade."""
        if self._parser.should_upgrade():
            return
        target = httptools.parse_url(bytes(self._target))
        version = self._parser.get_http_version()
        received = Received(
            method=self._parser.get_method().decode("ascii"),
            path=unquote((target.path or b"/").decode("latin-1")),
            query=dict(parse_qsl((target.query or b"").decode("latin-1"))),
            headers=self._headers,
            body=bytes(self._body),
            connection=self._connection,
            http_version=version,
            keeps_alive=version == "1.1" and self._parser.should_keep_alive(),
        )
        self._begin()
        self._deliver(received)

    def _ignore_upgrade(self, rest: bytes) -> None:
        # A server may ignore an upgrade (RFC 9110 section 7.8), and Java's client offers HTTP/2 to everybody. For an
        # upgrade the parser skips the body, so it gets the head once more without.
        method, target, headers = self._parser.get_method(), bytes(self._target), self._headers
        if method == b"CONNECT":
            raise BadRequestError(405)
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name != "upgrade")
        self._parser = httptools.HttpRequestParser(self)
        self._begin()
        self.feed(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, target, fields.encode("latin-1"), rest))

    def _begin(self) -> None:
        self._target = bytearray()
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._head_bytes = 0

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise BadRequestError(431)
