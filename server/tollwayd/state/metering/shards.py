"""Which pipeline a tenant's commands go through: one for each server that has tenants' keys."""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import AskError, MovedError

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.metering import keys
from tollwayd.state.metering.link import PATIENCE_SECONDS
from tollwayd.state.metering.pipeline import Pipeline
from tollwayd.state.outage import OUTAGES
from tollwayd.state.topology.node import CONNECT_SECONDS, connection
from tollwayd.state.topology.of_url import topology
from tollwayd.state.topology.redis_url import parse
from tollwayd.state.topology.topology import target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tollwayd.state.metering.clock import StoreClock
    from tollwayd.state.metering.command import Command
    from tollwayd.state.topology.redis_url import Address

DETOURS: Final = 40
"""How often one command is sent elsewhere, or again because its slot is on its way, before it fails."""

DETOUR_SECONDS: Final = 0.025
"""Before a command is sent again whose keys lie half here, half there. Forty of these are a second."""

LOOK_SECONDS: Final = 0.2
"""Between two looks for who has taken the place of a server that is down."""


@lru_cache(maxsize=1_000)
def _key(tenant: str) -> bytes:
    return keys.limits(tenant).encode()


class Shards:
    """The pipelines to the server, the Sentinel group's master or the cluster's masters of a URL.

    `clock` hears the store's time, `tell` the thresholds that a tenant has reached, as the script tells them.
    Commands wait for a server to be found, PATIENCE_SECONDS at most (the first ones of all CONNECT_SECONDS); but none
    waits while a server is known to be down.
    """

    def __init__(self, url: str, clock: StoreClock, tell: Callable[[str, Sequence[Any]], None]) -> None:
        self.clock, self._tell = clock, tell
        self._topology = topology(parse(url))
        self._pipelines: dict[Address, Pipeline] = {}
        self._waiting: list[tuple[str, Command]] = []
        self._finding: asyncio.Task[None] | None = None
        self._watching: dict[Address, asyncio.Task[None]] = {}

    def send(self, tenant: str, command: Command) -> None:
        """Has a command sent to where the tenant's keys are. While that server is away it fails at once."""
        address = self._topology.present(_key(tenant))
        if address:
            (self._pipelines.get(address) or self._pipeline(address)).send(command)
        elif self._watching:
            command.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))
        else:
            self._waiting.append((tenant, command))
            if self._finding is None:
                self._finding = asyncio.get_running_loop().create_task(self._find(tenant))

    async def drained(self) -> None:
        """Waits for what is under way."""
        if self._finding:
            await asyncio.wait([self._finding])
        for pipeline in [*self._pipelines.values()]:
            await pipeline.drained()

    async def aclose(self) -> None:
        """Closes all connections; what is under way fails."""
        tasks = [task for task in (self._finding, *self._watching.values()) if task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for pipeline in self._pipelines.values():
            pipeline.close()

    def _pipeline(self, address: Address) -> Pipeline:
        pipeline = self._pipelines.get(address)
        if pipeline is None:
            pipeline = self._pipelines[address] = Pipeline(
                partial(connection, self._topology.options, address),
                self.clock,
                tell=self._tell,
                elsewhere=partial(self._detour, address),
                on_down=partial(self._watch, address),
            )
        return pipeline

    async def _find(self, tenant: str) -> None:
        # At first nothing is known to be up or down, and a Sentinel or a handshake may take its time.
        patience = PATIENCE_SECONDS if self._pipelines else CONNECT_SECONDS
        try:
            async with asyncio.timeout(patience):
                await self._topology.find(_key(tenant))
        except OUTAGES:
            pass
        finally:
            self._finding = None
            waiting, self._waiting = self._waiting, []
            for one, command in waiting:
                self._send_found(one, command)

    def _send_found(self, tenant: str, command: Command) -> None:
        if address := self._topology.present(_key(tenant)):
            self._pipeline(address).send(command)
        else:
            command.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))

    def _detour(self, by: Address, command: Command, error: str) -> bool:
        """Takes over a command that a server did not run because it has no place, or no peace, for its keys."""
        if command.detours == DETOURS:
            return False
        command.detours += 1
        word, _, place = error.partition(" ")
        if word == "MOVED":
            moved = MovedError(place)
            self._topology.moved(moved, by)
            self._pipeline(target(moved, by)).send(command)
        elif word == "ASK":
            command.asking = True
            self._pipeline(target(AskError(place), by)).send(command)
        else:
            if word == "CLUSTERDOWN":
                self._topology.doubt(by)
            asyncio.get_running_loop().call_later(DETOUR_SECONDS, self.send, command.tenant, command)
        return True

    def _watch(self, address: Address) -> None:
        if address not in self._watching:
            self._watching[address] = asyncio.get_running_loop().create_task(self._look_beyond(address))

    async def _look_beyond(self, address: Address) -> None:
        """Looks for another server in the place of one that is down, until one is found or it is up again."""
        pipeline = self._pipelines[address]
        try:
            while not pipeline.is_up:
                self._topology.doubt(address)
                try:
                    async with asyncio.timeout(CONNECT_SECONDS):
                        await self._topology.find(b"")
                except OUTAGES:
                    pass
                else:
                    if self._topology.servers and address not in self._topology.servers:
                        del self._pipelines[address]
                        pipeline.close()
                        return
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            del self._watching[address]
