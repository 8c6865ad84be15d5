-- The start of the metering script: its keys, the time, and numbers as text. Lua itself prints what has 15 digits or more
-- as 1e+15: no time has, but amounts may, which are for `text`.
local limits, holds, leases, ends, booked, ledger, events, usage = unpack(KEYS)
local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000 + math.floor(micros / 1000)

local SEPARATOR = '\31'
local DAY = 86400000
local EXACT = 9007199254740992 -- 2^53, up to which Lua counts exactly.
local GRACE = 3600000 -- How long a window is kept after its end, for calls that began in it.
local MARKED = 7 * DAY -- How long a call that was booked without its hold is remembered.
local MARK_END = 'm' -- How a mark begins in `ends`.
local EVENTS = 10000 -- How many threshold events are kept, or a few more.

local function text(number)
  return string.format('%.0f', number)
end

-- Adds to a number of a hash. One that 64 bits do not hold stays as it is: only nonsense adds up to it, and a script that
-- fails in its middle has booked half, and would again at each try.
local function add(key, field, amount)
  local sum = redis.pcall('HINCRBY', key, field, amount)
  if type(sum) == 'number' or string.find(sum.err, 'overflow') or string.find(sum.err, 'not an integer') then return end
  redis.call('HINCRBY', key, field, amount) -- Fails in Redis's own words.
end

-- What was told by this script, for the process that runs it: seven values each.
local told_now = {}
