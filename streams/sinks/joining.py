"""What Redis keeps by customer, when an id turns out to be another's: its mails are the customer's.

The message history and the hand-overs of late (`history.py`, `handovers.py`) go from the old id to the new one by one script. Doing it
again moves what has come under the old id since, and nothing twice.
"""

from __future__ import annotations

from typing import Any

from streams.sinks.handovers import prefix_of as handovers_of
from streams.sinks.history import KEPT
from streams.sinks.history import prefix_of as history_of

#: KEYS: history of the old id and the new, hand-overs of the old and the new. ARGV: entries of a history that are kept. Both histories have
#: the newest first, and begin with the instant. A key lives as long as the longer of the two would have.
_MOVE = """
local function lives(from, to)
    local left = math.max(redis.call('PTTL', from), redis.call('PTTL', to))
    return function() if left > 0 then redis.call('PEXPIRE', to, left) end end
end
local old, new = redis.call('LRANGE', KEYS[1], 0, -1), redis.call('LRANGE', KEYS[2], 0, -1)
if #old > 0 then
    local keep = lives(KEYS[1], KEYS[2])
    local function at(entry) return entry and tonumber(string.match(entry, '^%d+')) or -1 end
    local i, j = 1, 1
    redis.call('DEL', KEYS[1], KEYS[2])
    while i + j - 2 < math.min(#old + #new, tonumber(ARGV[1])) do
        if at(new[j]) >= at(old[i]) then
            redis.call('RPUSH', KEYS[2], new[j])
            j = j + 1
        else
            redis.call('RPUSH', KEYS[2], old[i])
            i = i + 1
        end
    end
    keep()
end
if redis.call('EXISTS', KEYS[3]) == 1 then
    local keep = lives(KEYS[3], KEYS[4])
    redis.call('ZUNIONSTORE', KEYS[4], 2, KEYS[3], KEYS[4], 'AGGREGATE', 'MAX')
    redis.call('DEL', KEYS[3])
    keep()
end
return #old
"""


async def move(redis: Any, app_id: str, old: str, new: str) -> int:
    """How many entries of the history went from `old` to `new`. Raises redis.RedisError or OSError while Redis is away."""
    keys = [f"{prefix}{each}" for prefix in (history_of(app_id), handovers_of(app_id)) for each in (old, new)]
    return int(await redis.eval(_MOVE, len(keys), *keys, KEPT))
