"""Requests out of the bytes of one connection: llhttp reads them, and what it leaves open is closed here."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from tollwayd.core.errors import Reason
from tollwayd.translator.limits import MAX_FIELD_BYTES, MAX_HEADERS, MAX_LINE_BYTES
from tollwayd.translator.listeners.lean.body import Body
from tollwayd.translator.listeners.lean.memo import Memo
from tollwayd.translator.request import HTTP_1_1, SINGLE_FIELDS, BrokenBody, Request, readable

if TYPE_CHECKING:
    from tollwayd.translator.listeners.lean.connection import Connection

MAX_REQUESTS: Final = 32
"""Requests that wait for the one before them; what comes behind is kept as bytes."""

_SLICE_BYTES: Final = 16 * 1024
"""What is parsed at once, as llhttp does not stop where enough requests wait: 500 of the shortest."""

_NAMES_KEPT: Final = 1024
_LETTERS_KEPT: Final = 128
"""Names of fields up to here are remembered. A thousand made-up ones of 8 KiB would be 16 MB that nobody gives back."""

_USUAL_BYTES: Final = MAX_FIELD_BYTES - _LETTERS_KEPT

_names: Final[dict[bytes, str]] = {}
_methods: Final[dict[bytes, str]] = {}


class RequestParser:
    """`feed` puts requests into `requests`, each when its head is whole, and behind them a Reason where what came is
    none. Then, and behind a request that may switch to another protocol, it reads no more: `resume` does, with what
    waits. `in_head` says that a head has begun and is not whole.
    """

    __slots__ = (
        "_body",
        "_client",
        "_empty_chunk",
        "_headers",
        "_memo",
        "_parser",
        "_pending",
        "_reason",
        "_repeated",
        "_target",
        "_unframed",
        "in_head",
        "requests",
        "rest",
        "switches",
    )

    def __init__(self, client: Connection) -> None:
        self._client = client
        self._memo = Memo(client)
        self._parser = HttpRequestParser(self)
        self.requests: Final[deque[Request | Reason]] = deque()
        self.in_head = False
        self._target = b""
        self._headers: dict[str, str] = {}
        self._repeated = 0
        self._body: Body | None = None
        self._empty_chunk = False
        self._pending = 0
        self._reason: Reason | None = None
        self.rest = b""
        self.switches = False
        self._unframed: Request | None = None

    def feed(self, data: bytes) -> None:
        """Something has come."""
        if self._reason is not None:
            return
        if self.rest or self.switches or len(self.requests) >= MAX_REQUESTS:
            self.rest += data
        elif self.in_head or self._body is not None:
            self._parse_all(data)
        elif (request := self._memo.again(data)) is not None:
            self.requests.append(request)
        else:
            before = len(self.requests)
            self._parse_all(data)
            if len(self.requests) == before + 1 and isinstance(last := self.requests[-1], Request):
                self._memo.keep(data, last)

    def resume(self) -> None:
        """Parses what waits, as far as there is room for requests now."""
        if not self.switches:
            self._parse_all(self.rest)

    def decline(self) -> None:
        """The request that could have switched to another protocol has not."""
        self.switches = False

    def take_rest(self) -> bytes:
        """What came behind a request that has switched to another protocol."""
        rest, self.rest = self.rest, b""
        return rest

    def end(self) -> None:
        """Nothing more will come: a body that is not whole is broken."""
        self._break_body(BrokenBody())

    def close(self) -> None:
        """The client is gone."""
        self._break_body(ConnectionResetError("the client is gone"))
        self.rest = b""
        # What holds this parser, or the connection that does, would wait for a garbage collection.
        self.requests.clear()
        del self._parser, self._memo, self._client

    def _break_body(self, error: Exception) -> None:
        if self._body is not None:
            self._body.fail(error)
            self._body = None

    def _parse_all(self, data: bytes) -> None:
        view, place = memoryview(data), 0
        while place < len(data) and not self.switches and self._reason is None and len(self.requests) < MAX_REQUESTS:
            place += self._parse(view[place : place + _SLICE_BYTES])
        self.rest = data[place:] if self._reason is None else b""

    def _parse(self, data: bytes | memoryview) -> int:
        """How many of the bytes were parsed; the rest is behind a head that asks for another protocol."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._pass_over_upgrade()
            return int(upgrade.args[0])
        except HttpParserError:
            self._refuse(self._reason or Reason.REASON_REQUEST_MALFORMED)
        else:
            if self.in_head or self._empty_chunk:
                self._check_unfinished(bytes(data))
        return len(data)

    def _pass_over_upgrade(self) -> None:
        """Goes on behind a head that asks for another protocol: llhttp takes it for a request without a body."""
        if self._unframed is not None:
            self._parser = HttpRequestParser(self)
            self._parser.feed_data(_head_of(self._unframed))

    def _check_unfinished(self, data: bytes) -> None:
        """Refuses a field that is too long before all of it is there: httptools keeps what came of it."""
        end = data.rfind(b"\n") + 1
        self._pending = len(data) - end + (0 if end else self._pending)
        if self._pending > 2 * MAX_FIELD_BYTES:
            self._refuse(Reason.REASON_HEADERS_TOO_LARGE)

    def _refuse(self, reason: Reason) -> None:
        """Takes no more. Of a request whose body is not whole nothing is to run, or nothing more; nor of one that said
        that it is the last, where something comes with it: a body without a length, perhaps.
        """
        self._reason = reason
        self.in_head = self._empty_chunk = False
        last = self.requests[-1] if self.requests else None
        if isinstance(last, Request) and (not last.keep_alive or (last.body and last.body is self._body)):
            self.requests.pop()
        self._break_body(BrokenBody())
        self.requests.append(reason)

    def on_message_begin(self) -> None:
        """llhttp: a head begins."""
        self.in_head = True
        self._target = b""
        self._headers = {}
        self._repeated = self._pending = 0

    def on_url(self, part: bytes) -> None:
        """llhttp: a part of the target."""
        self._target += part
        if len(self._target) > MAX_LINE_BYTES:
            raise self._fault(Reason.REASON_TARGET_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: a field, or one of the trailers, which nobody reads."""
        headers = self._headers
        known = _names.get(name) or self._name(name, value)
        if known in headers or len(headers) == MAX_HEADERS or len(value) > _USUAL_BYTES:
            self._add(known, name, value)
            return
        # llhttp leaves the white space behind a value.
        value = value.rstrip(b" \t")
        try:
            headers[known] = value.decode()
        except UnicodeDecodeError:
            headers[known] = readable(value)

    def _add(self, known: str, name: bytes, value: bytes) -> None:
        """What is seldom: a field that is long, or one more of a name, or too many."""
        headers = self._headers
        if len(name) + len(value) > MAX_FIELD_BYTES or len(headers) + self._repeated >= MAX_HEADERS:
            raise self._fault(Reason.REASON_HEADERS_TOO_LARGE)
        text = readable(value.rstrip(b" \t"))
        if known in headers:
            if known in SINGLE_FIELDS and self.in_head:
                raise self._fault(Reason.REASON_REQUEST_MALFORMED)
            self._repeated += 1
            text = f"{headers[known]}, {text}"
        headers[known] = text

    def _name(self, raw: bytes, value: bytes) -> str:
        if len(raw) + len(value) > MAX_FIELD_BYTES:
            raise self._fault(Reason.REASON_HEADERS_TOO_LARGE)
        name = raw.decode("ascii").lower()
        if len(raw) <= _LETTERS_KEPT:
            if len(_names) == _NAMES_KEPT:  # Of somebody who makes names up: they are not to stay for ever.
                _names.clear()
            _names[raw] = name
        return name

    def on_headers_complete(self) -> None:
        """llhttp: the head is whole."""
        self.in_head = False
        if self._unframed is not None:  # The head of `_head_of`.
            self._unframed = None
            return
        parser, headers = self._parser, self._headers
        self._headers = {}  # For trailers.
        version = parser.get_http_version()
        if version == HTTP_1_1 and "host" not in headers:
            raise self._fault(Reason.REASON_REQUEST_MALFORMED)
        if self._repeated and len(headers) + self._repeated > MAX_HEADERS:
            raise self._fault(Reason.REASON_HEADERS_TOO_LARGE)
        name = parser.get_method()
        method = _methods.get(name) or _methods.setdefault(name, name.decode())
        target = self._target.decode("utf-8", "surrogateescape")
        # llhttp has let through digits alone, and no other coding than one that ends with chunks.
        framed = "transfer-encoding" in headers or int(headers.get("content-length", "0"))
        self._body = body = Body(self._client) if framed else None
        request = Request(method, target, version, headers, body, self._client, parser.should_keep_alive())
        self.requests.append(request)
        if ("upgrade" in headers or method == "CONNECT") and parser.should_upgrade():
            self._note_upgrade(request)

    def on_body(self, part: bytes) -> None:
        """llhttp: a part of the body."""
        assert self._body is not None
        self._empty_chunk = False
        self._body.feed(part)

    def on_chunk_header(self) -> None:
        """llhttp: a chunk begins, or behind the last one come the trailers."""
        self._empty_chunk = True
        self._pending = 0

    def on_message_complete(self) -> None:
        """llhttp: the request is whole, or its head where it asks for another protocol."""
        self._empty_chunk = False
        if self._body is not None and self._unframed is None:
            self._body.end()
            self._body = None

    def _note_upgrade(self, request: Request) -> None:
        """A body belongs to the request, whatever it asks for (RFC 9110, section 7.8). Behind one without a body may be
        what is HTTP no more.
        """
        if request.body is not None:
            self._unframed = request
        elif request.method == "CONNECT" or request.headers.get("upgrade", "").lower() == "websocket":
            self.switches = True

    def _fault(self, reason: Reason) -> HttpParserError:
        """What a callback raises, which ends the parsing."""
        self._reason = reason
        return HttpParserError()


def _head_of(request: Request) -> bytes:
    """A head with the same framing as the request's, and nothing else."""
    length = request.headers.get("content-length")
    framing = f"content-length: {length}" if length is not None else "transfer-encoding: chunked"
    return f"POST / HTTP/1.1\r\nhost: -\r\n{framing}\r\n\r\n".encode()
