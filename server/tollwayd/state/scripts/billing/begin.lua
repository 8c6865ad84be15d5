-- Begins a closing, or gives the one that was begun before. KEYS: the closings.
-- ARGV: the invoice's name, the invoice as it would begin, and the millisecond from which on it may.
local begun = redis.call('HGET', KEYS[1], ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not begun and now >= tonumber(ARGV[3]) then
  begun = ARGV[2]
  redis.call('HSET', KEYS[1], ARGV[1], begun)
end
return {begun or '', now}
