"""The UsageStore over Redis: a hash for each day, scanned in pieces."""

from __future__ import annotations

import asyncio
from array import array
from itertools import islice
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError, invalid_field
from tollwayd.core.metering.charge import Dimensions
from tollwayd.core.metering.usage import Sums, UsagePart
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.outage import reach
from tollwayd.state.script import Script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    Rows = dict[bytes, array[int]]

SCAN_BATCH: Final = 500
"""Fields asked for at once: less than a millisecond of Redis's time."""

BATCH: Final = 250
"""Parts that are given at once; other calls get their turn in between."""

MAX_PARTS: Final = 100_000
"""Parts of one day that are read: about 30 MB while they are."""

CONNECTIONS: Final = 4
"""Connections for reading; who finds them all busy waits."""

ATTEMPTS: Final = 5
"""How often a day is read again because its server changed under it."""

_PIECE: Final = Script("metering/usage.lua")
_SEPARATOR: Final = b"\x1f"
_ZEROS: Final = array(
    "q", [0] * len(keys.METRICS)
)  # Unlike lists, arrays are nothing that garbage collections look at.
_PLACES: Final = {name.encode(): place for place, name in enumerate(keys.METRICS)}


class RedisUsage:
    """A `UsageStore` at a `redis://`, `rediss://` or `unix://` URL. Connects when it is first used; close it."""

    def __init__(self, url: str) -> None:
        self._client = connect(url, CONNECTIONS)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def parts(self, tenant: str, *, start_hour: int, end_hour: int) -> AsyncIterator[Sequence[UsagePart]]:
        """As the port says."""
        for day in range(start_hour // keys.HOURS_A_DAY, -(-end_hour // keys.HOURS_A_DAY)):
            first = day * keys.HOURS_A_DAY
            hours = range(max(start_hour - first, 0), min(end_hour - first, keys.HOURS_A_DAY))
            rows = iter((await self._day(keys.usage(tenant, day), hours)).items())
            while batch := [_part(first, prefix, values) for prefix, values in islice(rows, BATCH)]:
                yield batch
                await asyncio.sleep(0)

    async def _day(self, key: str, hours: range) -> Rows:
        """The fields of a day's hash by what stands before their metric, values in the metrics' order."""
        for _ in range(ATTEMPTS):
            rows: Rows = {}
            if await self._scan(key, {str(hour).encode() for hour in hours}, rows):
                return rows
        raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)

    async def _scan(self, key: str, hours: set[bytes], rows: Rows) -> bool:
        """Fills the rows of some hours; False where another server answered in the middle."""
        first, cursor = b"", b"0"
        while True:
            server, cursor, found = await reach(_PIECE.run, self._client, (key,), cursor, SCAN_BATCH)
            if server != (first := first or server):
                return False
            _take(found, hours, rows)
            if len(rows) > MAX_PARTS:
                raise _too_many()
            if cursor == b"0":
                return True


def _take(found: Sequence[bytes], hours: set[bytes], rows: Rows) -> None:
    for field, value in zip(found[::2], found[1::2], strict=True):
        prefix, _, metric = field.rpartition(_SEPARATOR)
        if prefix.partition(_SEPARATOR)[0] in hours and metric in _PLACES:
            row = rows.get(prefix)
            if row is None:
                row = rows[prefix] = _ZEROS[:]
            # A scan may give a field twice (Redis, SCAN: "Scan guarantees"), so it is set and not added.
            row[_PLACES[metric]] = int(value)


def _too_many() -> Exception:
    return invalid_field(
        "startTime",
        f"a day of this time has more than {MAX_PARTS} combinations of hour, user, model and so on; ask for fewer hours"
        " at once, or export the ledger",
    )


def _part(first: int, prefix: bytes, values: Sequence[int]) -> UsagePart:
    hour, api_key, *user, model, provider, upstream_model, tags = prefix.decode(errors="replace").split("\x1f")
    # A user's name has no control characters. If one got in all the same, what it cost must still be told.
    named = Dimensions(api_key, "".join(user), model, provider, upstream_model, tags.split(",") if tags else ())
    return UsagePart(first + int(hour), named, Sums(*values))
