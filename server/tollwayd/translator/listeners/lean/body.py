"""A request's body between the parser, which feeds it, and whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.translator.listeners.lean.flow import BODY

if TYPE_CHECKING:
    import asyncio

    from tollwayd.translator.listeners.lean.flow import Flow

_UNREAD_BYTES: Final = 128 * 1024
"""What may lie here unread before the client has to wait; what one read of the socket brings comes on top."""


class Body:
    """As `request.Body`. The parser calls `feed` and `end`, whoever finds that no more will come `fail`."""

    __slots__ = ("_error", "_flow", "_full", "_parts", "_unread", "_waiter", "whole")

    def __init__(self, flow: Flow) -> None:
        self._flow: Final = flow
        self._parts: list[bytes] = []
        self._unread = 0
        self._full = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.whole = False

    def feed(self, part: bytes) -> None:
        """A part has come."""
        self._parts.append(part)
        self._unread += len(part)
        if self._unread > _UNREAD_BYTES and not self._full:
            self._full = True
            self._flow.hold(BODY)
        if self._waiter is not None:
            self._wake()

    def end(self) -> None:
        """The last part has come."""
        self.whole = True
        if self._full:
            self._free()
        if self._waiter is not None:
            self._wake()

    def fail(self, error: Exception) -> None:
        """No more will come; reading raises the error."""
        self._error = error
        self._wake()

    def take(self) -> bytes:
        parts = self._parts
        if len(parts) == 1:  # The rule for small bodies.
            data = parts.pop()
        else:
            data = b"".join(parts)
            parts.clear()
        self._unread = 0
        if self._full:
            self._free()
        return data

    async def read(self) -> bytes:
        while not self._parts or self._error is not None:
            if self._error is not None:
                raise self._error
            if self.whole:
                return b""
            self._waiter = self._flow.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self.take()

    def _free(self) -> None:
        self._full = False
        self._flow.release(BODY)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
