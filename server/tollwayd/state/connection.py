"""Connections to Redis: how a client is made from a URL, and what it must never do by itself."""

from __future__ import annotations

from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_SECONDS: Final = 1.0
"""Until a connection must stand; Redis is near, so one that takes longer is down."""

MAX_CONNECTIONS: Final = 16
"""Connections of one client; who finds them all busy waits. Redis is one thread: with more, calls queue there."""


def connect(url: str, connections: int = MAX_CONNECTIONS) -> Redis:
    """A client of a `redis://`, `rediss://` or `unix://` URL. It waits for replies without end: callers bound it."""
    options: dict[str, Any] = {
        **parse_url(url),
        "max_connections": connections,
        "timeout": None,
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
    return Redis.from_pool(BlockingConnectionPool(**options))
