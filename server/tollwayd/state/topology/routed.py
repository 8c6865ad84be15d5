"""A client that sends each command to whichever server has its key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NoReturn

from redis.asyncio import Redis
from redis.exceptions import AskError, MovedError, RedisError, TryAgainError

from tollwayd.state.outage import passes
from tollwayd.state.topology.node import client
from tollwayd.state.topology.topology import target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.state.topology.redis_url import Address
    from tollwayd.state.topology.topology import Topology

REDIRECTS: Final = 3
"""How many MOVED a command follows at once. More of them come of a cluster that is changing, and are worth a pause."""

_SCRIPTS: Final = frozenset({"EVAL", "EVALSHA"})


class RoutedRedis(Redis):
    """redis-py's client, over one of its clients for each server. It has neither pipelines nor subscriptions."""

    def __init__(self, topology: Topology, connections: int) -> None:
        super().__init__()  # Its own pool connects to nothing, as no command goes through it.
        self._topology = topology
        self._connections = connections
        self._clients: dict[Address, Redis] = {}
        self._servers = topology.servers

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """The reply to a command, which is executed once at most: where its key is elsewhere, it was not, and goes
        there. Raises the redis library's errors; `outage.reach` knows which of them are worth another try."""
        key = _key(args)
        for _ in range(REDIRECTS):
            address = self._topology.present(key) or await self._topology.find(key)
            try:
                return await (await self._at(address)).execute_command(*args, **options)  # type: ignore[no-untyped-call]
            except MovedError as error:
                self._topology.moved(error, address)
                moved = error
            except AskError as error:
                return await self._ask(target(error, address), args, options)
            except (RedisError, TimeoutError, asyncio.CancelledError) as error:
                if _casts_doubt(error):
                    self._topology.doubt(address)
                raise
        raise moved

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001  # As it is called there.
        """Closes the connections to all servers."""
        for one in self._clients.values():
            await one.aclose()
        await super().aclose(close_connection_pool)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> NoReturn:  # noqa: FBT001, FBT002  # The same.
        raise TypeError("the commands of a pipeline may belong to different servers; run them one by one")

    async def _at(self, address: Address) -> Redis:
        if self._servers is not self._topology.servers:
            self._servers = self._topology.servers
            await self._leave(self._clients.keys() - self._servers)
        if address not in self._clients:
            self._clients[address] = client(self._topology.options, address, self._connections)
        return self._clients[address]

    async def _leave(self, addresses: set[Address]) -> None:
        """Closes what is idle at servers that have no keys any more. What is in use there ends by itself."""
        for address in addresses:
            await self._clients[address].connection_pool.disconnect(inuse_connections=False)

    async def _ask(self, address: Address, command: Sequence[Any], options: dict[str, Any]) -> Any:
        """Sends a command to the server that is getting the keys just now; the next one goes where it went before."""
        async with (await self._at(address)).pipeline(transaction=False) as pipeline:
            pipeline.execute_command("ASKING")
            pipeline.execute_command(*command, **options)
            return (await pipeline.execute())[1]


def _casts_doubt(error: BaseException) -> bool:
    # Whoever bounds the time cancels: what does not answer may be no server any more.
    return isinstance(error, asyncio.CancelledError) or (passes(error) and not isinstance(error, TryAgainError))


def _key(command: Sequence[Any]) -> bytes:
    """A key of a command; all that it has are at one server. Empty for a command without, which goes to any."""
    if len(command) < 2:
        return b""
    if command[0] in _SCRIPTS:
        key = command[3]
    elif command[0] == "XREAD":
        key = command[command.index(b"STREAMS") + 1]
    else:
        key = command[1]
    return key if isinstance(key, bytes) else str(key).encode()
