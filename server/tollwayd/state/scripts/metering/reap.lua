-- L: books lost calls and forgets what is over. Words: a name that no call has, how many at most of each. Gives how many
-- lost calls there were.
local function reap_some(_, most)
  local lost = reap(most)
  forget(most)
  return lost
end
