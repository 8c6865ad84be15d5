-- The start of every writing script. A write has an id of its own; one that is repeated after a lost reply finds its
-- first result and changes nothing.
local resources, roots, children, claims, claimed, head, changes, done = unpack(KEYS)
local write, done_seconds, log_length, name = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local earlier = redis.call('GET', done)
if earlier then return {'DONE', tonumber(earlier)} end

-- Appends to the log and gives the new version. Each entry names the write before it, so that a reader notices when
-- the log that it follows was replaced by another (flushed and filled again, or rolled back by a failover).
local function commit(changed, record)
  local version = redis.call('HINCRBY', head, 'version', 1)
  local previous = redis.call('HGET', head, 'write') or ''
  redis.call('HSET', head, 'write', write)
  local entry = {'write', write, 'previous', previous, 'name', changed}
  if record then
    entry[7], entry[8] = 'record', record
    redis.call('HSET', resources, changed, version .. ' ' .. record)
  else
    redis.call('HDEL', resources, changed)
  end
  redis.call('XADD', changes, 'MAXLEN', '~', log_length, version .. '-0', unpack(entry))
  return version
end

local function version_of(stored)
  return string.match(stored, '^%d+')
end

local function each(fields)
  return string.gmatch(fields, '[^%z]+')
end

-- Another resource that holds one of these claims.
local function holder_among(fields)
  for field in each(fields) do
    local holder = redis.call('HGET', claims, field)
    if holder and holder ~= name then return holder end
  end
end

local function claim(fields)
  if fields == '' then return end
  for field in each(fields) do redis.call('HSET', claims, field, name) end
  redis.call('HSET', claimed, name, fields)
end

local function release(holder)
  local fields = redis.call('HGET', claimed, holder)
  if not fields then return end
  for field in each(fields) do redis.call('HDEL', claims, field) end
  redis.call('HDEL', claimed, holder)
end

local function finish(version)
  redis.call('SET', done, version, 'EX', done_seconds)
  return {'DONE', version}
end
