-- Carries out a step, as a whole or not at all. What KEYS and ARGV hold stands in `steps.rs`.
-- Answers 'done' and the offsets that the events got, or 'conflict'.
local keys, args = 0, 0
local function key()
  keys = keys + 1
  return KEYS[keys]
end
local function arg()
  args = args + 1
  return ARGV[args]
end
local function each()
  local count, n = tonumber(arg()), 0
  return function()
    n = n + 1
    if n <= count then return n end
  end
end

-- A step may come twice: when its answer was lost on the way.
local answer_key = key()
local answer = redis.call('GET', answer_key)
if answer then return answer end
-- Text, as a version has more digits than a number here.
local version = arg()
local channel = arg()

-- All checks come before the first write: a script that fails leaves what it has written.
for _ in each() do
  if (redis.call('HGET', key(), 'version') or '0') ~= arg() then return 'conflict' end
end

for _ in each() do
  local record, what = key(), arg()
  if what == 'remove' then
    redis.call('DEL', record)
  else
    redis.call('HSET', record, 'version', version, 'value', arg())
    if what == 'for ever' then
      redis.call('PERSIST', record)
    else
      redis.call('PEXPIRE', record, what)
    end
  end
end

answer = 'done'
for _ in each() do
  local inbox, events = key(), key()
  local epoch, unused_for, most, event, told = arg(), arg(), arg(), arg(), arg()
  if redis.call('HSETNX', inbox, 'epoch', epoch) == 1 then
    redis.call('DEL', events)
  end
  local offset = string.format('%.0f', redis.call('HINCRBY', inbox, 'last', 1))
  redis.call('RPUSH', events, event)
  redis.call('LTRIM', events, '-' .. most, -1)
  redis.call('PEXPIRE', inbox, unused_for)
  redis.call('PEXPIRE', events, unused_for)
  redis.call('SPUBLISH', channel, told .. offset .. '}')
  answer = answer .. ' ' .. offset
end

for _ in each() do
  local list, member, score, forget_below = key(), arg(), arg(), arg()
  if score == '' then
    redis.call('ZREM', list, member)
  else
    redis.call('ZADD', list, score, member)
  end
  if forget_below ~= '' then
    redis.call('ZREMRANGEBYSCORE', list, '-inf', '(' .. forget_below)
  end
end

for _ in each() do
  local log = key()
  redis.call('RPUSH', log, arg())
  redis.call('PEXPIRE', log, arg())
end

redis.call('SET', answer_key, answer, 'EX', arg())
return answer
