"""A request as it goes out on the wire, over HTTP/1.1 or as a gRPC call over HTTP/2."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAME_BYTES = 16_384
"""Of an HTTP/2 frame, at most, unless the other side says otherwise (RFC 9113, 4.2)."""

DATA, HEADERS = 0, 1
END_STREAM, END_HEADERS = 1, 4


class Request(NamedTuple):
    """A POST to a port of loopback. Whoever answers with fewer than `least` bytes of a body has not answered it."""

    port: int
    path: str
    body: bytes
    key: str = "none"
    grpc: bool = False
    least: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    """Of HTTP/1.1, more than all requests have."""

    @property
    def protocol(self) -> int:
        """The version of HTTP."""
        return 2 if self.grpc else 1

    def encoded(self) -> bytes:
        """All its bytes: over HTTP/1.1 from the request line on, over HTTP/2 its frames, for a stream of id 0."""
        return b"".join(_frames(self)) if self.grpc else _http1(self)


def _http1(request: Request) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
    head = (
        f"POST {request.path} HTTP/1.1\r\nHost: 127.0.0.1:{request.port}\r\nAuthorization: Bearer {request.key}\r\n"
        # Anthropic's SDK sends the version; others take no notice of it.
        "Content-Type: application/json\r\nAccept: application/json\r\nanthropic-version: 2023-06-01\r\n"
        f"User-Agent: bench\r\n{more}Content-Length: {len(request.body)}\r\n\r\n"
    )
    return head.encode() + request.body


def _frames(request: Request) -> Iterator[bytes]:
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": request.path,
        ":authority": f"127.0.0.1:{request.port}",
        "content-type": "application/grpc",
        "te": "trailers",
        "user-agent": "bench",
        "authorization": f"Bearer {request.key}",
    }
    yield _frame(HEADERS, END_HEADERS, b"".join(_literal(*field) for field in fields.items()))
    body = b"\0" + struct.pack(">I", len(request.body)) + request.body
    for start in range(0, len(body), FRAME_BYTES):
        last = start + FRAME_BYTES >= len(body)
        yield _frame(DATA, END_STREAM if last else 0, body[start : start + FRAME_BYTES])


def _frame(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags, 0, 0, 0, 0)) + payload


def _literal(name: str, value: str) -> bytes:
    """A field that stays out of the table of either side (RFC 7541, 6.2.2), so that every call's bytes are the same."""
    return b"\0" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    assert len(text) < 127  # A longer one's length takes more than a byte (RFC 7541, 5.1).
    return bytes((len(text),)) + text.encode()
