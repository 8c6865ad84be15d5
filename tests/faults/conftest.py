from __future__ import annotations

from tests.metered.over_redis import clock
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
    "clock",
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
