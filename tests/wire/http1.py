"""HTTP/1.1 by hand, for what a client library would not send, or would hide."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

TIMEOUT = 10


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes = b""
    chunks: tuple[bytes, ...] = ()
    trailers: tuple[str, ...] = ()


class Connection:
    """One connection. Reading fails after TIMEOUT seconds, so that no test hangs."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def line(self) -> bytes:
        return (await asyncio.wait_for(self.reader.readline(), TIMEOUT)).removesuffix(b"\r\n")

    async def exactly(self, size: int) -> bytes:
        """So many bytes, no fewer."""
        return await asyncio.wait_for(self.reader.readexactly(size), TIMEOUT)

    async def head(self) -> Response:
        """The status and headers of the next response."""
        _, status, *_ = (await self.line()).split(b" ", 2)
        headers = {}
        while line := await self.line():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return Response(int(status), headers)

    async def chunk(self) -> bytes:
        """The next chunk, empty for the last."""
        size = int(await self.line(), 16)
        if not size:
            return b""
        return (await self.exactly(size + 2))[:-2]

    async def response(self) -> Response:
        """The next whole response."""
        found = await self.head()
        await self.body(found)
        return found

    async def body(self, found: Response) -> None:
        """Reads the body of a response whose head is read."""
        if found.headers.get("transfer-encoding") == "chunked":
            chunks = []
            while chunk := await self.chunk():
                chunks.append(chunk)
            trailers = []
            while line := await self.line():
                trailers.append(line.decode())
            found.chunks, found.trailers, found.body = tuple(chunks), tuple(trailers), b"".join(chunks)
        elif "content-length" in found.headers:
            found.body = await self.exactly(int(found.headers["content-length"]))
        else:
            found.body = await self.rest()

    async def rest(self) -> bytes:
        """Everything until the server closes the connection; ConnectionError where it breaks it."""
        return await asyncio.wait_for(self.reader.read(), TIMEOUT)

    async def abort(self) -> None:
        """Leaves without a word."""
        self.writer.transport.abort()


@asynccontextmanager
async def connect(address):
    """A connection to (host, port)."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection(*address), TIMEOUT)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    """A GET request."""
    return request("GET", path, *headers, version=version)


def request(method: str, path: str, *headers: str, body: bytes | None = None, version: str = "1.1") -> bytes:
    """A request; with a body, its content-length too."""
    length = [] if body is None else [f"content-length: {len(body)}"]
    lines = [f"{method} {path} HTTP/{version}", "host: test", *headers, *length, "", ""]
    return "\r\n".join(lines).encode() + (body or b"")
