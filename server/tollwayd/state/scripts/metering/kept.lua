-- What a run has read and changed. The calls of one run count in the same counts, so each field is read once, and written
-- once at the end: a command to Redis takes longer than all that Lua does with its answer.
local counts = {values = {}, sums = {}, texts = {}, gone = {}}
local held, held_now, leased_until, released = {}, {}, {}, {}
local marks, marked_now, ending = {}, {}, {}
local changed = false -- Whether the present command has something to write.

-- A field of `limits`: a number or a text, false where there is none.
function counts.get(field)
  local value = counts.values[field]
  if value == nil then
    value = redis.call('HGET', limits, field)
    if counts.sums[field] then value = (tonumber(value) or 0) + counts.sums[field] end
    counts.values[field] = value
  end
  return value
end

-- Adds without asking what was there.
function counts.more(field, amount)
  local value = counts.values[field]
  if value ~= nil then counts.values[field] = (tonumber(value) or 0) + amount end
  counts.sums[field] = (counts.sums[field] or 0) + amount
  changed = true
end

function counts.add(field, amount)
  local sum = (tonumber(counts.get(field)) or 0) + amount
  counts.values[field], counts.sums[field] = sum, (counts.sums[field] or 0) + amount
  changed = true
  return sum
end

function counts.put(field, value)
  counts.values[field], counts.texts[field] = value, value
end

function counts.drop(field)
  counts.values[field], counts.sums[field], counts.texts[field], counts.gone[field] = false, nil, nil, true
end

-- Reads some fields at once, into a table of what was read before.
local function read(key, fields, into)
  if #fields == 0 then return end
  local found = redis.call('HMGET', key, unpack(fields))
  for index, field in ipairs(fields) do into[field] = found[index] end
end

-- Fields that are wanted together, of which nothing was added to the first.
function counts.read(one, two, three)
  if counts.values[one] == nil and not counts.sums[one] then read(limits, {one, two, three}, counts.values) end
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

local function put_mark(call, value)
  marks[call], marked_now[call] = value, value
  changed = true
end

-- Has something forgotten at a moment, by its letter and name.
local function end_at(moment, member)
  ending[member] = moment
end

-- Runs a command on a key with words from a table, a thousand at a time: Lua takes no more than some thousands at once.
local function with_all(command, key, names, words_of)
  if next(names) == nil then return end
  local words = {}
  for name, value in pairs(names) do
    words[#words + 1], words[#words + 2] = words_of(name, value)
    if #words >= 1000 then
      redis.call(command, key, unpack(words))
      words = {}
    end
  end
  if #words > 0 then redis.call(command, key, unpack(words)) end
end

local function name_only(name) return name end
local function name_and_value(name, value) return name, value end
local function value_and_name(name, value) return value, name end

-- Writes sums into a hash: all that are known at once, of which Lua's numbers can hold it, the others one by one. `texts`
-- gets what is written at once.
local function write_sums(key, sums, values, texts)
  for field, amount in pairs(sums) do
    local value = values[field]
    if type(value) == 'number' and value < EXACT and value > -EXACT then texts[field] = value else add(key, field, amount) end
  end
  with_all('HSET', key, texts, name_and_value)
end

local function write_kept()
  with_all('HDEL', limits, counts.gone, name_only)
  write_sums(limits, counts.sums, counts.values, counts.texts)
  with_all('HSET', holds, held_now, name_and_value)
  with_all('ZADD', leases, leased_until, value_and_name)
  with_all('HSET', booked, marked_now, name_and_value)
  with_all('ZADD', ends, ending, value_and_name)
  with_all('HDEL', holds, released, name_only)
  with_all('ZREM', leases, released, name_only)
end
