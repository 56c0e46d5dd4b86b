"""Whether Redis and the mail server answer, asked once at start: a wrong address should end the worker with one line, not a silent wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from streams.kafka.errors import Misconfigured
from streams.sinks.address import server
from streams.sinks.smtp import LogInRefused, Mailer, Unavailable

if TYPE_CHECKING:
    from streams.settings import Settings

TIMEOUT = 5.0


def redis_of(settings: Settings, **options: Any) -> Redis:
    """A client; connects when first used."""
    if settings.redis_password:
        options["password"] = settings.redis_password
    return Redis.from_url(settings.redis, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, health_check_interval=30, **options)


def mailer_of(settings: Settings, connections: int = 8) -> Mailer:
    return Mailer(server(settings.smtp, settings.smtp_password), connections)


async def reach_redis(settings: Settings) -> None:
    """Raises Misconfigured with the remedy if Redis doesn't answer."""
    client = redis_of(settings)
    try:
        await client.ping()
    except AuthenticationError as error:
        raise Misconfigured(f"Redis refuses the log-in ({error}); check the user in redis and GEDRAG_REDIS_PASSWORD") from None
    except (RedisError, OSError) as error:
        place = settings.redis.rpartition("@")[2].removeprefix("redis://").removeprefix("rediss://")
        said = _short(error)
        raise Misconfigured(f"Redis does not answer at {place} ({said}); start it, or set redis (GEDRAG_REDIS) to where it is") from None
    finally:
        await client.aclose()


async def reach_smtp(settings: Settings) -> None:
    """Raises Misconfigured with the remedy if the mail server doesn't answer or refuses the log-in."""
    mailer = mailer_of(settings, connections=1)
    try:
        async with asyncio.timeout(2 * TIMEOUT):
            await mailer.check()
    except LogInRefused as error:
        raise Misconfigured(f"the mail server refuses the log-in ({error}); check the user in smtp and GEDRAG_SMTP_PASSWORD") from None
    except (Unavailable, TimeoutError) as error:
        said, place = _short(error), mailer.server
        raise Misconfigured(
            f"the mail server does not answer at {place} ({said}); start it, or set smtp (GEDRAG_SMTP) to where it is"
        ) from None
    finally:
        await mailer.close()


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
