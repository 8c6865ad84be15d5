-- Stores an invoice unless there is one, and gives the one that is stored. KEYS: the account's invoices, their heads,
-- their names. ARGV: the invoice's name, the invoice, its head.
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[3], 0, ARGV[1])
end
return redis.call('HGET', KEYS[1], ARGV[1])
