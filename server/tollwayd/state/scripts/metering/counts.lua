-- The counts of limits, by algorithm. Each algorithm has these functions:
--   look(limit)            where the count stands: {taken, capacity, where, window, reset}; `where` names the window or slot
--   take(seen, take)       adds take[GRANTED]
--   settle(take, charged, booked_before)  puts `charged` in the place of take[GRANTED]; what a call gives back, it gives
--                          back to the window or slot that it took from, if that is still kept
--   wait(limit, seen)      in how many milliseconds take[LEAST] may be left, as far as time alone tells
--   forget(name)           drops what is over; true, or when to look again
-- They reach `limits` by `counts` alone.
-- A limit as it comes, and a take as a hold keeps it:
local BUCKET, ALGORITHM, UNIT, AMOUNT, LEAST, LIMIT, WINDOW, BURST, START, ENFORCE, ABOUT, THRESHOLDS =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
local GRANTED, WHERE, EXCEEDED = 4, 5, 8
-- Algorithms, by their numbers in core/metering/limit.py.
local CONCURRENCY, FIXED, CALENDAR, SLIDING, LEAKING = 0, 1, 2, 3, 4
-- What is noted in `ends` of counts, by the first letter of its name. Marks of calls have another one.
local WINDOW_END, SLIDING_END, LEAKING_END = 'w', 's', 'b'
local ENDING = {[WINDOW_END] = FIXED, [SLIDING_END] = SLIDING, [LEAKING_END] = LEAKING}
local REQUESTS = 1 -- Of units, which are where a charge has what counts against them.
local PROVIDER = 7 -- Of a charge.

-- Tells each threshold once that what is settled has reached. `told` is the field of the last one told in this window.
local function tell(take, told, settled, start)
  local thresholds = take[THRESHOLDS]
  local last = tonumber(counts.get(told)) or -1
  local reached = last
  for _, threshold in ipairs(thresholds) do
    if threshold > last and settled >= threshold then
      reached = threshold
      redis.call('XADD', events, 'MAXLEN', '~', EVENTS, '*', 'bucket', take[BUCKET], 'unit', take[UNIT],
        'threshold', text(threshold), 'limit', text(take[LIMIT]), 'settled', text(settled),
        'start', text(start), 'window', text(take[WINDOW]))
      for _, value in ipairs({take[BUCKET], take[UNIT], threshold, take[LIMIT], settled, start, take[WINDOW]}) do
        told_now[#told_now + 1] = value
      end
    end
  end
  if reached > last then counts.put(told, text(reached)) end
end

-- Windows one after another. Fields: bucket, start and end → taken; with `s` what is settled, with `t` what was told.
local function fixed_counts()
  local fixed, last = {}, {}

  local function window_field(bucket, start, window)
    local known = last[bucket]
    if not known or known.start ~= start or known.window ~= window then
      local field = bucket .. SEPARATOR .. start .. '-' .. start + window
      known = {start = start, window = window, field = field}
      last[bucket] = known
    end
    return known.field
  end

  function fixed.look(limit)
    local window = limit[WINDOW]
    local start = limit[START] or now - now % window
    local taken = tonumber(counts.get(window_field(limit[BUCKET], start, window))) or 0
    return {taken = taken, capacity = limit[LIMIT], where = start, window = window, reset = start + window - now}
  end

  function fixed.take(_, take)
    local field = window_field(take[BUCKET], take[WHERE], take[WINDOW])
    if counts.add(field, take[GRANTED]) == take[GRANTED] then
      ending[WINDOW_END .. field] = take[WHERE] + take[WINDOW] + GRACE
    end
  end

  function fixed.settle(take, charged, before)
    local field = window_field(take[BUCKET], take[WHERE], take[WINDOW])
    counts.read(field, field .. 's', take[THRESHOLDS] and field .. 't' or nil)
    if not counts.get(field) then return end
    if charged ~= take[GRANTED] then counts.add(field, charged - take[GRANTED]) end
    if charged == before then return end
    local settled = counts.add(field .. 's', charged - before)
    if take[THRESHOLDS] then tell(take, field .. 't', settled, take[WHERE]) end
  end

  function fixed.wait(_, seen)
    return seen.reset
  end

  function fixed.forget(field)
    counts.drop(field)
    counts.drop(field .. 's')
    counts.drop(field .. 't')
    return true
  end

  return fixed
end

-- The last stretch of time, in slots: a slot is dropped when all of it is older than the window, so that in no stretch
-- of the window's length more is taken than the limit. Slots are a chain, for most are empty. Fields: bucket and window →
-- taken; with `o` the oldest slot, with `l` the last, with `h` what is held (where there are thresholds), with `t` what
-- was told and `a` when; with the slot's number, its own part, and with `n` after it the next slot.
local function sliding_counts()
  local sliding, lines = {}, {}

  -- The names of a count, and how its slots lie in time.
  local function line(field, window)
    return {field = field, oldest = field .. 'o', last = field .. 'l', window = window, width = math.ceil(window / 512)}
  end

  local function line_of(bucket, window)
    local known = lines[bucket]
    if not known or known.window ~= window then
      known = line(bucket .. SEPARATOR .. window, window)
      lines[bucket] = known
    end
    return known
  end

  local function slot_field(of, slot)
    return of.field .. SEPARATOR .. slot
  end

  local function leaves(of, slot)
    return (slot + 1) * of.width + of.window
  end

  -- Drops the slots that are over. Gives what is taken, and the last slot, nil where there is none.
  local function slide(of)
    counts.read(of.field, of.oldest, of.last)
    local taken, oldest = tonumber(counts.get(of.field)) or 0, tonumber(counts.get(of.oldest))
    local first = oldest
    while oldest and leaves(of, oldest) <= now do
      local slot = slot_field(of, oldest)
      taken = counts.add(of.field, -(tonumber(counts.get(slot)) or 0))
      oldest = tonumber(counts.get(slot .. 'n'))
      counts.drop(slot)
      counts.drop(slot .. 'n')
    end
    if not oldest then
      -- Also where the oldest slot cannot be read: what is taken would stay so for ever.
      if counts.get(of.field) then
        counts.drop(of.field)
        counts.drop(of.oldest)
        counts.drop(of.last)
      end
      return 0
    end
    if oldest ~= first then counts.put(of.oldest, oldest) end
    return taken, tonumber(counts.get(of.last))
  end

  function sliding.look(limit)
    local of = line_of(limit[BUCKET], limit[WINDOW])
    local taken, last = slide(of)
    -- A clock that was put back must not make a slot before the last one.
    local where = math.max(math.floor(now / of.width), last or 0)
    return {taken = taken, capacity = limit[LIMIT], where = where, window = of.window, last = last,
      reset = last and leaves(of, last) - now or 0}
  end

  function sliding.take(seen, take)
    local of, where, more = line_of(take[BUCKET], take[WINDOW]), take[WHERE], take[GRANTED]
    local slot = slot_field(of, where)
    if seen.last ~= where then
      if seen.last then
        counts.put(slot_field(of, seen.last) .. 'n', where)
      else
        counts.put(of.oldest, where)
        ending[SLIDING_END .. of.field] = leaves(of, where) + GRACE
      end
      counts.put(of.last, where)
      counts.values[slot] = false -- It is after the last: there is none yet.
      seen.last = where
    end
    counts.more(slot, more)
    counts.more(of.field, more)
    if take[THRESHOLDS] then counts.more(of.field .. 'h', more) end
    seen.reset = leaves(of, where) - now
  end

  function sliding.settle(take, charged, before)
    local more, thresholds = charged - take[GRANTED], take[THRESHOLDS]
    if more == 0 and not thresholds then return end
    local of = line_of(take[BUCKET], take[WINDOW])
    local slot = slot_field(of, take[WHERE])
    if more ~= 0 and counts.get(slot) then
      counts.more(slot, more)
      counts.more(of.field, more)
    end
    if not thresholds then return end
    -- What is held is what was granted and is not settled yet: nothing of it is left when there was a settlement before.
    local still_held = counts.add(of.field .. 'h', before - take[GRANTED])
    local told = counts.get(of.field .. 'a')
    if not told or told + of.window <= now then
      counts.drop(of.field .. 't')
      counts.put(of.field .. 'a', now)
    end
    tell(take, of.field .. 't', slide(of) - still_held, now - of.window)
  end

  function sliding.wait(limit, seen)
    local of = line_of(limit[BUCKET], limit[WINDOW])
    local excess, slot = seen.taken + limit[LEAST] - seen.capacity, tonumber(counts.get(of.oldest))
    while slot do
      local name = slot_field(of, slot)
      local following = counts.get(name .. 'n')
      excess = excess - (tonumber(counts.get(name)) or 0)
      if excess <= 0 or not following then return leaves(of, slot) - now end
      slot = tonumber(following)
    end
  end

  function sliding.forget(field)
    local of = line(field, tonumber(string.match(field, '%d+$')))
    local _, last = slide(of)
    if last then return leaves(of, last) + GRACE end
    -- A call that holds something may run longer than its window.
    if tonumber(counts.get(field .. 'h') or 0) > 0 then return now + GRACE end
    counts.drop(field .. 'h')
    counts.drop(field .. 't')
    counts.drop(field .. 'a')
    return true
  end

  return sliding
end

-- A bucket that leaks `limit` per window and holds `burst`. One field: bucket and `b` → its level, what has leaked of the
-- next unit (in units times milliseconds), when that was so, and by what limit and window it leaks. A window is a day at
-- most, so that all is below 2^53.
local function leaking_counts()
  local leaking = {}
  local LONGEST = 36600 * DAY -- A century is told in place of more: dates and durations have an end.

  local function bucket_field(bucket)
    return bucket .. SEPARATOR .. 'b'
  end

  local function leaked(elapsed, rem, rate, window)
    local rest = elapsed % window
    local steady = math.floor(rate / window)
    local parts = rest * (rate % window) + rem
    return (elapsed - rest) / window * rate + rest * steady + math.floor(parts / window), parts % window
  end

  -- Its level now, and what has leaked of the next unit; by the limit that it had last, unless another one is given.
  local function level_of(bucket, rate, window)
    local state = counts.get(bucket_field(bucket))
    if not state then return 0, 0 end
    local level, rem, at, last_rate, last_window = string.match(state, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
    if not level then return 0, 0 end -- It would refuse all calls for ever.
    rate, window = rate or tonumber(last_rate), window or tonumber(last_window)
    local gone, left = leaked(math.max(0, now - at), rem % window, rate, window)
    if gone >= tonumber(level) then return 0, 0 end
    return level - gone, left, rate, window
  end

  local function put_level(take, level, rem)
    local field = bucket_field(take[BUCKET])
    if not counts.get(field) then ending[LEAKING_END .. take[BUCKET]] = now + take[WINDOW] + GRACE end
    local state = {text(level), text(rem), text(now), text(take[LIMIT]), text(take[WINDOW])}
    counts.put(field, table.concat(state, ' '))
  end

  local function until_leaked(amount, rem, rate, window)
    if amount <= 0 then return 0 end
    return rate > 0 and math.min(LONGEST, math.ceil((amount * window - rem) / rate)) or nil
  end

  function leaking.look(limit)
    local rate, window = limit[LIMIT], limit[WINDOW]
    local level, rem = level_of(limit[BUCKET], rate, window)
    return {taken = level, capacity = limit[BURST], where = now, window = window, rem = rem,
      reset = until_leaked(level, rem, rate, window) or window}
  end

  function leaking.take(seen, take)
    local level = seen.taken + take[GRANTED]
    put_level(take, level, seen.rem)
    seen.reset = until_leaked(level, seen.rem, take[LIMIT], take[WINDOW]) or take[WINDOW]
  end

  function leaking.settle(take, charged)
    local rate, window, more = take[LIMIT], take[WINDOW], charged - take[GRANTED]
    if more < 0 then
      -- What is given back may have leaked out already: of that, the bucket must not be relieved twice.
      local gone = leaked(math.max(0, now - take[WHERE]), window - 1, rate, window)
      more = math.min(0, more + gone)
    end
    if more == 0 then return end
    local level, rem = level_of(take[BUCKET], rate, window)
    put_level(take, math.max(0, level + more), rem)
  end

  function leaking.wait(limit, seen)
    return until_leaked(seen.taken + limit[LEAST] - seen.capacity, seen.rem, limit[LIMIT], limit[WINDOW])
  end

  function leaking.forget(bucket)
    local level, rem, rate, window = level_of(bucket)
    if level > 0 then return now + math.max(window, until_leaked(level, rem, rate, window) or window) end
    counts.drop(bucket_field(bucket))
    return true
  end

  return leaking
end

-- Calls under way. One field: bucket and `c` → how many.
local function concurrency_counts()
  local concurrency = {}

  local function calls_field(bucket)
    return bucket .. SEPARATOR .. 'c'
  end

  function concurrency.look(limit)
    local taken = tonumber(counts.get(calls_field(limit[BUCKET]))) or 0
    return {taken = taken, capacity = limit[LIMIT], where = 0, window = 0, reset = 0}
  end

  function concurrency.take(_, take)
    if take[GRANTED] == 0 then return end
    counts.add(calls_field(take[BUCKET]), take[GRANTED])
  end

  function concurrency.settle(take)
    if take[GRANTED] == 0 then return end
    local field = calls_field(take[BUCKET])
    if counts.add(field, -take[GRANTED]) <= 0 then counts.drop(field) end
  end

  function concurrency.wait()
    return nil
  end

  return concurrency
end

-- Made when they are first wanted: to make them all takes as long as a call does.
local MAKERS = {
  [CONCURRENCY] = concurrency_counts,
  [FIXED] = fixed_counts,
  [CALENDAR] = fixed_counts,
  [SLIDING] = sliding_counts,
  [LEAKING] = leaking_counts,
}
local ALGORITHMS = setmetatable({}, {__index = function(made, algorithm)
  made[algorithm] = MAKERS[algorithm]()
  return made[algorithm]
end})
