-- Events after an offset: the first one's offset, and the events.
-- KEYS: inbox, events. ARGV: after which offset, how many at most (not 0).
local last = tonumber(redis.call('HGET', KEYS[1], 'last') or '0')
local first = last - redis.call('LLEN', KEYS[2]) + 1
local from = math.max(tonumber(ARGV[1]) + 1, first)
if from > last then return { 0, {} } end
local index = from - first
return { from, redis.call('LRANGE', KEYS[2], index, index + tonumber(ARGV[2]) - 1) }
