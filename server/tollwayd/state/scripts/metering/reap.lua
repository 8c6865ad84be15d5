-- Books lost calls and forgets what is over. ARGV: the day that KEYS are for, and how many at most of each.
-- Gives: 0, the time, how many there were, and the thresholds that were reached; or 2 where it is another day.
if not is_today(ARGV[1]) then return {2, now} end
return {0, now, reap(ARGV[2]), forget(ARGV[2]), told_now}
