-- Takes all limits of a call, or none. ARGV: the call, how long its lease is, '1' where nothing is to be taken, the
-- limits, the charge if the call is lost, the day that KEYS are for, '1' where this is surely sent the first time.
-- Gives: 0 refused, 1 admitted, 2 the window is another one, 3 the call is over; the time; when to try again or -1; then
-- for each limit what is granted, what is taken, when it is reset, and whether it was exceeded; and the thresholds that
-- lost calls have reached, if any.
local call, lease, dry = ARGV[1], ARGV[2], ARGV[3] == '1'
local wanted, lost, first_time = cmsgpack.unpack(ARGV[4]), ARGV[5], ARGV[7] == '1'

for _, limit in ipairs(wanted) do
  if limit[START] and (now < limit[START] or now >= limit[START] + limit[WINDOW]) then return {2, now} end
end
if not dry then
  if is_today(ARGV[6]) then reap(2) end
  forget(2)
end

local found = redis.call('HGET', holds, call)
if not found and not dry and redis.call('HEXISTS', booked, call) == 1 then return {3, now} end
local hold = found and hold_of(found) or {doubtful = false, takes = {}}
local has = {}
for _, take in ipairs(hold.takes) do has[take[BUCKET]] = take end

-- What the call has, it is not asked for again: from an attempt before, or because this is sent again.
local function judge(limit)
  local seen, take = ALGORITHMS[limit[ALGORITHM]].look(limit), has[limit[BUCKET]]
  local left = seen.capacity - seen.taken
  if take then
    seen.granted, seen.exceeded = take[GRANTED], take[EXCEEDED]
  else
    seen.exceeded = left < limit[LEAST]
    seen.refuses = seen.exceeded and limit[ENFORCE]
    seen.granted = limit[ENFORCE] and math.min(limit[AMOUNT], left) or limit[AMOUNT]
  end
  return seen
end

-- In how many milliseconds all limits that refused may have enough; -1 where one of them cannot tell.
local function retry_after(standings)
  local longest = -1
  for index, seen in ipairs(standings) do
    local limit = wanted[index]
    if seen.refuses then
      local wait = limit[LEAST] <= seen.capacity and ALGORITHMS[limit[ALGORITHM]].wait(limit, seen)
      if not wait then return -1 end
      longest = math.max(longest, wait)
    end
  end
  return longest
end

local function take(limit, seen)
  local taking = take_of(limit, seen, seen.granted, seen.exceeded)
  ALGORITHMS[limit[ALGORITHM]].take(seen, taking)
  hold.takes[#hold.takes + 1] = taking
end

local function answer(status, retry, standings)
  local flat = {status, now, retry}
  for _, seen in ipairs(standings) do
    local at = #flat
    flat[at + 1], flat[at + 2] = status == 0 and 0 or seen.granted, seen.taken
    flat[at + 3], flat[at + 4] = seen.reset, seen.exceeded and 1 or 0
  end
  if #told_now > 0 then flat[#flat + 1] = told_now end
  return flat
end

local standings, refused = {}, false
for index, limit in ipairs(wanted) do
  standings[index] = judge(limit)
  refused = refused or standings[index].refuses
end
if refused then return answer(0, retry_after(standings), standings) end

for index, limit in ipairs(wanted) do
  local seen = standings[index]
  if not has[limit[BUCKET]] then
    if not dry then take(limit, seen) end
    seen.taken = seen.taken + seen.granted
  end
end
if not dry then
  hold.lost, hold.doubtful = lost, hold.doubtful or not first_time
  redis.call('HSET', holds, call, packed(hold))
  redis.call('ZADD', leases, now + lease, call)
end
return answer(1, -1, standings)
