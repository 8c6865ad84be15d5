"""A connection to a Redis server that is held for one thing: to notice when the server goes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

PING_SECONDS: Final = 2.0
"""How long a server may take to say that it is ready; one that still reads its data says at once that it is not."""


class ServerLink:
    """An open connection; made by `open`. Whoever has it closes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, socket: Path) -> ServerLink | None:
        """A connection to the server at a Unix socket; None where none listens, or it is not ready."""
        try:
            link = cls(*await asyncio.open_unix_connection(socket))
        except OSError:
            return None
        try:
            ready = await link._ping()
        except BaseException:
            link.close()
            raise
        if not ready:
            link.close()
        return link if ready else None

    async def lost(self) -> None:
        """Returns when the server has closed the connection."""
        # It has nothing to say unasked: the first read that returns is the end.
        with suppress(OSError):
            await self._reader.read()

    def close(self) -> None:
        """Closes our side."""
        self._writer.close()

    async def _ping(self) -> bool:
        try:
            async with asyncio.timeout(PING_SECONDS):
                self._writer.write(b"PING\r\n")
                return await self._reader.readline() == b"+PONG\r\n"
        except OSError:  # Also TimeoutError.
            return False
