"""Where settlements go that the store cannot take."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from tollwayd.core.errors import TollwayError
from tollwayd.state.outage import pauses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Spool(Protocol):
    """Keeps records until `RedisMeter.book` has taken them, whatever happens to this process. Each may be booked more
    than once; it counts once."""

    def append(self, record: bytes) -> Awaitable[bool]:
        """Whether the record is safe, once that is known. Never raises."""
        ...


class MemorySpool:
    """In the place of a disk: a record is safe when it is booked, and that is tried until it is."""

    def __init__(self, book: Callable[[bytes], Awaitable[None]]) -> None:
        self._book = book

    async def append(self, record: bytes) -> bool:
        for pause in pauses():
            await asyncio.sleep(pause)
            with suppress(TollwayError):
                await self._book(record)
                break
        return True
