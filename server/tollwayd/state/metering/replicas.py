"""How many replicas serve by the same store."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from tollwayd.core.errors import TollwayError
from tollwayd.state import keys
from tollwayd.state.connection import connect
from tollwayd.state.outage import OUTAGES, REPLY_SECONDS, reach
from tollwayd.state.script import Script

if TYPE_CHECKING:
    from types import TracebackType

BEAT_SECONDS: Final = 3.0
"""Between two times that a replica tells that it is there."""

SILENT_MS: Final = 15_000
"""After so long without a word, a replica counts no more."""

REMEMBERED_BEATS: Final = 20
"""The most replicas that were counted in the last so many beats are taken to be there. When the store comes back from
an outage, all have been silent, and the first to tell would take itself to be the only one."""

_BEAT: Final = Script("replicas.lua")


class Replicas:
    """Called, it is the number of replicas when the store was last heard, this one included: 1 or more.

    `replica` is the name of this one, unlike any other's. While the context is open, it is counted by the others.
    """

    def __init__(self, url: str, replica: str) -> None:
        self._client = connect(url, connections=1)
        self._replica = replica
        self._counted: deque[int] = deque([1], REMEMBERED_BEATS)
        self._beating: asyncio.Task[None] | None = None

    def __call__(self) -> int:
        return max(self._counted)

    async def __aenter__(self) -> Self:
        self._beating = asyncio.create_task(self._beat_on(), name="replicas")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._beating
        self._beating.cancel()
        await asyncio.wait([self._beating])
        with suppress(*OUTAGES):
            async with asyncio.timeout(REPLY_SECONDS):
                await self._client.zrem(keys.REPLICAS, self._replica)
        await self._client.aclose()

    async def beat(self) -> None:
        """Tells that this replica is there, and counts all. REASON_STORE_UNAVAILABLE."""
        self._counted.append(await reach(_BEAT.run, self._client, [keys.REPLICAS], self._replica, SILENT_MS))

    async def _beat_on(self) -> None:
        while True:
            with suppress(TollwayError):
                await self.beat()
            await asyncio.sleep(BEAT_SECONDS)
