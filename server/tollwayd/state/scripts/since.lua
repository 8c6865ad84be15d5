-- The log after a version, with the head as of the same moment. KEYS: the head, the log.
-- ARGV: the version, and how many entries at most.
local head = redis.call('HMGET', KEYS[1], 'version', 'write')
local entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])
return {tonumber(head[1] or 0), head[2] or '', entries}
