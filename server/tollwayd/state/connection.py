"""Connections to Redis: how a client is made from a URL, and what it must never do by itself."""

from __future__ import annotations

from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_SECONDS: Final = 1.0
"""Until a connection must stand; Redis is near, so one that takes longer is down."""

REPLY_SECONDS: Final = 2.0
"""Until a command must be answered. The longest script, a forced delete of a large tenant, stays below it."""

BLOCK_SECONDS: Final = 1.0
"""How long the change feed waits in one command: so often it looks whether the log still is the one it follows."""

MAX_CONNECTIONS: Final = 16
"""Connections of one client; who finds them all busy waits. Redis is one thread: with more, calls queue there."""


def connect(url: str) -> Redis:
    """A client for commands that answer at once. `url` is a `redis://`, `rediss://` or `unix://` one."""
    return _client(url, MAX_CONNECTIONS, REPLY_SECONDS)


def connect_blocking(url: str) -> Redis:
    """A client of one connection, for commands that block up to BLOCK_SECONDS in Redis."""
    return _client(url, 1, BLOCK_SECONDS + REPLY_SECONDS)


def _client(url: str, connections: int, reply_seconds: float) -> Redis:
    options: dict[str, Any] = {
        **parse_url(url),
        "max_connections": connections,
        "timeout": reply_seconds,
        "socket_timeout": reply_seconds,
        "socket_connect_timeout": CONNECT_SECONDS,
        # redis-py repeats every command ten times when a reply is lost, also those that have been executed: only
        # `outage.reach` knows which may be.
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
        # RESP2 needs no HELLO and no push messages: one round trip less a connection, and any proxy passes it.
        "protocol": 2,
        "driver_info": None,
    }
    return Redis.from_pool(BlockingConnectionPool(**options))
