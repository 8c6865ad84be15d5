-- R: takes all limits of a call, or none. Words: the call, '1' where this is surely sent the first time, how long its lease
-- is, '1' where nothing is to be taken, the limits, the charge if the call is lost.
-- Gives: 0 refused, 1 admitted, 2 the window is another one, 3 the call is over; when to try again or -1; then for each
-- limit what is granted, what is taken, when it is reset, and whether it was exceeded. 2 and 3 stand by themselves.
local function reserving()
  local limits_of = {} -- By how they come: many calls of one run have the same.

  local function unpacked(limits_packed)
    local known = limits_of[limits_packed]
    if not known then
      known = cmsgpack.unpack(limits_packed)
      limits_of[limits_packed] = known
    end
    return known
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
      seen.refuses = seen.exceeded and limit[ENFORCE]
      seen.granted = limit[ENFORCE] and math.min(limit[AMOUNT], left) or limit[AMOUNT]
    end
    return seen
  end

  -- In how many milliseconds all limits that refused may have enough; -1 where one of them cannot tell.
  local function retry_after(wanted, standings)
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

  local function decided(status, retry, standings)
    local flat, at = {status, retry}, 2
    for _, seen in ipairs(standings) do
      flat[at + 1], flat[at + 2] = status == 0 and 0 or seen.granted, seen.taken
      flat[at + 3], flat[at + 4] = seen.reset, seen.exceeded and 1 or 0
      at = at + 4
    end
    return flat
  end

  local function is_another_window(limit)
    return limit[START] and (now < limit[START] or now >= limit[START] + limit[WINDOW])
  end

  return function(call, first_time, lease, dry, limits_packed, lost)
    local wanted = unpacked(limits_packed)
    for _, limit in ipairs(wanted) do
      if is_another_window(limit) then return 2 end
    end
    dry = dry == '1'
    local found = found_hold(call)
    if not found and not dry and found_mark(call) then return 3 end
    local hold, has = found and hold_of(found) or {doubtful = false, takes = {}}, {}
    for _, take in ipairs(hold.takes) do has[take[BUCKET]] = take end

    local standings, refused = {}, false
    for index, limit in ipairs(wanted) do
      local seen = judge(limit, has[limit[BUCKET]])
      standings[index], refused = seen, refused or seen.refuses
    end
    if refused then return decided(0, retry_after(wanted, standings), standings) end

    for index, limit in ipairs(wanted) do
      local seen = standings[index]
      if not has[limit[BUCKET]] then
        if not dry then
          local take = take_of(limit, seen, seen.granted, seen.exceeded)
          ALGORITHMS[limit[ALGORITHM]].take(seen, take)
          hold.takes[#hold.takes + 1] = take
        end
        seen.taken = seen.taken + seen.granted
      end
    end
    if not dry then
      hold.lost, hold.doubtful = lost, hold.doubtful or first_time ~= '1'
      put_hold(call, packed(hold), lease)
    end
    return decided(1, -1, standings)
  end
end
