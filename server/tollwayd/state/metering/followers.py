"""Those who follow streams of Redis as they grow, from other processes than those that write them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.connection import connect
from tollwayd.state.outage import OUTAGES, REPLY_SECONDS, pauses, reach

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from redis.asyncio import Redis

    Raw = Sequence[tuple[bytes, dict[bytes, bytes]]]

BATCH: Final = 100
"""Entries read at once: a tenth of a millisecond of Redis's time."""

BLOCK_SECONDS: Final = 1.0
"""How long a follower waits in one command: so soon it notices that its server has gone."""

MAX_FOLLOWERS: Final = 64
"""Streams that one process follows at once. Each holds a connection to Redis."""

_logger = logging.getLogger(__name__)


class Followers:
    """All followers of one process, at the store of a URL. Each has a connection of its own, which closes with it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._number = 0

    async def follow(self, key: str, after: str = "") -> AsyncGenerator[Raw, None]:
        """The entries of a stream after one of them, or after the last that there is now, as they come, without end and
        across outages. REASON_CONNECTIONS_EXHAUSTED where there are MAX_FOLLOWERS already."""
        with self._counted():
            async with connect(self._url, connections=1) as client:
                position = after or await _end(client, key)
                retries = pauses()
                while True:
                    try:
                        async with asyncio.timeout(BLOCK_SECONDS + REPLY_SECONDS):
                            raw = await _next(client, key, position)
                    except OUTAGES as error:
                        _logger.warning("A follower of a stream cannot reach the store (%s).", type(error).__name__)
                        await asyncio.sleep(next(retries))
                        continue
                    retries = pauses()
                    if raw:
                        position = raw[-1][0].decode()
                        yield raw

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._number == MAX_FOLLOWERS:
            raise TollwayError(
                Reason.REASON_CONNECTIONS_EXHAUSTED,
                f"{MAX_FOLLOWERS} streams are open here already. Close one, or ask another replica.",
            )
        self._number += 1
        try:
            yield
        finally:
            self._number -= 1


async def _end(client: Redis, key: str) -> str:
    """The place of the last entry that there is."""
    last = cast("Raw", await reach(client.xrevrange, key, count=1))
    return last[0][0].decode() if last else "0-0"


async def _next(client: Redis, key: str, position: str) -> Raw:
    """The entries after a position; none where BLOCK_SECONDS passed without one."""
    streams = cast("list[Any]", await client.xread({key: position}, count=BATCH, block=int(BLOCK_SECONDS * 1000)))
    return cast("Raw", streams[0][1]) if streams else ()
