-- Replaces a record. ARGV from 5 on: the version that it must have, the new record, the new claims' fields or ''.
local expected, record, fields = ARGV[5], ARGV[6], ARGV[7]

local stored = redis.call('HGET', resources, name)
if not stored then return {'MISSING', name} end
if version_of(stored) ~= expected then return {'STALE', name} end
if holder_among(fields) then return {'CLAIMED', name} end

release(name)
claim(fields)
return finish(commit(name, record))
