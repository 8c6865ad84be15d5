"""Plays a reply on a connection: its times, its splits and its fault."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from tollwayd.mock.reply import GARBAGE, cut_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollwayd.mock.connection import Connection
    from tollwayd.mock.journal import Received
    from tollwayd.mock.reply import Reply, Strike

_FLOOD = b"x" * 65_536

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Playback:
    """One reply on its way. HTTP/1.1 carries a stream in chunks (RFC 9112 section 7.1), HTTP/1.0 up to the end."""

    def __init__(self, reply: Reply, received: Received, connection: Connection) -> None:
        self._reply = reply
        self._received = received
        self._connection = connection
        # A flood has no length that could be declared.
        unsized = reply.streamed or (reply.strike is not None and reply.strike.kind == "flood")
        self._sized = not unsized or "content-length" in reply.headers
        self._chunked = not self._sized and received.http_version == "1.1"

    async def play(self) -> None:
        """Sends all of it, or what comes before the fault."""
        if self._reply.manner.latency:
            await asyncio.sleep(self._reply.manner.latency)
        strike = self._reply.strike
        if strike is None:
            await self._send(self._reply.pieces)
            if self._chunked:
                await self._connection.write(b"0\r\n\r\n")
            return
        if strike.at is not None:
            before, _ = cut_at(self._reply.pieces, strike.at)
            await self._send(before)
        await self._strike(strike)

    async def _send(self, pieces: Sequence[bytes]) -> None:
        # The head goes with the first bytes of the body, as servers do it.
        head = await self._drip(self._head()) if self._reply.manner.slow_headers else self._head()
        pace, split = self._reply.manner.pace, self._reply.manner.split
        for number, piece in enumerate(pieces):
            if pace and number:
                await asyncio.sleep(pace)
            for part in _parts(piece, split):
                await self._connection.write(head + self._framed(part))
                head = b""
                if split:
                    # A turn of the event loop makes it a packet of its own.
                    await asyncio.sleep(0)
        if head:
            await self._connection.write(head)

    async def _drip(self, head: bytes) -> bytes:
        pause = self._reply.manner.slow_headers / len(head)
        for byte in head:
            await self._connection.write(bytes((byte,)))
            await asyncio.sleep(pause)
        return b""

    async def _strike(self, strike: Strike) -> None:
        match strike.kind:
            case "reset":
                await self._connection.reset()
            case "close":
                self._connection.close()
            case "stall":
                await self._connection.stall()
            case "flood":
                await self._flood(_FLOOD if strike.at is None else self._framed(_FLOOD))
            case "garbage":
                await self._connection.write(GARBAGE)
                self._connection.close()

    async def _flood(self, content: bytes) -> None:
        while True:
            await self._connection.write(content)
            await asyncio.sleep(0)

    def _head(self) -> bytes:
        reply = self._reply
        headers = dict(reply.headers)
        if self._chunked:
            headers["transfer-encoding"] = "chunked"
        elif self._sized:
            headers.setdefault("content-length", str(sum(map(len, reply.pieces))))
        if not self._received.keeps_alive:
            headers["connection"] = "close"
        lines = [f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()

    def _framed(self, part: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(part), part) if self._chunked else part


def _parts(piece: bytes, split: int | None) -> Iterator[bytes]:
    # Never an empty part: an empty chunk would be the stream's end.
    size = split or len(piece) or 1
    return (piece[start : start + size] for start in range(0, len(piece), size))
