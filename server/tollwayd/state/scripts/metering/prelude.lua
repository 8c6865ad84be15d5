-- The start of every metering script: its keys, the time, and numbers as text. Lua prints 10^15 as 1e+15; `text` does not.
local limits, holds, leases, ends, booked, ledger, events, usage = unpack(KEYS)
local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000 + math.floor(micros / 1000)

local SEPARATOR = '\31'
local DAY = 86400000
local GRACE = 3600000 -- How long a window is kept after its end, for calls that began in it.
local MARKED = 7 * DAY -- How long a call that was booked without its hold is remembered.
local EVENTS = 10000 -- How many threshold events are kept, or a few more.

local function text(number)
  return string.format('%.0f', number)
end

-- Whether `usage` is the hash of this very day.
local function is_today(day)
  return tonumber(day) == math.floor(now / DAY)
end
