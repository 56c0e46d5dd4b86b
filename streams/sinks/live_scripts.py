"""What Redis runs for the live view, whole or not at all; the keys are told in live_view.py."""

from __future__ import annotations

#: Lua: the prefix of a generation's keys.
_PREFIX = """
local function prefix_of(base, generation)
    return generation == '' and base .. ':' or base .. '@' .. generation .. ':'
end
"""

#: ARGV: base, generation ('*': the current one), source, ms by which a topic made anew is newer; then eight values a
#: change: offset, record's ms, customer, kind, segment, to, at, '1' for whoever is a customer no more. Returns how many were new, -1 for a
#: topic made anew.
APPLY = (
    _PREFIX
    + """
local base, generation, source, anew = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if generation == '*' then generation = redis.call('GET', base .. '-generation') or '' end
local prefix = prefix_of(base, generation)
local last, stamp = -1, 0
local stored = redis.call('HGET', prefix .. 'offsets', source)
if stored then
    local a, b = string.match(stored, '^(%d+) (%d+)$')
    last, stamp = tonumber(a), tonumber(b)
end
local taken = 0
for i = 5, #ARGV, 8 do
    local offset, written = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local customer, kind, segment, to, at = ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
    if offset <= last then
        if written > stamp + anew then return -1 end
    else
        local key = prefix .. 'customer:' .. customer
        if redis.call('HSETNX', key, '', at) == 1 then redis.call('INCR', prefix .. 'customers') end
        if kind == 'entered' then
            redis.call('HSET', key, segment, at)
            redis.call('ZADD', prefix .. 'members:' .. segment, at, customer)
        elseif kind == 'exited' then
            redis.call('HDEL', key, segment)
            redis.call('ZREM', prefix .. 'members:' .. segment, customer)
        else
            local held = redis.call('HGET', key, segment)
            if held then redis.call('ZREM', prefix .. 'members:' .. segment .. '.' .. string.match(held, '^(%S+)'), customer) end
            if to == '' then
                redis.call('HDEL', key, segment)
            else
                redis.call('HSET', key, segment, to .. ' ' .. at)
                redis.call('ZADD', prefix .. 'members:' .. segment .. '.' .. to, at, customer)
            end
        end
        if ARGV[i + 7] == '1' and redis.call('HLEN', key) == 1 then
            redis.call('DEL', key)
            redis.call('DECR', prefix .. 'customers')
        end
        last, stamp, taken = offset, written, taken + 1
    end
end
if taken > 0 then redis.call('HSET', prefix .. 'offsets', source, string.format('%.0f %.0f', last, stamp)) end
return taken
"""
)

#: ARGV: base, a generation built beside, '1' to take it in any case. It becomes the current one unless the current one has taken in more of
#: some source, which is returned then; '' when done.
SWAP = (
    _PREFIX
    + """
local base, new = ARGV[1], ARGV[2]
local old = redis.call('GET', base .. '-generation') or ''
local behind = ARGV[3] == '1' and {} or redis.call('HGETALL', prefix_of(base, old) .. 'offsets')
for i = 1, #behind, 2 do
    local ours = redis.call('HGET', prefix_of(base, new) .. 'offsets', behind[i])
    local there = tonumber(string.match(behind[i + 1], '^%d+'))
    if not ours or tonumber(string.match(ours, '^%d+')) < there then return behind[i] end
end
redis.call('SET', base .. '-generation', new)
return ''
"""
)

#: KEYS: a sorted set. ARGV: score and member after which to go on ('' for both: from the beginning), how many. The place is found by the
#: order itself, so that it holds when members, the one named too, come and go. Returns members with scores.
PAGE = """
local function before(a, b)
    for i = 1, math.min(#a, #b) do
        local x, y = string.byte(a, i), string.byte(b, i)
        if x ~= y then return x < y end
    end
    return #a < #b
end
local from = 0
if ARGV[1] ~= '' then
    local low = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
    local high = low + redis.call('ZCOUNT', KEYS[1], ARGV[1], ARGV[1])
    while low < high do
        local middle = math.floor((low + high) / 2)
        local there = redis.call('ZRANGE', KEYS[1], middle, middle)[1]
        if before(ARGV[2], there) then high = middle else low = middle + 1 end
    end
    from = low
end
return redis.call('ZRANGE', KEYS[1], from, from + tonumber(ARGV[3]) - 1, 'WITHSCORES')
"""
