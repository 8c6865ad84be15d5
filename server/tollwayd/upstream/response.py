"""A provider's answer, as its connection writes it and its caller reads it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, NoReturn

from tollwayd.upstream.failures import interrupted, unreadable
from tollwayd.upstream.limits import MAX_BODY_BYTES

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from tollwayd.core.errors import TollwayError
    from tollwayd.upstream.connection import Connection
    from tollwayd.upstream.deadlines import Deadlines


class HttpResponse:
    """One answer, for one reader. `status` is 0 and `headers` are empty until the head is there.

    `first_byte_at` is in `time.monotonic()` seconds. The connection goes back to the pool when the body has come to its
    end; whatever ends the answer earlier (an error, a time limit, `close`, the cancellation of the task that waits for
    it) aborts the connection, so that the provider sees its client leave and stops working, and billing. One that
    `lingers` outlives such a cancellation: who reads it wants the rest, and closes it.

    `straight` takes the bytes that come while the reader waits for some, and says whether the reader can go on waiting;
    else that one gets an empty piece. To wake a task for every piece costs as much as all else that is done for it.
    """

    __slots__ = (
        "_buffered",
        "_connection",
        "_error",
        "_fields",
        "_high_water",
        "_loop",
        "_pieces",
        "_roused",
        "_waiter",
        "deadlines",
        "first_byte_at",
        "lingers",
        "status",
        "straight",
    )

    def __init__(
        self,
        connection: Connection,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        high_water: int,
    ) -> None:
        self.status = 0
        self.first_byte_at = 0.0
        self.lingers = False
        self.straight: Callable[[bytes], bool] | None = None
        self._connection: Connection | None = connection
        self._loop = loop
        self.deadlines = deadlines
        self._high_water = high_water
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._error: TollwayError | None = None
        self._fields: Sequence[bytes] = ()
        self._roused = False
        self._waiter: asyncio.Future[None] | None = None

    # --- What the caller reads.

    @property
    def headers(self) -> dict[str, str]:
        """The last value of each header, by its name in lower case. Of most answers nobody asks for one."""
        fields = iter(self._fields)
        return {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in zip(fields, fields, strict=True)
        }

    @property
    def under_way(self) -> bool:
        """Whether more of it may come."""
        return self._connection is not None

    def take_whole(self) -> bytes:
        """The body, where all of it is there, as it mostly is as soon as the head is; else nothing: `read` waits."""
        if self._connection is not None or self._error is not None or self._buffered > MAX_BODY_BYTES:
            return b""
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read(self, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """The whole body, or what is left of it. REASON_UPSTREAM_INVALID where it is larger than `max_bytes`.

        REASON_UPSTREAM_TIMEOUT, REASON_UPSTREAM_INTERRUPTED or REASON_UPSTREAM_INVALID where the answer fails.
        """
        pieces: list[bytes] = []
        size = 0
        async for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > max_bytes:
                self.close()
                raise unreadable("The provider's answer is larger than this gateway takes.")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def __aiter__(self) -> HttpResponse:
        return self

    async def __anext__(self) -> bytes:
        """The next bytes of the body, as many as have come. Raises what `read` raises, after what came before it."""
        while not self._pieces or self._roused:
            if self._roused:  # Before what has come since.
                self._roused = False
                return b""
            if self._error is not None:
                self._raise()
            if self._connection is None:
                raise StopAsyncIteration
            await self.changed()
        return self._take()

    def close(self) -> None:
        """Ends the answer at once, if it has not ended; what is left of it reads as broken off. Safe to repeat."""
        if self._connection is not None:
            self.fail(interrupted())
        if self._pieces:
            self._pieces = []
            self._error = interrupted()

    # --- What the connection writes.

    def head_arrived(self, status: int, fields: Sequence[bytes]) -> None:
        """The head is there; `fields` are names, in any case, and values in turn."""
        self.first_byte_at = monotonic()
        self._fields = fields
        self.status = status

    def body_arrived(self, pieces: list[bytes]) -> None:
        """Pieces of the body are there; the list stays the caller's."""
        self._pieces += pieces
        self._buffered += sum(map(len, pieces))

    def piece_arrived(self, piece: bytes) -> None:
        """A piece of the body is there, and nothing else was read."""
        waiter, straight = self._waiter, self.straight
        if straight is None or self._pieces or waiter is None or waiter.done():
            self.body_arrived([piece])
            self.progress()
            return
        self.deadlines.progress()
        if not straight(piece):
            self._roused = True
            self.wake()

    def progress(self) -> None:
        """The connection has read something. The reader wakes, and a socket that is ahead of it is left unread."""
        if self.status:
            self.deadlines.progress()
            if self.straight is not None and self._pieces and self._waiter is not None and not self._waiter.done():
                self._roused = not self.straight(self._take())
                if not self._roused:
                    return
            self.wake()
            if self._buffered > self._high_water and self._connection is not None:
                self.deadlines.suspend()
                self._connection.pause()

    def end(self) -> None:
        """The body is whole."""
        self._connection = self.straight = None  # Who takes it has this answer in hand: that would be a cycle.
        self.deadlines.rest()
        if (waiter := self._waiter) is not None and not waiter.done():
            waiter.set_result(None)

    def fail(self, error: TollwayError) -> None:
        """The answer ends here, with this error, unless it has ended already."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self.straight = None  # As in `end`.
            self._error = error
            self.deadlines.rest()
            connection.abort()
            self.wake()

    # --- What the connection waits for, in the task of the caller.

    async def head(self) -> HttpResponse:
        """Itself, when the head is there; raises what the answer failed with. Left early, by cancellation, it closes
        the answer."""
        while not self.status:
            if self._error is not None:
                self._raise()
            # As in `changed`, whose frame each call would pay for.
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            except BaseException:
                self.close()
                raise
            finally:
                self._waiter = None
        return self

    @property
    def decided(self) -> bool:
        """Whether the head is there or never will be."""
        return self.status != 0 or self._error is not None

    async def changed(self) -> None:
        """Waits until something has happened; left early, by cancellation, it closes an answer that does not linger."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except BaseException:
            if not self.lingers:
                self.close()
            raise
        finally:
            self._waiter = None

    def wake(self) -> None:
        """Something has happened."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _raise(self) -> NoReturn:
        """Raises the error, and forgets it, as its traceback holds this answer; what is left reads as broken off."""
        error, self._error = self._error, interrupted()
        assert error is not None
        try:
            raise error
        finally:
            del error

    def _take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        if self._buffered > self._high_water and self._connection is not None:
            self.deadlines.progress()
            self._connection.resume()
        self._buffered = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
