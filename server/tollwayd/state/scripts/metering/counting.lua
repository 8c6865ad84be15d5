-- The fields of `limits`, as they were read and changed. This file and those that follow it, to judging.lua, are one
-- function, which is run when the first limit is met.
if counted then return counted end
local counts = {values = {}, sums = {}, texts = {}, gone = {}}

-- A field: a number or a text, false where there is none.
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

-- Fields that are wanted together, of which nothing was added to the first.
function counts.read(one, two, three)
  if counts.values[one] == nil and not counts.sums[one] then read(limits, {one, two, three}, counts.values) end
end

function counts.write()
  with_all('HDEL', limits, counts.gone)
  for field, amount in pairs(counts.sums) do
    local value = counts.values[field]
    add_up(limits, field, amount, type(value) == 'number' and value, counts.texts)
  end
  with_all('HSET', limits, counts.texts)
end
