"""Claims on messages in Redis: who is sending one now, and which have been sent.

A key a message, `<app_id>:mail:<message id>`: `sending <token>` with a lease while somebody is at it, `sent` once the server has taken
it over. What this guarantees: a message marked `sent` isn't sent again, and no two senders are at the same one at the same time as long
as each renews its lease. What nothing can guarantee: SMTP has no transactions, so if a process is killed after the server took a
message over and before the mark was written (one round trip to Redis), the message is sent once more when the lease has run out, with
the same Message-ID, by which a mailbox may tell.
"""

from __future__ import annotations

import uuid
from typing import Any

#: Marks are kept so many seconds: longer than messages usually stay in Kafka, so that reading the topic again mails nobody.
KEPT = 90 * 86_400

_TAKE = """
local held = redis.call('GET', KEYS[1])
if held == 'sent' then return -1 end
if held and held ~= ARGV[1] then return math.max(redis.call('PTTL', KEYS[1]), 1) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0
"""
_GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 0"


class Claims:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str, lease: float = 15.0) -> None:
        """`lease` in seconds."""
        self.lease = lease
        self._prefix = f"{app_id}:mail:"
        self._redis = redis
        self._take = redis.register_script(_TAKE)
        self._give_back = redis.register_script(_GIVE_BACK)

    def token(self) -> str:
        """A name for one sender at one message."""
        return f"sending {uuid.uuid4().hex}"

    async def take(self, message_id: str, token: str) -> float | None:
        """0: the message is ours for the length of the lease; > 0: somebody else's for that many seconds; None: it has been sent."""
        answer = int(await self._take(keys=[self._prefix + message_id], args=[token, round(self.lease * 1000)]))
        return None if answer < 0 else answer / 1000

    async def sent(self, message_id: str) -> None:
        await self._redis.set(self._prefix + message_id, "sent", ex=KEPT)

    async def give_back(self, message_id: str, token: str) -> None:
        """Ends our claim on a message that we don't send now, so that nobody waits for the lease."""
        await self._give_back(keys=[self._prefix + message_id], args=[token])
