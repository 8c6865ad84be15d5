-- Stores a new resource. ARGV from 5 on: its parent or '', its record, its claims' fields or ''.
local parent, record, fields = ARGV[5], ARGV[6], ARGV[7]

if parent ~= '' and redis.call('HEXISTS', resources, parent) == 0 then return {'MISSING', parent} end
if redis.call('HEXISTS', resources, name) == 1 then return {'EXISTS', name} end
if holder_among(fields) then return {'CLAIMED', name} end

claim(fields)
redis.call('ZADD', parent == '' and roots or children, 0, name)
return finish(commit(name, record))
