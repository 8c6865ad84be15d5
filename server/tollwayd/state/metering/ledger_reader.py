"""The Ledger over Redis: a stream for each tenant, read in pieces and followed as it grows."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.outage import OUTAGES, REPLY_SECONDS, pauses, reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from redis.asyncio import Redis

    Raw = Sequence[tuple[bytes, dict[bytes, bytes]]]

BATCH: Final = 100
"""Entries read at once: a tenth of a millisecond of Redis's time, and a few of a process that makes lines of them."""

BLOCK_SECONDS: Final = 1.0
"""How long a follower waits in one command: so soon it notices that its server has gone."""

CONNECTIONS: Final = 4
"""Connections for reading; who finds them all busy waits."""

MAX_FOLLOWERS: Final = 64
"""Streams that one process follows at once. Each holds a connection to Redis."""

_logger = logging.getLogger(__name__)


class RedisLedger:
    """A `Ledger` at a `redis://`, `rediss://` or `unix://` URL. Connects when it is first used; close it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = connect(url, CONNECTIONS)
        self._followers = 0

    async def aclose(self) -> None:
        """Closes the connections; followers have their own, which close with them."""
        await self._client.aclose()

    async def entries(
        self, tenant: str, *, start_ms: int, end_ms: int, after: str = ""
    ) -> AsyncIterator[Sequence[LedgerEntry]]:
        """As the port says."""
        start = f"({after}" if after and _position(after) >= (start_ms, 0) else str(max(start_ms, 0))
        more = end_ms > 0
        while more:
            # An end without a number is the last of its millisecond.
            raw = cast("Raw", await reach(self._client.xrange, keys.ledger(tenant), start, str(end_ms - 1), BATCH))
            if more := bool(raw):
                yield [_entry(*each) for each in raw]
                start = f"({raw[-1][0].decode()}"

    async def follow(self, tenant: str, *, after: str = "") -> AsyncIterator[Sequence[LedgerEntry]]:
        """As the port says."""
        key = keys.ledger(tenant)
        with self._following():
            position = after or await self._end(key)
            retries = pauses()
            async with connect(self._url, connections=1) as client:
                while True:
                    try:
                        async with asyncio.timeout(BLOCK_SECONDS + REPLY_SECONDS):
                            raw = await _next(client, key, position)
                    except OUTAGES as error:
                        _logger.warning("A follower of a ledger cannot reach the store (%s).", type(error).__name__)
                        await asyncio.sleep(next(retries))
                        continue
                    retries = pauses()
                    if raw:
                        position = raw[-1][0].decode()
                        yield [_entry(*each) for each in raw]

    @contextmanager
    def _following(self) -> Iterator[None]:
        if self._followers == MAX_FOLLOWERS:
            raise TollwayError(
                Reason.REASON_CONNECTIONS_EXHAUSTED,
                f"{MAX_FOLLOWERS} streams of usage are open here already. Close one, or ask another replica.",
            )
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1

    async def _end(self, key: str) -> str:
        """The place of the last entry that there is."""
        last = cast("Raw", await reach(self._client.xrevrange, key, count=1))
        return last[0][0].decode() if last else "0-0"


async def _next(client: Redis, key: str, position: str) -> Raw:
    """The entries after a position; none where BLOCK_SECONDS passed without one."""
    streams = cast("list[Any]", await client.xread({key: position}, count=BATCH, block=int(BLOCK_SECONDS * 1000)))
    return cast("Raw", streams[0][1]) if streams else ()


def _position(entry: str) -> tuple[int, int]:
    moment, _, number = entry.partition("-")
    return int(moment), int(number)


def _entry(place: bytes, fields: dict[bytes, bytes]) -> LedgerEntry:
    """An entry with what its place in the stream says."""
    entry = LedgerEntry.FromString(fields[b"e"])
    entry.entry = place.decode()
    entry.book_time.FromMilliseconds(int(place.partition(b"-")[0]))
    return entry
