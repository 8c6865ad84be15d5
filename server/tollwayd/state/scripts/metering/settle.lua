-- Books the end of a call, once. ARGV: the call, its charge, its limits where it may have been let through without a
-- reservation, else '', the day that KEYS are for; what is to be done: '' to settle, 'off' where its reservation is called
-- off and nothing is booked yet, 'corrected' with the corrections, maybe none, where it was booked as lost; '1' where the
-- call surely had a hold; '1' where this is surely sent the first time.
-- Gives: 0 done, and the thresholds that were reached, if any; 2 another day; 4 and the charge that was booked when the
-- call was lost; 5 nothing is known of the call; 6 its hold was lost, and its limits are wanted to settle it without.
local call, unreserved, wish, corrections = ARGV[1], ARGV[3], ARGV[5], ARGV[6]
local calling_off, first_time = wish == 'off', ARGV[7] == '1' and ARGV[8] == '1'
local entry, charge = cmsgpack.unpack(ARGV[2])

if not is_today(ARGV[4]) then return {2, now} end

-- Adds the limits that the hold has not, with nothing granted.
local function take_unreserved(hold)
  if unreserved == '' then return end
  local has = {}
  for _, take in ipairs(hold.takes) do has[take[BUCKET]] = true end
  for _, limit in ipairs(cmsgpack.unpack(unreserved)) do
    if not has[limit[BUCKET]] then
      local algorithm = ALGORITHMS[limit[ALGORITHM]]
      local seen = algorithm.look(limit)
      local take = take_of(limit, seen, 0, false)
      algorithm.take(seen, take)
      hold.takes[#hold.takes + 1] = take
    end
  end
end

local function finish(hold)
  take_unreserved(hold)
  settle_takes(hold.takes, charge)
  if not calling_off then book(entry, charge) end
end

local function done()
  return #told_now > 0 and {0, now, told_now} or {0, now}
end

local found = redis.call('HGET', holds, call)
if found then
  local hold = hold_of(found)
  finish(hold)
  let_go(call)
  if calling_off then mark(call, CANCELLED)
  -- Of what is not sent the first time, an earlier copy may still be on its way: it must not find a lost hold.
  elseif hold.doubtful or unreserved ~= '' or not first_time then mark(call, BOOKED) end
  return done()
end

local marked = redis.call('HGET', booked, call) or ''
local state = string.sub(marked, 1, 1)
if state == BOOKED or (calling_off and state ~= '') then return {0, now} end
if state == LOST then
  local hold = hold_of(string.sub(marked, 2))
  if wish ~= 'corrected' then return {4, now, hold.lost} end
  take_unreserved(hold)
  settle_takes(hold.takes, charge, true)
  local parts = corrections ~= '' and {cmsgpack.unpack(corrections)} or {}
  for index = 1, #parts, 2 do book(parts[index], parts[index + 1]) end
  mark(call, BOOKED)
  return done()
end
if calling_off then
  mark(call, CANCELLED)
  return {0, now}
end
-- Without a hold it was settled already, or the store has lost the hold: what is sent the first time was not settled.
if unreserved == '' and state == CANCELLED then return {0, now} end
if unreserved == '' then return {first_time and 6 or 5, now} end
finish({takes = {}})
mark(call, BOOKED)
return done()
