"""Telling machines that fetch a mail's pixel or follow its links from the person it was sent to.

Mailbox providers fetch images before anybody looks (Apple's privacy protection, Gmail's and Yahoo's proxies), and security scanners
follow every link. Signs of a machine: what it calls itself; a HEAD request; a prefetch; being there seconds after the mail was handed over;
a link no person sees, followed within the last minute for the same message.

Gmail's and Yahoo's proxies fetch when the person looks as well as before, and nobody can tell which: not believed either.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from streams.clock import now_ms, speed
from streams.sinks.claims import Claims

log = structlog.get_logger(__name__)

#: Nobody reads a mail sooner after it was handed over (ms): it has to travel and to be noticed.
TOO_SOON = 5_000
#: Seconds for which what follows a message's links is a machine after one has followed the link no person sees.
TRAPPED = 60

#: Names of prefetching proxies, scanners, link previews and programs that are no mail client. (Cubot makes telephones.)
_NAMES = re.compile(
    r"GoogleImageProxy|ggpht|YahooMailProxy|YahooCacheSystem|OutlookImageProxy|bingpreview|Barracuda|Mimecast|Proofpoint|urldefense|MessageLabs"
    r"|Symantec|FireEye|Trend ?Micro|Sophos|Cisco.*(IronPort|Secure)|SafeLinks|Microsoft Office Existence|Forcepoint|ZScaler|Cloudmark|Spam"
    r"|virus|scan|(?<!cu)bot\b|crawler|spider|preview|prefetch|monitor|facebookexternalhit|WhatsApp|Slackbot|TelegramBot|Twitterbot"
    r"|curl/|wget/|python|aiohttp|httpx|Go-http-client|Java/|okhttp|libwww|axios|node-fetch|HeadlessChrome|PhantomJS",
    re.I,
)
#: Apple's privacy protection gives no more than this; every real client names a system and a version.
_BARE = re.compile(r"Mozilla/5\.0\s*")


def calls_itself_one(user_agent: str) -> bool:
    """Does the User-Agent say that no person's mail program or browser asks?"""
    return not user_agent.strip() or _BARE.fullmatch(user_agent.strip()) is not None or _NAMES.search(user_agent) is not None


class Machines:
    """Looks at requests. Without Redis, what only Redis knows is left out: better a machine believed than a person kept waiting."""

    def __init__(self, redis: Any, app_id: str, claims: Claims) -> None:
        self._redis = redis
        self._prefix = f"{app_id}:mail:trapped:"
        self._claims = claims

    async def asks(self, request: web.Request, message_id: str) -> bool:
        """Is it a machine that asks for something of this message?"""
        headers = request.headers
        purpose = headers.get("Sec-Purpose", "") + headers.get("Purpose", "") + headers.get("X-Moz", "")
        if request.method == "HEAD" or "prefetch" in purpose.lower() or calls_itself_one(headers.get("User-Agent", "")):
            return True
        return await self.was_at(message_id, now_ms())

    async def was_at(self, message_id: str, at: int) -> bool:
        """Would something at this instant (epoch ms) have been too soon after the hand-over, or right after a machine?"""
        try:
            (outcome,) = await self._claims.outcomes([message_id])
            if outcome is not None and (outcome.state == "sending" or (outcome.state == "sent" and at - outcome.at < TOO_SOON * speed())):
                return True
            return bool(await self._redis.exists(self._prefix + message_id))
        except (RedisError, OSError) as error:
            log.warning("machines can't be told from people", error=str(error) or type(error).__name__)
            return False

    async def trapped(self, message_id: str) -> None:
        """One has followed the link no person sees."""
        try:
            await self._redis.set(self._prefix + message_id, 1, ex=TRAPPED)
        except (RedisError, OSError) as error:
            log.warning("a machine is not remembered", error=str(error) or type(error).__name__)


MACHINES = web.AppKey("mail_machines", Machines)
