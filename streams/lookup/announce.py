"""A worker tells in Redis which partitions it answers for, as long as it does."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from mode import Service
from redis.exceptions import RedisError

from streams.agents.reach import redis_of
from streams.clock import monotonic
from streams.kafka.clients import LIFE_CYCLE

if TYPE_CHECKING:
    from streams.settings import Settings

#: Seconds an announcement lasts without being renewed, between two renewals, and between two looks for partitions that came or went.
LASTS, RENEW, LOOK = 8.0, 2.0, 0.2

_GIVE_UP = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

log = structlog.get_logger(__name__)


def key_of(app_id: str, partition: int) -> str:
    return f"{app_id}:workers:{partition}"


async def internal_token(redis: Any, settings: Settings) -> str:
    """What workers and those who ask them have in common. Raises RedisError, OSError."""
    if settings.internal_token:
        return settings.internal_token
    key = f"{settings.app_id}:internal-token"
    await redis.set(key, secrets.token_urlsafe(32), nx=True)
    return str((await redis.get(key)).decode())


class Announcer(Service):
    """`owned` gives the partitions that are answered for now; `address` is where. `token` is None until Redis has answered."""

    logger = LIFE_CYCLE

    def __init__(self, settings: Settings, owned: Callable[[], Iterable[int]], address: Callable[[], str]) -> None:
        super().__init__()
        self.token: str | None = settings.internal_token
        self._settings = settings
        self._owned = owned
        self._address = address
        self._told: set[int] = set()
        self._redis = redis_of(settings)
        self._give_up = self._redis.register_script(_GIVE_UP)

    @Service.task
    async def announce(self) -> None:
        renewed, failed = float("-inf"), False
        while not self.should_stop:
            owned = set(self._owned())
            if owned != self._told or monotonic() - renewed > RENEW:
                try:
                    await self._tell(owned)
                    renewed, failed = monotonic(), False
                except (RedisError, OSError) as error:
                    if not failed:
                        log.info("customers can't be looked up here until Redis answers", error=str(error) or type(error).__name__)
                    failed = True
                    await self.sleep(RENEW)
            await self.sleep(LOOK)

    async def on_stop(self) -> None:
        try:
            await asyncio.wait_for(self._tell(set()), LOOK)
        except (RedisError, OSError, TimeoutError):
            pass  # they go by themselves
        await self._redis.aclose()

    async def _tell(self, owned: set[int]) -> None:
        if self.token is None:
            self.token = await internal_token(self._redis, self._settings)
        address, app_id = self._address(), self._settings.app_id
        for partition in self._told - owned:
            await self._give_up(keys=[key_of(app_id, partition)], args=[address])
        self._told &= owned
        if owned:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for partition in owned:
                    pipeline.set(key_of(app_id, partition), address, px=int(LASTS * 1000))
                await pipeline.execute()
        self._told = owned

    def __repr__(self) -> str:
        return "<Announcer>"


def reachable(address: str, redis: str) -> str:
    """Where others reach what listens on `address`: an address that means all of this machine's becomes the one it talks to Redis from."""
    host, _, port = address.rpartition(":")
    if host not in ("0.0.0.0", "[::]"):
        return address
    there = urlsplit(redis)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((there.hostname or "127.0.0.1", there.port or 6379))  # sends nothing
            return f"{probe.getsockname()[0]}:{port}"
    except OSError:
        return f"{socket.gethostname()}:{port}"
