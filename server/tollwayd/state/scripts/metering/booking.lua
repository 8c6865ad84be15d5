-- Booking: what becomes of holds, the ledger, the usage, and the marks of calls that are booked without a hold.
-- A charge: what counts against limits, by unit; the provider, the dimensions of usage and its metrics; as it comes, the
-- ledger's entry is before it.
local DIMENSIONS, FIRST_METRIC = 8, 9
local METRICS = {'calls', 'failed', 'input', 'cache_read', 'cache_write', 'cache_write_hour', 'output', 'reasoning',
  'cost', 'unpriced'}
-- How many combinations of dimensions have a usage of their own in an hour. Users and tags are named by callers, who could
-- make a day unreadable and the store full: those of further ones are summed up without them. The ledger has them.
local MOST_PLACES, PLACES = 50000, 'places'
local USER_AND_TAGS, OTHERS = '^([^\31]*)\31[^\31]*(\31.*\31)[^\31]*\31$', '%1\31(others)%2\31'
-- The marks in `booked`, by their first letter: booked; booked as lost, with its hold; cancelled before it began.
local BOOKED, LOST, CANCELLED = 'B', 'L', 'C'

-- A hold: the charge if the call is lost, whether it has to be marked when it is settled, and its takes.
local function hold_of(packed)
  local lost, doubtful, takes = cmsgpack.unpack(packed)
  return {lost = lost, doubtful = doubtful, takes = takes}
end

local function packed(hold)
  return cmsgpack.pack(hold.lost, hold.doubtful, hold.takes)
end

-- Whether an error is Lua's own, of a record that it cannot make sense of, today or tomorrow. Redis's begin with a word in
-- capitals, those of Redis 6 with the place behind an @; its `pcall` makes texts of both.
local function is_damage(failure)
  return type(failure) == 'string' and not string.find(failure, '^[@-]') and not string.find(failure, '^[A-Z]+ ')
end

-- What of a sorted set is due, `most` at most.
local function due(key, most)
  return redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, most)
end

-- What books, made when it is first wanted, as algorithms are.
local booking

local function to_book()
  if booking then return booking end
  local HOUR = math.floor(now % DAY / 3600000) .. SEPARATOR
  local sums_at, more_places, places = {}, 0, nil -- What this run adds to the usage, by the dimensions.

  local function fields_of(place)
    local fields = {}
    for index, metric in ipairs(METRICS) do fields[index] = HOUR .. place .. metric end
    return fields
  end

  -- The sums of a place; where it is new in this hour and there are too many already, those of the others.
  local function sums_of(place, counted)
    local sums = sums_at[place]
    if not sums then
      sums = {}
      sums_at[place] = sums
    end
    if counted and not sums.known then
      sums.known = fields_of(place)
      sums.before = redis.call('HMGET', usage, unpack(sums.known))
      if (tonumber(sums.before[1]) or 0) == 0 then
        places = places or tonumber(redis.call('HGET', usage, HOUR .. PLACES)) or 0
        more_places = more_places + 1
        if places + more_places > MOST_PLACES then sums.instead = string.gsub(place, USER_AND_TAGS, OTHERS) end
      end
    end
    return counted and sums.instead and sums_of(sums.instead) or sums
  end

  -- Appends the entry and sums up the usage; nothing for a charge without an entry.
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

  local function write_usage()
    if more_places > 0 then add(usage, HOUR .. PLACES, more_places) end
    local more, values = {}, {}
    for place, sums in pairs(sums_at) do
      local fields = sums.known or fields_of(place)
      for index, field in ipairs(fields) do
        if sums[index] then
          more[field] = sums[index]
          if sums.known then values[field] = (tonumber(sums.before[index]) or 0) + sums[index] end
        end
      end
    end
    write_sums(usage, more, values, {})
  end

  -- Does something for each. What it finds damaged keeps none of the others; gives what no sense can be made of, and what
  -- Redis refused with, if it did: being full it may do later what it does not now.
  local function for_each(things, work)
    local damaged, refusal = {}, nil
    for _, thing in ipairs(things) do
      local done, failure = pcall(work, thing)
      if not done then
        if is_damage(failure) then damaged[#damaged + 1] = thing else refusal = failure end
        local said = type(failure) == 'table' and failure.err or failure
        redis.log(redis.LOG_WARNING, 'Tollway: a count or a call cannot be seen to: ' .. said)
      end
    end
    return damaged, refusal
  end

  -- Puts a charge in the place of what the takes hold. `again`: another charge has been put there before. What is booked
  -- stands, whatever is found in the counts: else it would be booked again, each time that it is tried.
  local function settle_takes(takes, charge, again)
    for_each(takes, function(take)
      local charged = charged_of(take, charge)
      ALGORITHMS[take[ALGORITHM]].settle(take, charged, again and take[GRANTED] or 0)
      take[GRANTED] = charged
    end)
  end

  local function mark(call, value)
    put_mark(call, value)
    end_at(now + MARKED, MARK_END .. call)
  end

  local function reap_one(call)
    local found = found_hold(call)
    if found then
      local hold = hold_of(found)
      local entry, charge = cmsgpack.unpack(hold.lost)
      book(entry, charge)
      settle_takes(hold.takes, charge)
      mark(call, LOST .. packed(hold))
    end
    let_go(call)
  end

  -- Books calls of which nothing was heard for too long. One that cannot be read never can be.
  local function reap(late)
    local damaged, refusal = for_each(late, reap_one)
    for _, call in ipairs(damaged) do let_go(call) end
    if refusal then error(refusal, 0) end
  end

  local function forget_one(member)
    local kind, name = string.sub(member, 1, 1), string.sub(member, 2)
    local done = true
    if kind == MARK_END then redis.call('HDEL', booked, name)
    else done = ALGORITHMS[ENDING[kind]].forget(name) end
    if done == true then redis.call('ZREM', ends, member) else redis.call('ZADD', ends, done, member) end
  end

  -- Forgets what is over.
  local function forget(over)
    for _, member in ipairs(for_each(over, forget_one)) do redis.call('ZREM', ends, member) end
  end
  booking = {book = book, for_each = for_each, settle_takes = settle_takes, mark = mark, reap = reap, forget = forget,
    write = write_usage}
  return booking
end
