"""Whether Redis and who sends mail answer, asked once at start: a wrong address is told with one line, not a silent wait.

Without Redis a worker does not start. Without a mail server it does: mails wait, and segments are not for want of one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import AuthenticationError, RedisError

from streams.kafka.errors import Misconfigured
from streams.sinks.address import server
from streams.sinks.mail import LogInRefused, Mailer, Unavailable
from streams.sinks.postmark import PostmarkMailer
from streams.sinks.smtp import SmtpMailer

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)

TIMEOUT = 5.0


def redis_of(settings: Settings, **options: Any) -> Redis:
    """A client; connects when first used."""
    return Redis.from_url(settings.redis, **_options(settings), **options)


def pooled_redis_of(settings: Settings, connections: int) -> Redis:
    """A client for many at a time: who finds all connections in use waits for one."""
    return Redis.from_pool(
        BlockingConnectionPool.from_url(settings.redis, max_connections=connections, timeout=TIMEOUT, **_options(settings))
    )


def _options(settings: Settings) -> dict[str, Any]:
    password = {"password": settings.redis_password} if settings.redis_password else {}
    return {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "health_check_interval": 30, **password}


def mailer_of(settings: Settings, connections: int = 8) -> Mailer:
    """As the setting `mail` says; connects when first used."""
    if settings.mail == "postmark":
        ours = bool(settings.public_url)
        token = settings.postmark_token or ""
        return PostmarkMailer(settings.postmark_url, token, settings.postmark_stream, ours=ours, connections=connections)
    return SmtpMailer(server(settings.smtp, settings.smtp_password), connections)


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


async def reach_mail(settings: Settings) -> None:
    """Raises Misconfigured with the remedy if the mail server, or Postmark, refuses the log-in; says so if it doesn't answer."""
    mailer = mailer_of(settings, connections=1)
    postmark = settings.mail == "postmark"
    log_in = "GEDRAG_POSTMARK_TOKEN, a server API token" if postmark else "the user in smtp and GEDRAG_SMTP_PASSWORD"
    address = "see to the network, or postmark_url" if postmark else "start it, or set smtp (GEDRAG_SMTP) to where it is"
    try:
        async with asyncio.timeout(2 * TIMEOUT):
            await mailer.check()
    except LogInRefused as error:
        raise Misconfigured(f"{mailer.name} refuses the log-in ({error}); check {log_in}") from None
    except (Unavailable, TimeoutError) as error:
        place = settings.postmark_url if postmark else str(server(settings.smtp, settings.smtp_password))
        said = f"{mailer.name} does not answer at {place} ({_short(error)}); {address}"
        log.warning(said, meanwhile="no mail is lost, they go out when it takes them")
    finally:
        await mailer.close()


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
