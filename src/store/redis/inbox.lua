-- Where an inbox stands: epoch, the newest event's offset, how many events are kept.
-- KEYS: inbox, events. ARGV: the epoch of a new one, for how many ms it is kept from now on.
if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1]) == 1 then
  redis.call('DEL', KEYS[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local last = redis.call('HGET', KEYS[1], 'last') or '0'
return { epoch, last, redis.call('LLEN', KEYS[2]) }
