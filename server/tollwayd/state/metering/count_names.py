"""Which counts of limits there are in Redis: the names before the fields of the hash `limits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.outage import reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCAN_BATCH: Final = 1_000
"""Fields looked at at once: less than a millisecond of Redis's time."""

MAX_SCANS: Final = 500
"""How often: half a million fields, a tenant with which has other troubles than an incomplete answer."""

CONNECTIONS: Final = 2
"""Connections for reading; who finds them all busy waits."""

_SEPARATOR: Final = b"\x1f"


class RedisCountNames:
    """A `CountNames` at a `redis://`, `rediss://` or `unix://` URL. Connects when it is first used; close it."""

    def __init__(self, url: str) -> None:
        self._client = connect(url, CONNECTIONS)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def beginning(self, tenant: str, prefix: str, most: int) -> tuple[Sequence[str], bool]:
        """As the port says."""
        found: dict[str, None] = {}
        cursor, all_seen = 0, False
        for _ in range(MAX_SCANS):
            cursor, fields = await self._scan(keys.limits(tenant), cursor, prefix)
            found.update((field.partition(_SEPARATOR)[0].decode(), None) for field in fields)
            all_seen = not cursor and len(found) <= most
            if not cursor or len(found) > most:
                break
        return list(found)[:most], all_seen

    async def _scan(self, key: str, cursor: int, prefix: str) -> tuple[int, Mapping[bytes, bytes]]:
        answer = await reach(self._client.hscan, key, cursor, match=f"{prefix}*", count=SCAN_BATCH)
        return cast("tuple[int, Mapping[bytes, bytes]]", answer)
