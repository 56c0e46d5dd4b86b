"""Who was forgotten, as Redis knows it: keyed hashes of ids, none of them readable without the key (docs/decisions/0009).

    <app_id>:erased       hash    the keyed hash of an id, as hex digits -> "<forgotten at, ms>", and " <back since, ms>" where it came back
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
    since with a new consent; without `at`, a customer who is back is not erased.
    """
    secret = await _secret(redis, settings)
    if secret is None:
        return False  # nobody was ever forgotten
    known = await redis.hget(f"{settings.app_id}:erased", keyed_hash(secret, customer_id).hex())
    if known is None:
        return False
    since, _, back = known.partition(b" ")
    return not back or (at is not None and at < int(back))


async def note_erased(redis: Any, settings: Settings, customer_id: str, at: int) -> None:
    """Forgotten at `at` (epoch ms); one who was noted already, or has come back later, is left as it is."""
    field = keyed_hash(await _secret(redis, settings, make=True) or b"", customer_id).hex()
    await redis.eval(_NOTE, 1, f"{settings.app_id}:erased", field, at)


async def note_back(redis: Any, settings: Settings, customer_id: str, at: int) -> None:
    """The customer agreed anew at `at` (epoch ms)."""
    field = keyed_hash(await _secret(redis, settings, make=True) or b"", customer_id).hex()
    await redis.eval(_BACK, 1, f"{settings.app_id}:erased", field, at)


async def sweep(redis: Any, settings: Settings, customer_id: str) -> list[str]:
    """Removes what is kept under the id itself, but for the live view, which the exits have emptied; what it was."""
    removed = []
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
local since, back = string.match(held or '', '^(%d+) ?(%d*)$')
if since and (tonumber(since) >= tonumber(ARGV[2]) or (back ~= '' and tonumber(back) > tonumber(ARGV[2]))) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""
_BACK = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
local since, back = string.match(held or '', '^(%d+) ?(%d*)$')
if not since or tonumber(since) > tonumber(ARGV[2]) then return 0 end
if back ~= '' and tonumber(back) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], since .. ' ' .. ARGV[2])
return 1
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
