"""WebSocket frames by hand (RFC 6455, section 5.2), for what a client library would not send, or would hide."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.wire.http1 import TIMEOUT, Connection, connect, get

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3, and what answers it.
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

_MASK = b"\x01\x02\x03\x04"


class Frame(NamedTuple):
    opcode: int
    payload: bytes
    final: bool = True


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0) -> bytes:
    """A masked frame, as clients send them."""
    size = len(payload)
    masked = bytes(byte ^ _MASK[place % 4] for place, byte in enumerate(payload)) if size < 65536 else payload
    mask = _MASK if size < 65536 else b"\0\0\0\0"
    return head(opcode, size, final=final, reserved=reserved) + mask + masked


def head(opcode: int, size: int, *, final: bool = True, reserved: int = 0) -> bytes:
    """What stands before the mask of a frame of that size."""
    first = final << 7 | reserved << 4 | opcode
    if size < 126:
        return bytes((first, 0x80 | size))
    if size < 65536:
        return bytes((first, 0x80 | 126)) + size.to_bytes(2, "big")
    return bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")


def handshake(path: str, *headers: str) -> bytes:
    """A handshake; header lines that are given count in place of its own of the same name."""
    own = ("connection: Upgrade", "upgrade: websocket", f"sec-websocket-key: {KEY}", "sec-websocket-version: 13")
    given = {header.partition(":")[0] for header in headers}
    return get(path, *[header for header in own if header.partition(":")[0] not in given], *headers)


def unmasked(opcode: int, payload: bytes = b"") -> bytes:
    """A frame as servers send them."""
    _, *length = head(opcode, len(payload))
    return bytes((0x80 | opcode, length[0] & 0x7F, *length[1:])) + payload


async def next_frame(connection: Connection) -> Frame:
    """The next frame of the server."""
    first, size = await _exactly(connection, 2)
    assert not size & 0x80  # Servers do not mask.
    if size == 126:
        size = int.from_bytes(await _exactly(connection, 2), "big")
    elif size == 127:
        size = int.from_bytes(await _exactly(connection, 8), "big")
    return Frame(first & 0xF, await _exactly(connection, size), bool(first & 0x80))


@asynccontextmanager
async def open_socket(address, path: str, *headers: str):
    """A connection whose handshake has been accepted."""
    async with connect(address) as connection:
        await connection.send(handshake(path, *headers))
        assert (await connection.head()).status == 101
        yield connection


async def _exactly(connection: Connection, size: int) -> bytes:
    return await asyncio.wait_for(connection.reader.readexactly(size), TIMEOUT)
