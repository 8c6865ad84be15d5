"""gRPC over HTTP/2 by hand, for what a client library would not send, or would hide."""

from __future__ import annotations

from collections import defaultdict, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.wire.http1 import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.wire.http1 import Connection

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4
NO_ERROR, CANCEL = bytes(4), (8).to_bytes(4)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY = bytes(5)
"""A message without a field, as gRPC frames it."""

_STATIC = {8: (":status", b"200"), 31: ("content-type", b"")}
"""The fields of HPACK's static table (RFC 7541, appendix A) by which tests ask."""


def frame(kind: int, flags: int, payload: bytes, stream: int = 1) -> bytes:
    """A frame (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def head(path: bytes, stream: int = 1, *, end: bool = False, table: int | None = None, **fields: bytes) -> bytes:
    """The head of a call. With a `table`, a Wire's, the fields given here enter the server's HPACK table."""
    own = {":method": b"POST", ":scheme": b"http", ":path": path, ":authority": b"x"}
    own |= {"te": b"trailers", "content-type": b"application/grpc"}
    given = {name.replace("_", "-"): value for name, value in fields.items()}
    kind = 0x00 if table is None else 0x40
    block = b"" if table is None else _resized(table)
    block += b"".join(_literal(0x00, name, value) for name, value in own.items() if name not in given)
    block += b"".join(_literal(kind, name, value) for name, value in given.items())
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), block, stream)


def message(data: bytes, stream: int = 1, *, end: bool = False, compressed: bool = False) -> bytes:
    """A message of a call, in a frame of its own."""
    return frame(DATA, END_STREAM if end else 0, bytes([compressed]) + len(data).to_bytes(4) + data, stream)


def setting(which: int, value: int) -> bytes:
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, which.to_bytes(2) + value.to_bytes(4), 0)


def half_close(stream: int = 1) -> bytes:
    """The end of a call's messages."""
    return frame(DATA, END_STREAM, b"", stream)


def _literal(kind: int, name: str, value: bytes) -> bytes:
    """A literal field with a new name (RFC 7541, section 6.2)."""
    return bytes([kind, len(name)]) + name.encode() + bytes([len(value)]) + value


def _resized(table: int) -> bytes:
    """The table's size (RFC 7541, section 6.3), which a server that has lowered it wants to be told."""
    if table < 31:
        return bytes([0x20 | table])
    rest = table - 31
    return bytes([0x3F, rest & 0x7F | 0x80, rest >> 7])


@dataclass
class Answer:
    """What came of a call. `blocks` are its header blocks, one where it has trailers only; `reset` is the code of a
    RST_STREAM."""

    blocks: list[dict[str, bytes]] = field(default_factory=list)
    data: bytes = b""
    reset: int | None = None

    @property
    def status(self) -> int:
        """The gRPC status."""
        return int(self.blocks[-1]["grpc-status"])

    @property
    def text(self) -> str:
        """The gRPC status' message."""
        return self.blocks[-1].get("grpc-message", b"").decode()


class Wire:
    """One connection to a gRPC server. `table` is the size of the server's HPACK table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.table = 4096
        self._kept: defaultdict[int, deque[tuple[int, int, bytes]]] = defaultdict(deque)

    async def start(self) -> None:
        """Shakes hands, and tells the server to use no HPACK table for its answers."""
        await self.send(PREFACE, setting(HEADER_TABLE_SIZE, 0))
        kind, _, payload, _ = await self._frame()
        assert kind == SETTINGS
        pairs = [payload[place : place + 6] for place in range(0, len(payload), 6)]
        self.table = min([4096, *(int.from_bytes(pair[2:]) for pair in pairs if pair[1] == HEADER_TABLE_SIZE)])

    async def send(self, *frames: bytes) -> None:
        await self._connection.send(b"".join(frames))

    async def answer(self, stream: int = 1) -> Answer:
        """Reads until the stream has ended."""
        found = Answer()
        while True:
            kind, flags, payload = await self.next(stream)
            if kind == HEADERS:
                found.blocks.append(dict(_fields(payload)))
            elif kind == DATA:
                found.data += payload
            elif kind == RESET:
                found.reset = int.from_bytes(payload)
                return found
            if flags & END_STREAM:
                return found

    async def gone(self) -> int:
        """Reads until the server says that it ends the connection; the code of its GOAWAY."""
        while True:
            kind, _, payload, _ = await self._read()
            if kind == GOAWAY:
                return int.from_bytes(payload[4:8])

    async def pong(self) -> bytes:
        """Reads until a PING is answered; what it carries."""
        while True:
            kind, flags, payload, _ = await self._read()
            if kind == PING and flags & ACK:
                return payload

    async def answer_ping(self) -> None:
        """Reads until the server asks whether anybody is there, and says so."""
        while True:
            kind, flags, payload, _ = await self._read()
            if kind == PING and not flags & ACK:
                return await self.send(frame(PING, ACK, payload, 0))

    async def block(self, stream: int = 1) -> dict[str, bytes]:
        """Reads the stream's next frame, a header block."""
        kind, _, payload = await self.next(stream)
        assert kind == HEADERS
        return dict(_fields(payload))

    async def next(self, stream: int) -> tuple[int, int, bytes]:
        """The stream's next frame; those of other streams are kept."""
        while not self._kept[stream]:
            kind, flags, payload, of = await self._frame()
            self._kept[of].append((kind, flags, payload))
        return self._kept[stream].popleft()

    async def _read(self) -> tuple[int, int, bytes, int]:
        start = await self._connection.exactly(9)
        payload = await self._connection.exactly(int.from_bytes(start[:3]))
        return start[3], start[4], payload, int.from_bytes(start[5:])

    async def _frame(self) -> tuple[int, int, bytes, int]:
        kind, flags, payload, stream = await self._read()
        assert kind != GOAWAY or payload[4:8] == NO_ERROR, payload
        if kind in {SETTINGS, PING} and not flags & ACK:
            await self.send(frame(kind, ACK, payload if kind == PING else b"", 0))
        return kind, flags, payload, stream


@asynccontextmanager
async def http2(address: tuple[str, int]):
    """A connection to (host, port)."""
    async with connect(address) as connection:
        wire = Wire(connection)
        await wire.start()
        yield wire


def _fields(block: bytes) -> Iterator[tuple[str, bytes]]:
    """The fields of a header block without indexing (RFC 7541, section 6). Huffman's code is left as it is."""
    place = 0
    while place < len(block):
        first = block[place]
        if first & 0x80:
            index, place = _number(block, place, 7)
            yield _static(index)
        elif first & 0xE0 == 0x20:
            _, place = _number(block, place, 5)
        else:
            index, place = _number(block, place, 6 if first & 0x40 else 4)
            if index:
                name, _ = _static(index)
            else:
                raw, place = _string(block, place)
                name = raw.decode("latin-1")
            value, place = _string(block, place)
            yield name, value


def _static(index: int) -> tuple[str, bytes]:
    return _STATIC.get(index, (f"field {index}", b""))


def _string(block: bytes, place: int) -> tuple[bytes, int]:
    size, place = _number(block, place, 7)
    return block[place : place + size], place + size


def _number(block: bytes, place: int, bits: int) -> tuple[int, int]:
    """RFC 7541, section 5.1."""
    most = (1 << bits) - 1
    value, place, shift = block[place] & most, place + 1, 0
    if value < most:
        return value, place
    while True:
        value += (block[place] & 0x7F) << shift
        shift += 7
        place += 1
        if not block[place - 1] & 0x80:
            return value, place
