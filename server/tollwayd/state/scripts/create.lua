-- Stores a new resource. ARGV from 5 on: its parent or '', its record, its claim's field or ''.
local parent, record, field = ARGV[5], ARGV[6], ARGV[7]

if parent ~= '' and redis.call('HEXISTS', resources, parent) == 0 then return {'MISSING', parent} end
if redis.call('HEXISTS', resources, name) == 1 then return {'EXISTS', name} end
if field ~= '' and redis.call('HEXISTS', claims, field) == 1 then return {'CLAIMED', name} end

claim(field)
redis.call('ZADD', parent == '' and roots or children, 0, name)
return finish(commit(name, record))
