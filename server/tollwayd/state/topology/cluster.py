"""A cluster: 16,384 slots of keys, spread over masters, and moved between them while they are used."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from redis.crc import key_slot
from redis.exceptions import ClusterDownError, RedisError

from tollwayd.state.topology.node import ask
from tollwayd.state.topology.redis_url import Address
from tollwayd.state.topology.topology import Topology, target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from redis.exceptions import AskError

    from tollwayd.state.topology.redis_url import RedisUrl

NODE_SECONDS: Final = 0.5
"""How long a node may take to tell of the slots, before another is asked."""


class ClusterTopology(Topology):
    """The masters of a cluster by slots, as any of its nodes tells."""

    def __init__(self, url: RedisUrl) -> None:
        super().__init__(url)
        self._masters: dict[int, Address] = {}
        self._doubted: set[Address] = set()

    def present(self, key: bytes) -> Address | None:
        master = self._masters.get(key_slot(key))
        return None if master in self._doubted else master

    def moved(self, error: AskError, by: Address) -> None:
        self._masters[error.slot_id] = address = target(error, by)
        if address not in self.servers:
            self.servers |= {address}

    def doubt(self, address: Address) -> None:
        self._doubted.add(address)

    async def _look_up(self) -> None:
        problem: Exception | None = None
        for node in self._nodes():
            try:
                async with asyncio.timeout(NODE_SECONDS):
                    (ranges,) = await ask(self._url.options, node, ("CLUSTER", "SLOTS"))
            except (RedisError, TimeoutError) as error:
                problem = error
                continue
            if ranges:  # A node that was reset knows of nothing.
                self._learn(dict(_masters(ranges, node)))
                return
        raise problem or ClusterDownError("no node")

    def _learn(self, masters: dict[int, Address]) -> None:
        self._masters = masters
        self._doubted.clear()
        servers = frozenset(masters.values())
        if servers != self.servers:
            self.servers = servers

    def _found(self, key: bytes) -> Address:
        try:
            return self._masters[key_slot(key)]
        except KeyError:
            raise ClusterDownError("no server has the slot") from None

    def _nodes(self) -> Iterable[Address]:
        """Whom to ask: those that are not in doubt first, each once."""
        known = dict.fromkeys([*self._masters.values(), *self._url.addresses])
        return sorted(known, key=self._doubted.__contains__)


def _masters(ranges: Iterable[Any], by: Address) -> Iterator[tuple[int, Address]]:
    for first, last, (host, port, *_), *_replicas in ranges:
        address = Address(host.decode() if host and host != b"?" else by.host, port)
        for slot in range(first, last + 1):
            yield slot, address
