from __future__ import annotations

from tests.running.redis_server import (
    own_redis,
    redis_client,
    redis_home,
    redis_kind,
    redis_program,
    redis_store,
    redis_url,
    redis_urls,
    shared_redis,
    shared_topologies,
)

__all__ = [
    "own_redis",
    "redis_client",
    "redis_home",
    "redis_kind",
    "redis_program",
    "redis_store",
    "redis_url",
    "redis_urls",
    "shared_redis",
    "shared_topologies",
]
