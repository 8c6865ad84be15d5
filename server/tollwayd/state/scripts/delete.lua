-- Deletes a resource. ARGV from 5 on: the version that it must have or '', '1' where its children go with it, and the
-- range of their names.
local expected, force, first, last = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local stored = redis.call('HGET', resources, name)
if not stored then return {'MISSING', name} end
if expected ~= '' and version_of(stored) ~= expected then return {'STALE', name} end
local below = redis.call('ZRANGEBYLEX', children, first, last)
if #below > 0 and force ~= '1' then return {'IN_USE', name} end

-- Children first, so that no reader of the log ever sees one without its parent.
for _, child in ipairs(below) do
  release(child)
  commit(child)
end
redis.call('ZREMRANGEBYLEX', children, first, last)
release(name)
redis.call('ZREM', roots, name)
redis.call('ZREM', children, name)
return finish(commit(name))
