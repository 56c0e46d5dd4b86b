"""Who was forgotten, as Redis knows it: keyed hashes of ids, none of them readable without the key (docs/decisions/0009).

    <app_id>:erased       hash    the keyed hash of an id, as hex digits -> "<forgotten at, ms>", with "?" behind it while that was only
                                  asked for, and no worker has said that it is done; and " <back since, ms>" where it came back
    <app_id>:erasure-key  string  the key, where the setting `erasure_key` is not set

All functions raise redis.RedisError or OSError while Redis is away. `redis`: an asyncio client that gives bytes.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streams.settings import Settings

_HASH = 16


def secret_of(text: str) -> bytes:
    """The key that a setting's text stands for."""
    return blake2b(text.encode(), digest_size=32).digest()


def keyed_hash(secret: bytes, customer_id: str) -> bytes:
    return blake2b(customer_id.encode("utf-8", "surrogatepass"), key=secret, digest_size=_HASH).digest()


async def is_erased(redis: Any, settings: Settings, customer_id: str, at: int | None = None) -> bool:
    """May nothing be sent to this customer, or kept of it, since it was forgotten?

    `at` (epoch ms): when what is to be sent was decided. What is from before the erasure stays forbidden when the customer has come back
    since with a new consent; without `at`, a customer who is back is not erased. A worker decides nothing for who is forgotten, so what is
    later than an erasure that it did is of somebody who is back, whether or not that has been noted here.
    """
    secret = await _secret(redis, settings)
    if secret is None:
        return False  # nobody was ever forgotten
    known = await redis.hget(f"{settings.app_id}:erased", keyed_hash(secret, customer_id).hex())
    if known is None:
        return False
    since, _, back = known.partition(b" ")
    if back:
        return at is not None and at < int(back)
    return at is None or since.endswith(b"?") or at <= int(since)


async def note_asked(redis: Any, settings: Settings, customer_id: str, at: int) -> None:
    """Somebody wants the customer forgotten as of `at` (epoch ms): nothing goes to it any more, until a worker has come to it."""
    await _note(redis, settings, customer_id, f"{at}?")


async def note_erased(redis: Any, settings: Settings, customer_id: str, at: int) -> None:
    """A worker has forgotten it as of `at` (epoch ms); one who was noted later, or has come back later, is left as it is."""
    await _note(redis, settings, customer_id, str(at))


async def _note(redis: Any, settings: Settings, customer_id: str, since: str) -> None:
    field = keyed_hash(await _secret(redis, settings, make=True) or b"", customer_id).hex()
    await redis.eval(_NOTE, 1, f"{settings.app_id}:erased", field, since)


async def note_back(redis: Any, settings: Settings, customer_id: str, at: int) -> None:
    """The customer agreed anew at `at` (epoch ms)."""
    field = keyed_hash(await _secret(redis, settings, make=True) or b"", customer_id).hex()
    await redis.eval(_BACK, 1, f"{settings.app_id}:erased", field, at)


async def sweep(redis: Any, settings: Settings, customer_id: str) -> list[str]:
    """Removes what is kept under the id itself, but for the live view, which the exits have emptied; what it was.

    Of mails that were refused it also goes why: a mail server's answer has the address in it.
    """
    removed = []
    await redis.eval(_HUSH, 1, f"{settings.app_id}:history:{customer_id}", f"{settings.app_id}:mail:")
    for what, key in (("message history", "history"), ("mails handed over of late", "mailed")):
        if await redis.unlink(f"{settings.app_id}:{key}:{customer_id}"):
            removed.append(what)
    if await redis.eval(_UNVIEW, 1, f"{settings.app_id}:live", customer_id):
        removed.append("live view")
    return removed


async def _secret(redis: Any, settings: Settings, make: bool = False) -> bytes | None:
    if settings.erasure_key:
        return secret_of(settings.erasure_key)
    key = f"{settings.app_id}:erasure-key"
    found = await redis.get(key)
    if found is None and make:
        await redis.set(key, secrets.token_bytes(32), nx=True)
        found = await redis.get(key)
    return None if found is None else bytes(found)


_NOTE = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
local since, asked, back = string.match(held or '', '^(%d+)(%??) ?(%d*)$')
local at, asks = string.match(ARGV[2], '^(%d+)(%??)$')
at, since, back = tonumber(at), tonumber(since), tonumber(back)
if since and (since > at or (since == at and not (asked == '?' and asks == '')) or (back and back > at)) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""
_BACK = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
local since, back = string.match(held or '', '^(%d+)%?? ?(%d*)$')
if not since or tonumber(since) > tonumber(ARGV[2]) then return 0 end
if back ~= '' and tonumber(back) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], since .. ' ' .. ARGV[2])
return 1
"""
_HUSH = """
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
    local key = ARGV[1] .. (string.match(entry, '"message_id":"([^"]+)"') or '')
    local kept = string.match(redis.call('GET', key) or '', '^refused %d+ %S+')
    if kept then redis.call('SET', key, kept, 'KEEPTTL') end
end
"""
# A customer of no segment has nothing to leave: its exits said nothing. Who is in one is left to the live view itself.
_UNVIEW = """
local generation = redis.call('GET', KEYS[1] .. '-generation') or ''
local prefix = generation == '' and KEYS[1] .. ':' or KEYS[1] .. '@' .. generation .. ':'
local key = prefix .. 'customer:' .. ARGV[1]
if redis.call('HLEN', key) ~= 1 or redis.call('HEXISTS', key, '') == 0 then return 0 end
redis.call('DEL', key)
redis.call('DECR', prefix .. 'customers')
return 1
"""
