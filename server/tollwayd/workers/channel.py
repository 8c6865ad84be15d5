"""What a supervisor and a worker tell each other, over a pair of sockets that ends with either of them."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    import socket

_LENGTH: Final = struct.Struct("<I")

Value = int | float
"""Of a sample: counters of whole numbers stay whole."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """A worker serves, at these addresses."""

    addresses: dict[str, tuple[str, int]]


class Applied(msgspec.Struct, frozen=True, tag=True):
    """A worker serves by this version of the configuration; of the supervisor: all of them do."""

    version: int


class Ask(msgspec.Struct, frozen=True, tag=True):
    """The supervisor wants a worker's metrics."""


class Family(msgspec.Struct, frozen=True):
    """One metric. A sample is its name, its labels and their values, and its own value."""

    name: str
    help: str
    type: str
    samples: list[tuple[str, tuple[tuple[str, str], ...], Value]]


class Told(msgspec.Struct, frozen=True, tag=True):
    """A worker's metrics, as they are now."""

    families: list[Family]


Message = Ready | Applied | Ask | Told

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Message]] = msgspec.msgpack.Decoder(Message)


class Channel:
    """One end of the pair. Both are processes of one program, which is why nothing is bounded here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        """The channel over one of a pair of sockets, which it closes."""
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, message: Message) -> None:
        """Sends without waiting; whoever is gone gets nothing."""
        content = _ENCODER.encode(message)
        self._writer.write(_LENGTH.pack(len(content)) + content)

    async def receive(self) -> Message | None:
        """The next message; None when the other side is gone."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            return _DECODER.decode(await self._reader.readexactly(length))
        return None

    def close(self) -> None:
        """Ends it, which the other side notices."""
        self._writer.close()
