-- L: books lost calls and forgets what is over. Words: a name that no call has, how many at most of each. Gives how many
-- lost calls there were.

-- What of a sorted set is due, `most` at most.
local function due(key, most)
  return redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, most)
end

-- Books calls of which nothing was heard for too long. One that cannot be read never can be.
local function reap_all(late)
  local damaged, refusal = for_each(late, function(call)
    local found = found_hold(call)
    if found then
      local hold = hold_of(found)
      local entry, charge = cmsgpack.unpack(hold.lost)
      to_book().book(entry, charge)
      settle_takes(hold.takes, charge)
      mark(call, LOST .. packed(hold))
    end
    let_go(call)
  end)
  for _, call in ipairs(damaged) do let_go(call) end
  if refusal then error(refusal, 0) end
end

-- Forgets what is over.
local function forget_all(over)
  local damaged = for_each(over, function(member)
    local kind, name = string.sub(member, 1, 1), string.sub(member, 2)
    local done = true
    if kind == MARK_END then redis.call('HDEL', booked, name) else done = counting().forget(kind, name) end
    if done == true then redis.call('ZREM', ends, member) else redis.call('ZADD', ends, done, member) end
  end)
  for _, member in ipairs(damaged) do redis.call('ZREM', ends, member) end
end

local function reap(_, most)
  local late = due(leases, most)
  reap_all(late)
  forget_all(due(ends, most))
  return #late
end
