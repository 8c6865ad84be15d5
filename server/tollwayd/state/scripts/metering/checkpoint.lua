-- Renews the lease of a running call. ARGV: the call, the charge if it is lost, how long its lease is. Gives whether it runs.
local found = redis.call('HGET', holds, ARGV[1])
if not found then return {0, now} end
local hold = hold_of(found)
hold.lost = ARGV[2]
redis.call('HSET', holds, ARGV[1], packed(hold))
redis.call('ZADD', leases, now + ARGV[3], ARGV[1])
return {1, now}
