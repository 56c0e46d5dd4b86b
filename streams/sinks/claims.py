"""Claims on messages in Redis: who is sending one now, which have been sent, and which are not to be.

A key a message, `<app_id>:mail:<message id>`: `sending <token> <until>` while somebody is at it (a lease, renewed), `sent <when>` once it
was taken over, `refused <when> <place> <why>` for one that became a dead letter at that place in Kafka, `dropped <when> <why>` for one that
isn't to be sent any more. What this guarantees: a message marked `sent` isn't sent again, and no two senders are at the same one at the
same time as long as each renews its lease. What nothing can guarantee with SMTP, which has no transactions: if a process is killed after
the server took a message over and before the mark was written (one round trip to Redis), the message is sent once more when the lease has
run out, with the same Message-ID, by which a mailbox may tell. Whoever takes such a message is told that it is in doubt, and may ask a
provider that knows.

`<app_id>:mail:withdrawn:<message id>`: the engine has taken it back, and why.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Marks are kept so many seconds: longer than messages usually stay in Kafka, so that reading the topic again mails nobody.
KEPT = 90 * 86_400
#: What was taken back is kept so many seconds after it was: retried dead letters are checked against it too.
WITHDRAWN = 35 * 86_400

_TAKE = """
local held = redis.call('GET', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local doubt = 0
if held then
  if string.sub(held, 1, 4) == 'sent' then return {-1, 0} end
  local token, till = string.match(held, '^(sending %x+) (%d+)$')
  if token and token ~= ARGV[1] and tonumber(till) > now then return {tonumber(till) - now, 0} end
  if token and (token ~= ARGV[1] or till == '0') then doubt = 1 end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. string.format('%.0f', now + ARGV[2]), 'EX', ARGV[3])
return {0, doubt}
"""
_GIVE_BACK = """
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then
  if ARGV[2] == '1' then redis.call('SET', KEYS[1], ARGV[1] .. ' 0', 'KEEPTTL') else redis.call('DEL', KEYS[1]) end
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """`wait` 0: the message is ours for the length of the lease, else somebody else's for that many seconds; None: it has been sent.

    `in_doubt`: somebody, maybe we, was at it before, and it isn't known how that ended.
    """

    wait: float | None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. `state`: sent, refused (a dead letter), dropped or sending; `at`: epoch ms, 0 while it is being sent."""

    state: str
    at: int = 0
    why: str = ""
    place: str = ""


class Claims:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str, lease: float = 10.0) -> None:
        """`lease` in seconds."""
        self.lease = lease
        self._prefix = f"{app_id}:mail:"
        self._redis = redis
        self._take = redis.register_script(_TAKE)
        self._give_back = redis.register_script(_GIVE_BACK)

    def token(self) -> str:
        """A name for one sender at one message."""
        return f"sending {uuid.uuid4().hex}"

    async def outcomes(self, message_ids: Sequence[str]) -> list[Outcome | None]:
        """What became of each; None of those nobody has been at yet, or long ago."""
        if not message_ids:
            return []
        return [_outcome(held) for held in await self._redis.mget([self._prefix + each for each in message_ids])]

    async def known(self, message_id: str) -> tuple[Outcome | None, str | None]:
        """What became of it, and why the engine has taken it back since; None if it hasn't."""
        held, withdrawn = await self._redis.mget([self._prefix + message_id, f"{self._prefix}withdrawn:{message_id}"])
        return _outcome(held), None if withdrawn is None else withdrawn.decode("utf-8", "replace")

    async def take(self, message_id: str, token: str) -> Taken:
        wait, doubt = await self._take(keys=[self._prefix + message_id], args=[token, round(self.lease * 1000), KEPT])
        return Taken(None if wait < 0 else wait / 1000, bool(doubt))

    async def sent(self, message_id: str, when: int) -> None:
        """`when` in epoch ms."""
        await self._redis.set(self._prefix + message_id, f"sent {when}", ex=KEPT)

    async def refused(self, message_id: str, when: int, place: str, why: str) -> None:
        """It lies in the dead letters; a retry by hand stands at another place and may send it."""
        await self._redis.set(self._prefix + message_id, f"refused {when} {place or '-'} {why}", ex=KEPT)

    async def dropped(self, message_id: str, when: int, why: str) -> None:
        """It isn't to be sent any more."""
        await self._redis.set(self._prefix + message_id, f"dropped {when} - {why}", ex=KEPT)

    async def give_back(self, message_id: str, token: str, *, in_doubt: bool = False) -> None:
        """Ends our claim on a message that we don't send now, so that nobody waits for the lease."""
        await self._give_back(keys=[self._prefix + message_id], args=[token, int(in_doubt)])

    async def withdraw(self, reasons: Mapping[str, str]) -> None:
        """Notes which messages the engine has taken back, and why."""
        pipe = self._redis.pipeline(transaction=False)
        for message_id, reason in reasons.items():
            pipe.set(f"{self._prefix}withdrawn:{message_id}", reason, ex=WITHDRAWN)
        await pipe.execute()


def _outcome(held: bytes | None) -> Outcome | None:
    if held is None:
        return None
    state, _, rest = held.decode("utf-8", "replace").partition(" ")
    if state == "sending":
        return Outcome(state)
    when, _, rest = rest.partition(" ")
    place, _, why = rest.partition(" ")
    return Outcome(state, int(when) if when.isdigit() else 0, why, place)
