-- A piece of a day's usage, and the server that it is from: to another one, or to the same after a restart, the cursor
-- of a scan means something else (each has a seed of its own for its hashes).
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
return {server, found[1], found[2]}
