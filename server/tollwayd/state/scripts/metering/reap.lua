-- L: books lost calls and forgets what is over. Words: a name that no call has, how many at most of each. Gives how many
-- lost calls there were.
local function reap(_, most)
  local late = due(leases, most)
  to_book().reap(late)
  to_book().forget(due(ends, most))
  return #late
end
