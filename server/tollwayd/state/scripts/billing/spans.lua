-- Which of a stretch of tenants' time an invoice bills: what no other has. KEYS: the spans.
-- ARGV: the invoice's name, the first millisecond, that after the last, '1' where it is to be kept, and the tenants.
-- Gives for each tenant a line a span: its first millisecond, that after its last.
local invoice, first, last, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'

local function line(from, to)
  return string.format('%.0f %.0f', from, to)
end

local function free(taken)
  table.sort(taken, function(one, other) return one[1] < other[1] end)
  local found, from = {}, first
  for _, span in ipairs(taken) do
    if span[1] > from and from < last then found[#found + 1] = line(from, math.min(span[1], last)) end
    from = math.max(from, span[2])
  end
  if from < last then found[#found + 1] = line(from, last) end
  return found
end

local answer = {}
for place = 5, #ARGV do
  local tenant = ARGV[place]
  local billed = redis.call('HGET', KEYS[1], tenant) or ''
  local own, taken = {}, {}
  for from, to, holder in string.gmatch(billed, '(%d+) (%d+) ([^\n]+)\n') do
    if holder == invoice then
      own[#own + 1] = from .. ' ' .. to
    else
      taken[#taken + 1] = {tonumber(from), tonumber(to)}
    end
  end
  -- One's own were free when they were taken, and stay what they were.
  if #own == 0 then
    own = free(taken)
    if keep and #own > 0 then
      redis.call('HSET', KEYS[1], tenant, billed .. table.concat(own, ' ' .. invoice .. '\n') .. ' ' .. invoice .. '\n')
    end
  end
  answer[#answer + 1] = table.concat(own, '\n')
end
return answer
