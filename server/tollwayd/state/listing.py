"""Pages of resources in the order of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.ports import Resource
from tollwayd.state import keys
from tollwayd.state.outage import reach
from tollwayd.state.script import Script

if TYPE_CHECKING:
    from redis.asyncio import Redis

_PAGE: Final = Script("page.lua")


async def page(client: Redis, index: str, start: str, stop: str, limit: int) -> list[Resource]:
    """At most `limit` resources of an index between two bounds of ZRANGEBYLEX, all as of one moment."""
    flat = await reach(_PAGE.run, client, (keys.RESOURCES, index), start, stop, limit)
    return [resource(name.decode(), stored) for name, stored in zip(flat[::2], flat[1::2], strict=True)]


def resource(name: str, stored: bytes) -> Resource:
    """The resource in a value of the hash `keys.RESOURCES`."""
    version, _, record = stored.partition(b" ")
    return Resource(name, int(version), record)
