-- Members of a list and their scores, the highest first.
-- KEYS: list. ARGV: how many at most (not 0); then the score and the member that they come after, if any.

-- Redis orders members of one score by their bytes; `<` would by the locale.
local function less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local from = 0
if ARGV[2] then
  -- Among those of the same score, the first that is less than the member, which may have gone.
  from = redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[2], '+inf')
  local to = redis.call('ZCOUNT', KEYS[1], ARGV[2], '+inf')
  while from < to do
    local middle = math.floor((from + to) / 2)
    if less(redis.call('ZREVRANGE', KEYS[1], middle, middle)[1], ARGV[3]) then
      to = middle
    else
      from = middle + 1
    end
  end
end
return redis.call('ZREVRANGE', KEYS[1], from, from + tonumber(ARGV[1]) - 1, 'WITHSCORES')
