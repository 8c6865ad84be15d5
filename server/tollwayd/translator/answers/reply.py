"""One HTTP response on its connection: the head, built as text, and the body, in as few writes as can be.

aiohttp's own response classes cost a third of the throughput; what they do beyond this (cookies, header objects) an
answer of this door does not need.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from tollwayd.translator.head.metadata import content_type_header, response_headers
from tollwayd.translator.request import HTTP_1_1

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from tollwayd.translator.answers.encoding import EncodedStream, Encoding
    from tollwayd.translator.request import Request

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {499: "Client Closed Request"}
_NOT_MODIFIED = 304
_WITHOUT_LENGTH = frozenset({204, _NOT_MODIFIED})  # RFC 9110, section 8.6.
_MAX_ZEROS: Final = 8  # Clients take 16 digits (curl), and a chunk is no larger than 8 of them can say.
_NONE: Final[Mapping[str, str]] = {}
_TRAILER = "grpc-trailer-"
_JOINED_BYTES = 64 * 1024  # Up to here one write of a joined copy is cheaper than two writes.
_HELD_BYTES: Final = 64 * 1024  # Of parts that wait for the others of their turn of the loop.


_NOTHING: Final[Any] = iter(())  # It is over, and stays so.


class _Done:
    """What is awaited where there is nothing to wait for: it costs a quarter of a coroutine, 0.05 us."""

    __slots__ = ()

    __await__ = _NOTHING.__iter__  # It gives itself, without a function of Python's.


_DONE: Final = _Done()


class Reply:
    """The response to one request: either `send`, or `start`, any number of `write`, and `end`.

    What `encoding` compresses goes out compressed where the client asks for it; `close` frees what that held.

    What is written in one turn of the loop goes out together, at its end: a write to a socket takes longer than all
    else that is done for a message of a stream, or for its end.

    `keep_alive` may be taken away before, and `extra` given: header lines that go out whatever the answer is. With
    `like_grpc_gateway` trailers go out to a client that has not said that it reads them, too. `started` says whether a
    head is out, `ended` whether all is; `writes` counts what went out. `bodiless` says that the answer is a head alone,
    whatever is written.
    """

    __slots__ = (
        "_chunked",
        "_client",
        "_encoded",
        "_encoding",
        "_held",
        "_held_bytes",
        "_knows_chunks",
        "_request",
        "_stall_seconds",
        "_zeros",
        "bodiless",
        "ended",
        "extra",
        "keep_alive",
        "like_grpc_gateway",
        "started",
        "writes",
    )

    def __init__(self, request: Request, stall_seconds: float, encoding: Encoding) -> None:
        self._request = request
        self._client = request.client
        self._knows_chunks = request.version == HTTP_1_1
        self._stall_seconds = stall_seconds
        self._encoding = encoding
        self._encoded: EncodedStream | None = None
        self._chunked = False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._zeros = 0
        self.bodiless = request.method == "HEAD"  # RFC 9110, section 9.3.2.
        self.keep_alive = request.keep_alive
        self.extra = ""
        self.like_grpc_gateway = False
        self.started = False
        self.ended = False
        self.writes = 0

    @property
    def connected(self) -> bool:
        """Whether the client is still there."""
        return self._client.transport is not None

    @property
    def can_nudge(self) -> bool:
        """Whether there is room for what means nothing: before an answer and between chunks."""
        return not self.started or (self._chunked and not self.bodiless and not self.ended)

    def close_if_unread(self) -> None:
        """Says in the answer that the connection ends, where the rest of the request is not going to be read."""
        body = self._request.body
        if body is not None and not body.whole:
            self.keep_alive = False

    def send(self, status: int, headers: str, body: bytes, trailers: Mapping[str, str] = _NONE) -> Awaitable[None]:
        """Sends a whole response. `headers` are lines, each with its line end; trailers as in `end`."""
        encoded = status == _NOT_MODIFIED or self._encoding.concerns(self._request, len(body))
        if encoded or (trailers and self._sends_trailers):
            return self._send(status, headers, body, trailers)
        self._write_whole(status, headers, body)
        return self._drain_slowly() if self._client.writing_paused else _DONE

    async def _send(self, status: int, headers: str, body: bytes, trailers: Mapping[str, str]) -> None:
        if self._encoding.concerns(self._request, len(body)):
            headers, body = await self._encoding.whole(self._request, headers, body)
        elif status == _NOT_MODIFIED:
            headers = self._encoding.revalidated(headers)
        if trailers and self._sends_trailers:
            fields = response_headers(trailers, _TRAILER)  # First of all: a field that cannot be sent is a defect.
            self._write(self._open(status, f"{headers}{_announcement(fields)}") + self._part(body))
            await self.end(trailers)
        else:
            self._write_whole(status, headers, body)
        await self.drain()

    def _write_whole(self, status: int, headers: str, body: bytes) -> None:
        length = "" if status in _WITHOUT_LENGTH else f"content-length: {len(body)}\r\n"
        head = self._head(status, headers, length)
        self.ended = True
        if self.bodiless:
            body = b""
        if len(body) <= _JOINED_BYTES:
            self._write(head + body)
        else:
            self._write(head)
            self._write(body)

    def start(self, status: int, headers: str, body: bytes) -> Awaitable[None]:
        """Sends the head and the first part of a body whose length nobody knows yet."""
        self._write(self._begin(status, headers) + self._part(body))
        return self.drain()

    def open(self, status: int, headers: str) -> None:
        """Sends the head, as `start` does, without waiting for anything."""
        self._write(self._begin(status, headers))

    def write(self, body: bytes) -> Awaitable[None]:
        """Sends a part of the body, and waits while the client does not keep up."""
        if body and not self.bodiless:
            self._hold(self._chunk(body if self._encoded is None else self._encoded.part(body)))
            if self._client.writing_paused:
                return self._drain_slowly()
        return _DONE

    def take(self, body: bytes) -> bool:
        """Sends a part of the body without waiting, if the client keeps up, and says whether it did."""
        client = self._client
        if client.writing_paused or (transport := client.transport) is None or transport.is_closing():
            return False
        if self._held:
            self._release()
        self.writes += 1
        if self._encoded is not None:
            body = self._encoded.part(body)
        if self._chunked and body:  # As in `_chunk`, whose frame each delta would pay for.
            self._zeros = 0
            body = b"%x\r\n%b\r\n" % (len(body), body)
        transport.write(body)
        return True

    def put(self, body: bytes) -> None:
        """Sends a small part of the body without waiting; nothing where the client does not keep up anyway."""
        if body and not self.bodiless and not self._client.writing_paused:
            self._release()
            self._write(self._part(body))

    async def end(self, trailers: Mapping[str, str]) -> None:
        """Ends the body, with trailers where the client said that it reads them (RFC 9110, section 6.5)."""
        fields = response_headers(trailers, _TRAILER) if trailers and self._sends_trailers else ""
        self.ended = True
        if self.bodiless:
            return
        last = b"" if self._encoded is None else self._chunk(self._encoded.end())
        if self._chunked:
            last += f"0\r\n{fields}\r\n".encode()
        if last := self._no_longer_held() + last:
            self._write(last)

    def close(self) -> None:
        """Frees what the answer held, however it ended."""
        self._release()
        if self._encoded is not None:
            self._encoded.close()

    def switch(self, headers: str) -> None:
        """Ends HTTP on the connection, which goes on in the protocol that the header lines name."""
        self.keep_alive = False
        self.started = True
        self._write(f"HTTP/1.1 101 {_PHRASES[101]}\r\n{headers}\r\n".encode())

    def nudge(self) -> bool:
        """Sends a few bytes that mean nothing, which a client that has left resets the connection on; False where there
        is no room for them. Before the answer they are an interim response, which clients drop (RFC 9110, section
        15.2.1), between chunks a leading zero of the next one's size (RFC 9112, section 7.1).
        """
        transport = self._client.transport
        if transport is None or not (self._knows_chunks and self.can_nudge) or self._zeros == _MAX_ZEROS:
            return False
        self._release()
        self._zeros += self.started
        transport.write(b"0" if self.started else CONTINUE)
        return True

    def abort(self) -> None:
        """Cuts the connection, so that the client cannot take the answer for a whole one."""
        self.keep_alive = False
        self._release()
        if (transport := self._client.transport) is not None:
            transport.abort()

    @property
    def _sends_trailers(self) -> bool:
        te = self._request.headers.get("te")
        return self._knows_chunks and (self.like_grpc_gateway or (te is not None and "trailers" in te.lower()))

    def _begin(self, status: int, headers: str) -> bytes:
        headers, self._encoded = self._encoding.stream(self._request, headers)
        return self._open(status, headers)

    def _open(self, status: int, headers: str) -> bytes:
        self._chunked = self._knows_chunks
        if not self._chunked:
            self.keep_alive = False  # HTTP/1.0 knows no other end of such a body than the connection's.
        framing = "transfer-encoding: chunked\r\n" if self._chunked else ""
        return self._head(status, headers, framing)

    def _head(self, status: int, headers: str, framing: str) -> bytes:
        self.started = True
        connection = "" if self.keep_alive and self._knows_chunks else self._connection_header()
        return f"{_first_lines(status, int(time.time()))}{headers}{self.extra}{connection}{framing}\r\n".encode()

    def _connection_header(self) -> str:
        if not self.keep_alive:
            return "connection: close\r\n"
        return "connection: keep-alive\r\n"  # HTTP/1.0 has to be told.

    def _part(self, body: bytes) -> bytes:
        if self.bodiless:
            return b""
        if self._encoded is not None:
            body = self._encoded.part(body)
        return self._chunk(body)

    def _chunk(self, body: bytes) -> bytes:
        if not self._chunked:
            return body
        self._zeros = 0
        return b"%x\r\n%b\r\n" % (len(body), body) if body else b""

    def _write(self, part: bytes) -> None:
        transport = self._client.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self.writes += 1
        transport.write(part)

    def _hold(self, part: bytes) -> None:
        """Writes with what else is written in this turn of the loop."""
        transport = self._client.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self.writes += 1
        if not self._held:
            asyncio.get_running_loop().call_soon(self._release)
        self._held.append(part)
        self._held_bytes += len(part)
        if self._held_bytes > _HELD_BYTES or self._client.writing_paused:
            self._release()

    def _release(self) -> None:
        """Writes what is held; nothing where the client has left."""
        if self._held and (transport := self._client.transport) is not None:
            transport.write(self._no_longer_held())

    def _no_longer_held(self) -> bytes:
        held, self._held, self._held_bytes = self._held, [], 0
        return b"".join(held)

    def drain(self) -> Awaitable[None]:
        """Waits while the client does not keep up; ConnectionError where it takes nothing at all for too long."""
        return self._drain_slowly() if self._client.writing_paused else _DONE

    async def _drain_slowly(self) -> None:
        """Waits until the client has read, and cuts one that takes nothing at all for too long."""
        transport = self._client.transport
        assert transport is not None
        drained = self._client.drained()
        try:
            left = transport.get_write_buffer_size()
            while not (await asyncio.wait((drained,), timeout=self._stall_seconds))[0]:
                if transport.get_write_buffer_size() >= left:
                    self.abort()
                    raise ConnectionAbortedError("the client takes nothing")
                left = transport.get_write_buffer_size()
            drained.result()
        finally:
            drained.cancel()


def answer_headers(call_id: str, content_type: str, metadata: Mapping[str, str], prefix: str = "") -> str:
    """The header lines of a call's answer; its metadata's names have the prefix."""
    declared = response_headers(metadata, prefix) if metadata else ""
    return f"x-request-id: {call_id}\r\n{content_type_header(content_type)}{declared}"


def _announcement(fields: str) -> str:
    """The Trailer field (RFC 9110, section 6.6.2) for trailers that are lines already."""
    names = ", ".join(field.partition(":")[0] for field in fields.split("\r\n")[:-1])
    return f"trailer: {names}\r\n" if names else ""


@lru_cache(maxsize=16)
def _first_lines(status: int, second: int) -> str:
    return f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\ndate: {formatdate(second, usegmt=True)}\r\n"
