-- What a run has read and changed. What the calls of one run have in common is read once, and written once at the end: a
-- command to Redis takes longer than all that Lua does with its answer.
local held, held_now, leased_until, released = {}, {}, {}, {}
local marks, marked_now, ending = {}, {}, {} -- `ending`: what is to be forgotten, by its letter and name, and when.
local changed = false -- Whether the present command has something to write.
-- What counts limits (counting.lua and what follows it) and what books: made when first wanted. To make either takes a
-- call that comes alone as long as much of the rest.
local counted, booked_with

-- Reads some fields at once, into a table of what was read before.
local function read(key, fields, into)
  if #fields == 0 then return end
  local found = redis.call('HMGET', key, unpack(fields))
  for index, field in ipairs(fields) do into[field] = found[index] end
end

-- The hold of a call as it is stored, false where there is none.
local function found_hold(call)
  if held[call] == nil then held[call] = redis.call('HGET', holds, call) end
  return held[call]
end

local function put_hold(call, value, lease)
  held[call], held_now[call], leased_until[call], released[call] = value, value, now + lease, nil
  changed = true
end

local function let_go(call)
  held[call], held_now[call], leased_until[call], released[call] = false, nil, nil, true
  changed = true
end

-- The mark of a call, false where there is none.
local function found_mark(call)
  if marks[call] == nil then marks[call] = redis.call('HGET', booked, call) end
  return marks[call]
end

local function mark(call, value)
  marks[call], marked_now[call], ending[MARK_END .. call] = value, value, now + MARKED
  changed = true
end

-- Runs a command on a key with the names of a table, and their values where it takes some, a thousand words at a time:
-- Lua takes no more than some thousands at once.
local function with_all(command, key, names)
  if next(names) == nil then return end
  local words, at = {}, 0
  for name, value in pairs(names) do
    if command == 'HSET' then words[at + 1], words[at + 2], at = name, value, at + 2
    elseif command == 'ZADD' then words[at + 1], words[at + 2], at = value, name, at + 2
    else words[at + 1], at = name, at + 1 end
    if at >= 1000 then
      redis.call(command, key, unpack(words))
      words, at = {}, 0
    end
  end
  if at > 0 then redis.call(command, key, unpack(words)) end
end

-- Adds to a number of a hash, of which `sum` comes: in `texts`, which is written at once, where Lua's numbers hold that.
local function add_up(key, field, amount, sum, texts)
  if sum and sum < EXACT and sum > -EXACT then texts[field] = sum else add(key, field, amount) end
end

-- Counts come last: the others say that a call is booked, which has its entry in the ledger already.
local function write_kept()
  with_all('HSET', holds, held_now)
  with_all('ZADD', leases, leased_until)
  with_all('HSET', booked, marked_now)
  with_all('ZADD', ends, ending)
  with_all('HDEL', holds, released)
  with_all('ZREM', leases, released)
  if booked_with then booked_with.write() end
  if counted then counted.write() end
end

-- Whether an error is Lua's own, of a record that it cannot make sense of, today or tomorrow. Redis's begin with a word in
-- capitals, those of Redis 6 with the place behind an @; its `pcall` makes texts of both.
local function is_damage(failure)
  return type(failure) == 'string' and not string.find(failure, '^[@-]') and not string.find(failure, '^[A-Z]+ ')
end

-- Does something for each. What it finds damaged keeps none of the others; gives what no sense can be made of, and what
-- Redis refused with, if it did: being full it may do later what it does not now.
local function for_each(things, work)
  local damaged, refusal = {}, nil
  for _, thing in ipairs(things) do
    local done, failure = pcall(work, thing)
    if not done then
      if is_damage(failure) then damaged[#damaged + 1] = thing else refusal = failure end
      local said = type(failure) == 'table' and failure.err or failure
      redis.log(redis.LOG_WARNING, 'Tollway: a count or a call cannot be seen to: ' .. said)
    end
  end
  return damaged, refusal
end
