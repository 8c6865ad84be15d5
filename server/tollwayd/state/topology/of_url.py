"""Which topology a URL means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.state.topology.cluster import ClusterTopology
from tollwayd.state.topology.redis_url import Kind
from tollwayd.state.topology.sentinel import SentinelTopology
from tollwayd.state.topology.server import ServerTopology

if TYPE_CHECKING:
    from tollwayd.state.topology.redis_url import RedisUrl
    from tollwayd.state.topology.topology import Topology

_TOPOLOGIES: Final[dict[Kind, type[Topology]]] = {
    Kind.SERVER: ServerTopology,
    Kind.SENTINEL: SentinelTopology,
    Kind.CLUSTER: ClusterTopology,
}


def topology(place: RedisUrl) -> Topology:
    """The topology of a URL; it connects when it is first asked."""
    return _TOPOLOGIES[place.kind](place)
