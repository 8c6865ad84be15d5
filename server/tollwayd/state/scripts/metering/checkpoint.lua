-- C: renews the lease of a running call. Words: the call, how long its lease is, the charge if it is lost. Gives whether it
-- runs.
local function checkpoint(call, lease, lost)
  local found = found_hold(call)
  if not found then return 0 end
  local hold = hold_of(found)
  hold.lost = lost
  put_hold(call, packed(hold), lease)
  return 1
end
