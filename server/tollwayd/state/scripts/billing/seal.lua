-- Sees to it that nothing more is booked before a moment, whatever clocks do: the ids that a stream gives out by itself
-- only ever grow. KEYS: a tenant's ledger. ARGV: the moment, in milliseconds.
local first = ARGV[1] .. '-0'
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XADD', KEYS[1], 'MAXLEN', 0, first, 'e', '')
  return 1
end
local told = redis.call('XINFO', 'STREAM', KEYS[1])
for place = 1, #told, 2 do
  if told[place] == 'last-generated-id' and tonumber(string.match(told[place + 1], '^%d+')) < tonumber(ARGV[1]) then
    redis.call('XSETID', KEYS[1], first)
    return 1
  end
end
return 0
