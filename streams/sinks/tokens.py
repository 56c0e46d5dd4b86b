"""API tokens: who may ask, for what, until when. Only a hash of the secret is kept.

    <app_id>:tokens        set     the ids of all tokens
    <app_id>:token:<id>    hash    name, scope, hash (SHA-256 of the secret, hex), created, expires ("" = never), used; instants in ms

A token is written `gdr_<id>_<secret>`, the secret 256 random bits. Revoking removes it: from that moment it is not known any more.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

#: Each allows what those before it do.
SCOPES = ("read", "act", "admin")
PREFIX = "gdr"
FIELDS = ("name", "scope", "hash", "created", "expires", "used")

#: What an unknown token is compared with, so that it takes as long as a known one.
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept; instants in epoch ms."""

    id: str
    name: str
    scope: str
    hash: str
    created: int
    expires: int | None
    used: int | None

    def allows(self, scope: str) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


def parse(text: str) -> tuple[str, str] | None:
    """(id, secret) of a token as written; None for anything else."""
    prefix, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    right = prefix == PREFIX and len(token_id) == 12 and token_id.isalnum() and token_id.isascii() and 20 <= len(secret) <= 100
    return (token_id, secret) if right and secret.isascii() else None


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(token: Token | None, secret: str) -> bool:
    """Is it this token's secret? Takes as long whatever the answer."""
    return hmac.compare_digest(hashed(secret), _NOBODY if token is None else token.hash) and token is not None


class Tokens:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str) -> None:
        """`redis`: an asyncio client that gives bytes."""
        self._redis = redis
        self._app_id = app_id

    def key(self, token_id: str) -> str:
        return f"{self._app_id}:token:{token_id}"

    async def create(self, name: str, scope: str, now: int, expires: int | None) -> tuple[Token, str]:
        """The new token, and its text: to be shown once."""
        token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        token = Token(token_id, name, scope, hashed(secret), now, expires, None)
        fields = {
            "name": name, "scope": scope, "hash": token.hash, "created": now, "expires": "" if expires is None else expires, "used": "",
        }  # fmt: skip
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(self.key(token_id), mapping=fields)
            pipeline.sadd(f"{self._app_id}:tokens", token_id)
            await pipeline.execute()
        return token, f"{PREFIX}_{token_id}_{secret}"

    async def all(self) -> list[Token]:
        """The oldest first."""
        found = [await self.get(each.decode()) for each in await self._redis.smembers(f"{self._app_id}:tokens")]
        return sorted((each for each in found if each is not None), key=lambda each: each.created)

    async def get(self, token_id: str) -> Token | None:
        return read(token_id, await self._redis.hmget(self.key(token_id), FIELDS))

    async def revoke(self, token_id: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(self.key(token_id))
            pipeline.srem(f"{self._app_id}:tokens", token_id)
            await pipeline.execute()

    async def note_use(self, token_id: str, now: int) -> None:
        """Does nothing for a token revoked meanwhile."""
        await self._redis.eval(
            "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'used', ARGV[1]) end", 1, self.key(token_id), now
        )


def read(token_id: str, values: list[bytes | None]) -> Token | None:
    """A token from its FIELDS as Redis has them; None where it has none."""
    if values[0] is None or None in values:
        return None
    name, scope, digest, created, expires, used = (each.decode() for each in values if each is not None)
    return Token(token_id, name, scope, digest, int(created), int(expires) if expires else None, int(used) if used else None)
