-- R: takes all limits of a call, or none. Words: the call, '1' where this is surely sent the first time, how long its lease
-- is, '1' where nothing is to be taken, the limits, the charge if the call is lost.
-- Gives: 0 refused, 1 admitted, 2 the window is another one, 3 the call is over; when to try again or -1; then for each
-- limit what is granted, what is taken, when it is reset, and whether it was exceeded. 2 and 3 stand by themselves.
local NO_LIMITS = '\144' -- An empty array, as it comes.

local function reserve(call, first_time, lease, dry, limits_packed, lost)
  local limited = limits_packed ~= NO_LIMITS and counting()
  if limited and limited.in_another_window(limits_packed) then return 2 end
  dry = dry == '1'
  local found = found_hold(call)
  if not found and not dry and found_mark(call) then return 3 end
  local hold = found and hold_of(found) or {doubtful = false, takes = {}}
  local answer = limited and limited.take_all(hold.takes, limits_packed, dry) or {1, -1}
  if answer[1] == 1 and not dry then
    hold.lost, hold.doubtful = lost, hold.doubtful or first_time ~= '1'
    put_hold(call, packed(hold), lease)
  end
  return answer
end
