-- The end of the metering script: runs commands of one tenant, which are a step each to one another and all together one
-- step to everybody else. ARGV: the day that KEYS are for, then each command: its letter and its words.
-- Gives: the time; the thresholds that were reached; what each command gives, or its error. Without those of commands it is
-- another day, and nothing was done.
if tonumber(ARGV[1]) ~= math.floor(now / DAY) then return {now, {}} end

local COMMANDS = {R = reserve, S = settle, C = checkpoint, L = reap}
local WORDS = {R = 6, S = 7, C = 3, L = 2}
local REAPED, MOST_REAPED = 2, 100 -- Of lost calls, and of what is over, for each reservation, and in one run.

local calls, admitting, at = {}, {}, 2
while ARGV[at] do
  local letter = ARGV[at]
  calls[#calls + 1] = ARGV[at + 1]
  if letter == 'R' and ARGV[at + 4] ~= '1' then admitting[#admitting + 1] = ARGV[at + 1] end
  at = at + 1 + WORDS[letter]
end
read(holds, calls, held)
read(booked, admitting, marks)
if #admitting > 0 then
  local most = math.min(REAPED * #admitting, MOST_REAPED)
  local late, over = due(leases, most), due(ends, most)
  -- A damaged record must not keep out those that have nothing to do with it.
  if #late > 0 then pcall(reap_all, late) end
  if #over > 0 then pcall(forget_all, over) end
end

-- An error of Redis's as it is, else that a record is damaged.
local function error_of(failure)
  if type(failure) == 'table' then return failure end
  if is_damage(failure) then return {err = 'DAMAGED ' .. failure} end
  return {err = string.sub(failure, 1, 1) == '@' and 'ERR ' .. failure or failure}
end

local answers, writers = {now, told_now}, {}
at = 2
while ARGV[at] do
  local letter = ARGV[at]
  local last = at + WORDS[letter]
  changed = false
  local done, answer = pcall(COMMANDS[letter], unpack(ARGV, at + 1, last))
  answers[#answers + 1] = done and answer or error_of(answer)
  if changed then writers[#writers + 1] = #answers end
  at = last + 1
end

local written, failure = pcall(write_kept)
if not written then
  for _, place in ipairs(writers) do answers[place] = error_of(failure) end
end
return answers
