-- Replaces a record. ARGV from 5 on: the version that it must have, the new record, the new claim's field or ''.
local expected, record, field = ARGV[5], ARGV[6], ARGV[7]

local stored = redis.call('HGET', resources, name)
if not stored then return {'MISSING', name} end
if version_of(stored) ~= expected then return {'STALE', name} end
local holder = field ~= '' and redis.call('HGET', claims, field)
if holder and holder ~= name then return {'CLAIMED', name} end

release(name)
claim(field)
return finish(commit(name, record))
