"""The Ledger over Redis: a stream for each tenant, read in pieces and followed as it grows."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final, cast

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.metering.followers import Followers
from tollwayd.state.outage import reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    Raw = Sequence[tuple[bytes, dict[bytes, bytes]]]

BATCH: Final = 100
"""Entries read at once: a tenth of a millisecond of Redis's time, and a few of a process that makes lines of them."""

CONNECTIONS: Final = 4
"""Connections for reading; who finds them all busy waits."""


class RedisLedger:
    """A `Ledger` at a `redis://`, `rediss://` or `unix://` URL. Connects when it is first used; close it."""

    def __init__(self, url: str, followers: Followers | None = None) -> None:
        self._client = connect(url, CONNECTIONS)
        self._followers = followers or Followers(url)

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
        async with aclosing(self._followers.follow(keys.ledger(tenant), after)) as following:
            async for raw in following:
                yield [_entry(*each) for each in raw]


def _position(entry: str) -> tuple[int, int]:
    moment, _, number = entry.partition("-")
    return int(moment), int(number)


def _entry(place: bytes, fields: dict[bytes, bytes]) -> LedgerEntry:
    """An entry with what its place in the stream says."""
    entry = LedgerEntry.FromString(fields[b"e"])
    entry.entry = place.decode()
    entry.book_time.FromMilliseconds(int(place.partition(b"-")[0]))
    return entry
