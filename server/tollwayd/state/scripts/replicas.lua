-- Notes that a replica is there, forgets those that have been silent for too long, and counts the rest.
-- KEYS: replicas. ARGV: the replica, the milliseconds after which silence means that it is gone.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
return redis.call('ZCARD', KEYS[1])
