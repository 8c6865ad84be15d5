-- S: books the end of a call, once. Words: the call, '1' where this is surely sent the first time, its charge, its limits
-- where it may have been let through without a reservation, else '', what is to be done: '' to settle, 'off' where its
-- reservation is called off and nothing is booked yet, 'corrected' with the corrections, maybe none, where it was booked as
-- lost; '1' where the call surely had a hold.
-- Gives: 0 done; {4, the charge that was booked when the call was lost}; 5 nothing is known of the call; 6 its hold was
-- lost, and its limits are wanted to settle it without.
local function settle(call, first_time, charge_packed, unreserved, wish, corrections, had_hold)
  -- Before anything is booked, which would be booked again at each try: it fails where these are no limits.
  local met = unreserved ~= '' and cmsgpack.unpack(unreserved)
  if met and type(met) ~= 'table' then error('no limits in a settlement', 0) end

  -- The entry comes first: where the store is full that fails, and nothing else was done.
  local function finish(takes, entry, charge)
    to_book().book(entry, charge)
    if met then counting().take_unreserved(takes, met) end
    settle_takes(takes, charge)
  end

  local calling_off = wish == 'off'
  first_time = first_time == '1'
  local found = found_hold(call)
  if found then
    local hold, entry, charge = hold_of(found), cmsgpack.unpack(charge_packed)
    finish(hold.takes, calling_off and '' or entry, charge)
    let_go(call)
    if calling_off then mark(call, CANCELLED)
    -- Of what is not sent the first time, an earlier copy may still be on its way: it must not find a lost hold.
    elseif hold.doubtful or unreserved ~= '' or not first_time then mark(call, BOOKED) end
    return 0
  end

  local marked = found_mark(call) or ''
  local state = string.sub(marked, 1, 1)
  if state == BOOKED or (calling_off and state ~= '') then return 0 end
  if state == LOST then
    local hold = hold_of(string.sub(marked, 2))
    if wish ~= 'corrected' then return {4, hold.lost} end
    local _, charge = cmsgpack.unpack(charge_packed)
    local parts = corrections ~= '' and {cmsgpack.unpack(corrections)} or {}
    for index = 1, #parts, 2 do to_book().book(parts[index], parts[index + 1]) end
    if met then counting().take_unreserved(hold.takes, met) end
    settle_takes(hold.takes, charge, true)
    mark(call, BOOKED)
    return 0
  end
  if calling_off then
    mark(call, CANCELLED)
    return 0
  end
  -- Without a hold it was settled already, or the store has lost the hold: what is sent the first time was not settled.
  if unreserved == '' and state == CANCELLED then return 0 end
  if unreserved == '' then return had_hold == '1' and first_time and 6 or 5 end
  local entry, charge = cmsgpack.unpack(charge_packed)
  finish({}, entry, charge)
  mark(call, BOOKED)
  return 0
end
