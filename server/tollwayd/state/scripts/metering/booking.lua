-- Booking: what becomes of holds, the ledger, the usage, and the marks of calls that are booked without a hold.
-- A charge: what counts against limits, by unit; the provider, the dimensions of usage and its metrics; as it comes, the
-- ledger's entry is before it.
local DIMENSIONS, FIRST_METRIC = 8, 9
-- The marks in `booked`, by their first letter: booked; booked as lost, with its hold; cancelled before it began.
local BOOKED, LOST, CANCELLED = 'B', 'L', 'C'

-- A hold: the charge if the call is lost, whether it has to be marked when it is settled, and its takes.
local function hold_of(packed)
  local lost, doubtful, takes = cmsgpack.unpack(packed)
  if type(takes) ~= 'table' then error('no takes in a hold', 0) end
  return {lost = lost, doubtful = doubtful, takes = takes}
end

local function packed(hold)
  return cmsgpack.pack(hold.lost, hold.doubtful, hold.takes)
end

-- What books; nothing for a charge without an entry.
local function to_book()
  if booked_with then return booked_with end
  local METRICS = {'calls', 'failed', 'input', 'cache_read', 'cache_write', 'cache_write_hour', 'output', 'reasoning',
    'cost', 'unpriced'}
  -- How many combinations of dimensions have a usage of their own in an hour. Users and tags are named by callers, who
  -- could make a day unreadable and the store full: those of further ones are summed up without them. The ledger has them.
  local MOST_PLACES, PLACES = 50000, 'places'
  local USER_AND_TAGS, OTHERS = '^([^\31]*)\31[^\31]*(\31.*\31)[^\31]*\31$', '%1\31(others)%2\31'
  local HOUR = math.floor(now % DAY / 3600000) .. SEPARATOR
  local sums_at, more_places, places = {}, 0, nil -- What this run adds to the usage, by the dimensions.

  local function fields_of(place)
    local fields, start = {}, HOUR .. place
    for index, metric in ipairs(METRICS) do fields[index] = start .. metric end
    return fields
  end

  -- The sums of a place; where it is new in this hour and there are too many already, those of the others.
  local function sums_of(place, counts_calls)
    local sums = sums_at[place]
    if not sums then
      sums = {}
      sums_at[place] = sums
    end
    if counts_calls and not sums.known then
      sums.known = fields_of(place)
      sums.before = redis.call('HMGET', usage, unpack(sums.known))
      if (tonumber(sums.before[1]) or 0) == 0 then
        places = places or tonumber(redis.call('HGET', usage, HOUR .. PLACES)) or 0
        more_places = more_places + 1
        if places + more_places > MOST_PLACES then sums.instead = string.gsub(place, USER_AND_TAGS, OTHERS) end
      end
    end
    return counts_calls and sums.instead and sums_of(sums.instead) or sums
  end

  -- Appends the entry and sums up the usage.
  local function book(entry, charge)
    if entry == '' then return end
    -- Before the entry, which would be there again at each try: it fails where the charge or the usage is none.
    local sums = sums_of(charge[DIMENSIONS] .. SEPARATOR, charge[FIRST_METRIC] ~= 0)
    redis.call('XADD', ledger, '*', 'e', entry)
    for index = 1, #METRICS do
      local value = charge[FIRST_METRIC + index - 1] -- A hold of an older gateway lacks what came later.
      if value and value ~= 0 then sums[index] = (sums[index] or 0) + value end
    end
  end

  local function write()
    if more_places > 0 then add(usage, HOUR .. PLACES, more_places) end
    local texts = {}
    for place, sums in pairs(sums_at) do
      local before = sums.before
      for index, field in ipairs(sums.known or fields_of(place)) do
        local more = sums[index]
        if more then add_up(usage, field, more, before and (tonumber(before[index]) or 0) + more, texts) end
      end
    end
    with_all('HSET', usage, texts)
  end

  booked_with = {book = book, write = write}
  return booked_with
end

-- Puts a charge in the place of what a call holds.
local function settle_takes(takes, charge, again)
  if #takes > 0 then counting().settle_takes(takes, charge, again) end
end
