"""One server, which has everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.state.topology.topology import Topology

if TYPE_CHECKING:
    from tollwayd.state.topology.redis_url import Address


class ServerTopology(Topology):
    """The one server of a URL."""

    def present(self, key: bytes) -> Address:
        return self._url.addresses[0]

    async def _look_up(self) -> None:
        """It is always there."""

    def _found(self, key: bytes) -> Address:
        return self._url.addresses[0]
