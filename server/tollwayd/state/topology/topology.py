"""What a topology is: the answer to where a key's data are now, and what makes it look again."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from tollwayd.state.topology.redis_url import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.exceptions import AskError

    from tollwayd.state.topology.redis_url import RedisUrl


class Topology(ABC):
    """Knows which server has which keys. All of one hash tag, the text between braces, are at one server.

    Who sends commands asks `present` before each, `find` where that knows nothing, and tells what it meets: `moved` for
    a server that named another, `doubt` for one that failed or is not what it was taken for. `servers` are all that
    have keys, as far as is known; another object when they have changed.
    """

    def __init__(self, url: RedisUrl) -> None:
        self._url = url
        self._looking: asyncio.Task[None] | None = None
        self.servers: frozenset[Address] = frozenset()

    @property
    def options(self) -> Mapping[str, Any]:
        """redis-py's options for connections to any of the servers."""
        return self._url.options

    @abstractmethod
    def present(self, key: bytes) -> Address | None:
        """The server that has a key, as far as is known; None where `find` has to look it up."""

    async def find(self, key: bytes) -> Address:
        """The same, looked up; those who ask at once share one look. Raises the redis library's errors, TimeoutError.

        Each question to a server has a bound of its own; whoever asks bounds the whole.
        """
        await asyncio.shield(self._look())
        return self._found(key)

    def moved(self, error: AskError, by: Address) -> None:  # noqa: B027  # Most have nowhere to move to.
        """Takes to heart that a server answered MOVED. `by` is that server."""

    def doubt(self, address: Address) -> None:  # noqa: B027  # The same.
        """Has the next caller look again, where this server is still taken for one that serves."""

    @abstractmethod
    async def _look_up(self) -> None:
        """Looks where the servers are."""

    @abstractmethod
    def _found(self, key: bytes) -> Address:
        """What the look has found for a key; raises the redis library's errors where it is nothing."""

    def _look(self) -> asyncio.Task[None]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_up(), name="look where Redis is")
            # Nobody may be left to take its error.
            self._looking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._looking


def target(error: AskError, by: Address) -> Address:
    """Where MOVED or ASK points to. A node that does not know its own address leaves it out: then it is the same."""
    return Address(error.host or by.host, error.port)
