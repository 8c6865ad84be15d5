"""Flow control of a connection, both ways: who has the client wait, and who waits for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, cast

BODY: Final = 1
"""Whoever reads the body does not keep up. These are bits."""

QUEUE: Final = 2
"""Requests wait, or what may be another protocol does."""

TURN: Final = 4
"""Other connections have their turn."""

FRAMES: Final = 8
"""Whoever reads the WebSocket does not keep up."""


class Flow(asyncio.Protocol):
    """`hold` has the client wait for a reason, `release` lets it go on once there is none. `transport` is None once the
    connection is closed.
    """

    __slots__ = ("_drained", "_holds", "loop", "transport", "writing_paused")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: Final = loop
        self.transport: asyncio.Transport | None = None
        self.writing_paused = False
        self._drained: asyncio.Future[None] | None = None
        self._holds = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by behaviour alone.
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._wake_writer()

    def pause_writing(self) -> None:
        self.writing_paused = True

    def resume_writing(self) -> None:
        self.writing_paused = False
        self._wake_writer()

    def drained(self) -> asyncio.Future[None]:
        """Done when the client keeps up again, or is lost. It is the caller's, who may cancel it."""
        if self._drained is None or self._drained.done():
            self._drained = self.loop.create_future()
        return self._drained

    def hold(self, why: int) -> None:
        """Reads no more until `release`."""
        self._holds |= why
        if self.transport is not None:
            with suppress(RuntimeError):  # uvloop, of a connection that was cut. Here and below.
                self.transport.pause_reading()

    def release(self, why: int) -> None:
        """Reads on, unless there is another reason to wait."""
        if self._holds & why:
            self._holds &= ~why
            if not self._holds and self.transport is not None:
                with suppress(RuntimeError):
                    self.transport.resume_reading()

    def end_turn(self) -> None:
        """Reads on in the loop's next turn: uvloop would go on for 8 MB, and all other connections wait for that."""
        self.hold(TURN)
        self.loop.call_soon(self.release, TURN)

    # aiohttp's queue of a WebSocket's messages asks by these names.

    @property
    def _reading_paused(self) -> bool:
        return bool(self._holds & FRAMES)

    def pause_reading(self) -> None:
        """aiohttp: the queue is full."""
        self.hold(FRAMES)

    def resume_reading(self) -> None:
        """aiohttp: the queue has room."""
        self.release(FRAMES)

    def _wake_writer(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
