"""Clients of Redis, wherever a URL says that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.state.topology.node import client
from tollwayd.state.topology.of_url import topology
from tollwayd.state.topology.redis_url import Kind, parse
from tollwayd.state.topology.routed import RoutedRedis

if TYPE_CHECKING:
    from redis.asyncio import Redis

MAX_CONNECTIONS: Final = 16
"""Connections of one client to one server; who finds them all busy waits. Redis is one thread: with more, calls queue
there."""


def connect(url: str, connections: int = MAX_CONNECTIONS) -> Redis:
    """A client of the server, the Sentinel group or the cluster of a URL. ValueError for no such URL.

    It sends each command once, to the server that has its key, and waits for replies without end: `outage.reach` bounds
    it, and repeats what may be repeated.
    """
    place = parse(url)
    if place.kind is Kind.SERVER:
        return client(place.options, place.addresses[0], connections)
    return RoutedRedis(topology(place), connections)
