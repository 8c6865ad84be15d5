"""Loading the whole configuration as of one version, without holding the store up.

One command that reads 100,000 resources stops Redis, and with it every limit and budget, for a tenth of a second. So
it is read in pages, each of another moment, and what the change log says was written meanwhile is applied on top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.ports import Resource
from tollwayd.state import keys
from tollwayd.state.change_log import LogGapError, head, since
from tollwayd.state.listing import page
from tollwayd.state.outage import reach

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tollwayd.core.ports import Change

PAGE: Final = 500
"""Resources read at once: about a millisecond of Redis's time."""

ATTEMPTS: Final = 5
"""How often a load starts again because the log was trimmed or replaced under it."""


async def load(client: Redis) -> tuple[int, list[Resource]]:
    """The present version and every resource as of it. TollwayError REASON_STORE_UNAVAILABLE."""
    for _ in range(ATTEMPTS):
        try:
            return await _load(client)
        except LogGapError:
            continue
    raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)


async def _load(client: Redis) -> tuple[int, list[Resource]]:
    position = await reach(head, client)
    found: dict[str, Resource] = {}
    for index in (keys.ROOTS, keys.CHILDREN):
        await _read(client, index, found)
    while True:
        changes, position = await reach(since, client, position)
        if not changes:
            return position.version, list(found.values())
        for change in changes:
            _apply(found, change)


async def _read(client: Redis, index: str, found: dict[str, Resource]) -> None:
    start = "-"
    while resources := await page(client, index, start, "+", PAGE):
        found.update((resource.name, resource) for resource in resources)
        start = f"({resources[-1].name}"


def _apply(found: dict[str, Resource], change: Change) -> None:
    if change.record is None:
        found.pop(change.name, None)
    else:
        found[change.name] = Resource(change.name, change.version, change.record)
