from __future__ import annotations

from tests.redis_server import own_redis, redis_client, redis_program, redis_store, redis_url, shared_redis

__all__ = ["own_redis", "redis_client", "redis_program", "redis_store", "redis_url", "shared_redis"]
