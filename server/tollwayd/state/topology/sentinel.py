"""A Sentinel group: several Sentinels watch a master and its replicas, and say which one is the master."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as LostConnectTimeoutError

from tollwayd.state.topology.node import ask
from tollwayd.state.topology.redis_url import Address
from tollwayd.state.topology.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tollwayd.state.topology.redis_url import RedisUrl

SENTINEL_SECONDS: Final = 0.3
"""How long a Sentinel may take to answer."""

MAJORITY_SECONDS: Final = 0.05
"""So long all are waited for; then the answers of more than half will do. One that is frozen holds nobody up."""

ROLE_SECONDS: Final = 0.25
"""How long a server may take to say that it is the master. Until a failover is decided the Sentinels name one that is
frozen: who waits longer for it notices later that it was replaced."""

RECHECK_SECONDS: Final = 1.0
"""How old what is known may be before it is looked up again, beside what goes on."""

STALE_SECONDS: Final = 2.0
"""How old it may be and still be used: no failover is faster. A master that was frozen, and of which a failover made a
replica meanwhile, takes writes for some seconds when it wakes up; they would be lost."""

_logger = logging.getLogger(__name__)


class UnknownServiceError(ResponseError):
    """The Sentinels watch no service of that name."""


class _Told(NamedTuple):
    """What one Sentinel tells: the epoch of its configuration, the higher the newer, and the master."""

    epoch: int
    master: Address | None


class SentinelTopology(Topology):
    """The master of a service, which has everything."""

    def __init__(self, url: RedisUrl) -> None:
        super().__init__(url)
        self._master: Address | None = None
        self._known_at = 0.0

    def present(self, key: bytes) -> Address | None:
        age = time.monotonic() - self._known_at
        if self._master is None or age > STALE_SECONDS:
            return None
        if age > RECHECK_SECONDS:
            self._look()
        return self._master

    def doubt(self, address: Address) -> None:
        if address == self._master:
            self._master = None

    async def _look_up(self) -> None:
        now = time.monotonic()
        try:
            master = await self._ask_sentinels()
        except (LostConnectionError, LostConnectTimeoutError, TimeoutError):
            if self._master is None:
                raise
            # Without Sentinels there is no failover either.
            self._known_at = now
            return
        async with asyncio.timeout(ROLE_SECONDS):
            (role,) = await ask(self._url.options, master, ("ROLE",))
        if role[0] != b"master":
            self._master = None
            raise LostConnectionError("the Sentinels name a server that is no master")
        self._become(master, now)

    def _become(self, master: Address, now: float) -> None:
        if self._master != master:
            _logger.info("The Sentinels name %s as the master.", master)
        if self.servers != {master}:
            self.servers = frozenset({master})
        self._master, self._known_at = master, now

    def _found(self, key: bytes) -> Address:
        if self._master is None:
            raise LostConnectionError("the master was lost again")
        return self._master

    async def _ask_sentinels(self) -> Address:
        asked = [asyncio.create_task(self._ask(sentinel)) for sentinel in self._url.addresses]
        try:
            await asyncio.wait(asked, timeout=MAJORITY_SECONDS)
            if 2 * len(_told(asked)) <= len(asked):
                await asyncio.wait(asked)
        finally:
            for task in asked:
                task.cancel()
            answers = await asyncio.gather(*asked, return_exceptions=True)
        told = _told(asked)
        if not told:
            raise next(answer for answer in answers if isinstance(answer, BaseException))
        # A Sentinel that was cut off, perhaps together with the old master, still names that one: the newest counts.
        newest = max(told)
        if newest.master is None:
            raise UnknownServiceError("no such service")
        return newest.master

    async def _ask(self, sentinel: Address) -> _Told:
        async with asyncio.timeout(SENTINEL_SECONDS):
            name = self._url.service
            # The second alone names the promoted replica as soon as it can be written to.
            watched, place = await ask(
                self._url.sentinel_options,
                sentinel,
                ("SENTINEL", "MASTERS"),
                ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name),
            )
        states = [dict(zip(state[::2], state[1::2], strict=True)) for state in watched]
        epochs = [int(state[b"config-epoch"]) for state in states if state[b"name"] == name.encode()]
        if not epochs or not place:
            return _Told(-1, None)
        return _Told(epochs[0], Address(place[0].decode(), int(place[1])))


def _told(asked: Iterable[asyncio.Task[_Told]]) -> list[_Told]:
    return [task.result() for task in asked if task.done() and not task.cancelled() and not task.exception()]
