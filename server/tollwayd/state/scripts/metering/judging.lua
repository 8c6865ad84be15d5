-- Limits together: taking them for a call, all or none, and settling them.
local limits_of = {} -- By how they come: many calls of one run have the same.

local function unpacked(limits_packed)
  local known = limits_of[limits_packed]
  if not known then
    known = cmsgpack.unpack(limits_packed)
    limits_of[limits_packed] = known
  end
  return known
end

-- What of a charge counts against a take: of the limits of a provider that the call left for another one, requests alone.
local function charged_of(take, charge)
  if take[ALGORITHM] == CONCURRENCY then return 0 end
  local about = take[ABOUT]
  if about ~= '' and charge[PROVIDER] ~= '' and about ~= charge[PROVIDER] and take[UNIT] ~= REQUESTS then return 0 end
  return charge[take[UNIT]]
end

local function take_of(limit, seen, granted, exceeded)
  return {limit[BUCKET], limit[ALGORITHM], limit[UNIT], granted, seen.where, limit[LIMIT], seen.window, exceeded,
    false, false, limit[ABOUT], #limit[THRESHOLDS] > 0 and limit[THRESHOLDS]}
end

local function is_another_window(limit)
  return limit[START] and (now < limit[START] or now >= limit[START] + limit[WINDOW])
end

-- Where a limit stands for a call. What the call has, it is not asked for again: from an attempt before, or because this
-- is sent again.
local function judge(limit, take)
  local seen = ALGORITHMS[limit[ALGORITHM]].look(limit)
  local left = seen.capacity - seen.taken
  if take then
    seen.granted, seen.exceeded = take[GRANTED], take[EXCEEDED]
  else
    seen.exceeded = left < limit[LEAST]
    if seen.exceeded and limit[ENFORCE] then seen.refuses = true end
    seen.granted = limit[ENFORCE] and math.min(limit[AMOUNT], left) or limit[AMOUNT]
  end
  return seen
end

-- In how many milliseconds all limits that refused may have enough; -1 where one of them cannot tell.
local function retry_after(asked, standings)
  local longest = -1
  for index, seen in ipairs(standings) do
    local limit = asked[index]
    if seen.refuses then
      local wait = limit[LEAST] <= seen.capacity and ALGORITHMS[limit[ALGORITHM]].wait(limit, seen)
      if not wait then return -1 end
      longest = math.max(longest, wait)
    end
  end
  return longest
end

local function decided(status, retry, standings)
  local flat, at = {status, retry}, 2
  for _, seen in ipairs(standings) do
    flat[at + 1], flat[at + 2] = status == 0 and 0 or seen.granted, seen.taken
    flat[at + 3], flat[at + 4] = seen.reset, seen.exceeded and 1 or 0
    at = at + 4
  end
  return flat
end

local function buckets_of(takes)
  local has = {}
  for _, take in ipairs(takes) do has[take[BUCKET]] = take end
  return has
end

-- Adds to some takes those of limits, all or none; none where nothing is to be taken. Gives what is decided.
local function take_all(takes, limits_packed, dry)
  local asked, has = unpacked(limits_packed), buckets_of(takes)
  local standings, refused = {}, false
  for index, limit in ipairs(asked) do
    local seen = judge(limit, has[limit[BUCKET]])
    standings[index], refused = seen, refused or seen.refuses
  end
  if refused then return decided(0, retry_after(asked, standings), standings) end

  for index, limit in ipairs(asked) do
    local seen = standings[index]
    if not has[limit[BUCKET]] then
      if not dry then
        local take = take_of(limit, seen, seen.granted, seen.exceeded)
        ALGORITHMS[limit[ALGORITHM]].take(seen, take)
        takes[#takes + 1] = take
      end
      seen.taken = seen.taken + seen.granted
    end
  end
  return decided(1, -1, standings)
end

local function in_another_window(limits_packed)
  for _, limit in ipairs(unpacked(limits_packed)) do
    if is_another_window(limit) then return true end
  end
end

-- Adds to some takes those of limits that a call met without a reservation, with nothing granted.
local function take_unreserved(takes, met)
  local has = buckets_of(takes)
  for_each(met, function(limit)
    if not has[limit[BUCKET]] then
      local algorithm = ALGORITHMS[limit[ALGORITHM]]
      local seen = algorithm.look(limit)
      local take = take_of(limit, seen, 0, false)
      algorithm.take(seen, take)
      takes[#takes + 1] = take
    end
  end)
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

-- Forgets a count that is over, by its letter and name; true, or when to look again.
local function forget(kind, name)
  return ALGORITHMS[ENDING[kind]].forget(name)
end

counted = {take_all = take_all, in_another_window = in_another_window, take_unreserved = take_unreserved,
  settle_takes = settle_takes, forget = forget, write = counts.write}
return counted
