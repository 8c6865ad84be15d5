"""What the provider was asked: every request, kept for tests to read and to wait for."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT_REQUESTS = 1_000
"""The newest requests are kept; a provider under load for hours must not grow."""


@dataclass(eq=False)
class Received:
    """One request, and what became of it.

    `headers` have lower-case names; of a header or query parameter given twice the last value stands. `connection`
    numbers the connections from 1: two requests with the same number came over the same one. `keeps_alive` says whether
    the client may send another over it. `arrived` and `left` are in `time.monotonic()` seconds. `rule` is the name or
    place (`#1`) of the rule that answered, empty for none. `closed` is set when the client has gone before its answer's
    end, `answered` when all has been sent that the script has for it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    connection: int
    http_version: str
    keeps_alive: bool
    arrived: float = field(default_factory=time.monotonic)
    rule: str = ""
    left: float | None = None
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @cached_property
    def json(self) -> Any:
        """The body decoded. `msgspec.DecodeError` where it is not JSON."""
        return msgspec.json.decode(self.body)

    def leave(self) -> None:
        """Notes that the client has gone."""
        self.left = time.monotonic()
        self.closed.set()


class Journal:
    """The newest requests in the order of their arrival, and those that nobody has waited for yet."""

    def __init__(self) -> None:
        self.requests: Final[deque[Received]] = deque(maxlen=KEPT_REQUESTS)
        self._untaken: Final[asyncio.Queue[Received]] = asyncio.Queue(KEPT_REQUESTS)

    def add(self, received: Received) -> None:
        """Keeps a request; the oldest goes where there are too many."""
        self.requests.append(received)
        if self._untaken.full():
            self._untaken.get_nowait()
        self._untaken.put_nowait(received)

    async def next(self) -> Received:
        """The next request in turn, once it is there. Each is given once."""
        return await self._untaken.get()
