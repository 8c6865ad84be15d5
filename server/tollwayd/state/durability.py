"""What the operator's own Redis would lose, told at the start: what is booked is money."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tollwayd.state.connection import connect
from tollwayd.state.outage import OUTAGES, REPLY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping


async def risks(url: str) -> list[str]:
    """What to mend at the Redis of a URL, each to follow on the name of its place; of a cluster, at one server of it.
    None where it does not tell: managed ones may forbid INFO."""
    try:
        async with connect(url, 1) as client, asyncio.timeout(REPLY_SECONDS):
            return _risks(await client.info())
    except OUTAGES:
        return []


def _risks(info: Mapping[str, object]) -> list[str]:
    found = []
    if info.get("aof_enabled") == 0:
        found.append("forgets what it was told since its last snapshot when it stops: appendonly no")
    if (policy := info.get("maxmemory_policy", "noeviction")) != "noeviction":
        found.append(f"throws entries of the ledger away when its memory is full: maxmemory-policy {policy}")
    return found
