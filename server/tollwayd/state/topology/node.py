"""One server: how connections to it are made, and what they must never do by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Connection

    from tollwayd.state.topology.redis_url import Address

CONNECT_SECONDS: Final = 1.0
"""Until a connection must stand; Redis is near, so one that takes longer is down."""

_OURS: Final[Mapping[str, Any]] = {
    "socket_connect_timeout": CONNECT_SECONDS,
    # redis-py would send each command inside asyncio.wait_for, which in Python 3.11 loses a cancellation that comes
    # while the command is done (python/cpython#86296): a feed that was told to stop would run on.
    "socket_timeout": None,
    # redis-py repeats every command ten times when a reply is lost, also those that have been executed: only
    # `outage.reach` knows which may be.
    "retry": Retry(NoBackoff(), 0),
    "retry_on_timeout": False,
    # RESP2 needs no HELLO and no push messages: one round trip less a connection, and any proxy passes it.
    "protocol": 2,
    "driver_info": None,
}


def client(options: Mapping[str, Any], address: Address, connections: int) -> Redis:
    """A client of the server at an address, by a `RedisUrl`'s options. It waits for replies without end."""
    return Redis.from_pool(BlockingConnectionPool(**_at(options, address), max_connections=connections, timeout=None))


def connection(options: Mapping[str, Any], address: Address) -> Connection:
    """A connection that is not yet connected, and belongs to no pool."""
    kinds = _at(options, address)
    made: Connection = kinds.pop("connection_class")(**kinds)
    return made


async def ask(options: Mapping[str, Any], address: Address, *commands: Sequence[str]) -> list[Any]:
    """The replies to a few commands over a connection of their own. The caller bounds the time; errors of redis-py."""
    asked = connection(options, address)
    try:
        await asked.connect()  # type: ignore[no-untyped-call]
        await asked.send_packed_command(asked.pack_commands(commands))
        return [await asked.read_response() for _ in commands]
    finally:
        await asked.disconnect(nowait=True)


def _at(options: Mapping[str, Any], address: Address) -> dict[str, Any]:
    place = {"path": address.host} if address.port is None else {"host": address.host, "port": address.port}
    return {**options, **_OURS, **place}
