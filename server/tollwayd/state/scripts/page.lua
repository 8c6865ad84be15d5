-- A page of an index with what is stored under its names, both of one moment. KEYS: the resources, the index.
-- ARGV: the range of names, and how many at most.
local page = {}
for _, name in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])) do
  page[#page + 1] = name
  page[#page + 1] = redis.call('HGET', KEYS[1], name)
end
return page
