"""One webhook to one endpoint: signed as Standard Webhooks 1.0 says (https://www.standardwebhooks.com), posted, and what the answer means.

Only 2xx is a success, 410 says that the endpoint is no more; redirects are not followed. An answer's body is read no further than
connections need to be used again, and nothing of it is believed.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from standardwebhooks import Webhook as Signer

from streams.sinks.guard import Forbidden, Guard
from streams.sinks.reachable import Networks

#: Bytes of an answer that are read at most, and seconds that its end may take.
_MOST, _DRAIN = 16_384, 1.0
#: The longest an answer may make us wait, seconds.
LONGEST_WAIT = 3_600.0
#: Seconds for a connection, TLS included.
_CONNECT = 10.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go and which. `secrets`: all of them sign, the newest first. Times in ms. Empty filters take everything."""

    name: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    segments: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    timeout: int = 15_000
    retry_for: int = 86_400_000
    in_flight: int = 8
    ca_file: Path | None = None

    @property
    def shown(self) -> str:
        """The address without what may be secret in it."""
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Webhook:
    """`id` is the same at every try, and so is `body`."""

    id: str
    body: bytes


class Undelivered(Exception):
    """`words`: without what the endpoint `said`, which may name a customer and is not for the log. `wait`: seconds it asked for. `whole`:
    it is not about this webhook, the next one would fare the same."""

    def __init__(self, words: str, said: str = "", *, wait: float = 0.0, whole: bool = False) -> None:
        super().__init__(f"{words}: {said}" if said else words)
        self.words = words
        self.wait = wait
        self.whole = whole


class Gone(Undelivered):
    """410: it wants no webhooks any more."""


class Poster:
    """Belongs to one event loop; `post` may run many times at once, `in_flight` requests are made."""

    def __init__(self, endpoint: Endpoint, allowed: Networks) -> None:
        """Raises OSError if the endpoint's `ca_file` can't be read."""
        self._endpoint = endpoint
        self._signers = [Signer(secret) for secret in endpoint.secrets]
        parts = urlsplit(endpoint.url)
        self._host = parts.hostname or ""
        self._guard = Guard(allowed, only=parts.scheme == "http")
        self._tls = ssl.create_default_context(cafile=None if endpoint.ca_file is None else str(endpoint.ca_file))
        self._session: aiohttp.ClientSession | None = None

    def headers(self, webhook: Webhook, now: int) -> dict[str, str]:
        """`now`: epoch ms, when this try is made."""
        instant, text = datetime.fromtimestamp(now // 1000, UTC), webhook.body.decode()
        return {
            "Content-Type": "application/json",
            "User-Agent": "Gedrag",
            "webhook-id": webhook.id,
            "webhook-timestamp": str(now // 1000),
            "webhook-signature": " ".join(signer.sign(webhook.id, instant, text) for signer in self._signers),
        }

    async def post(self, webhook: Webhook, now: int) -> int:
        """The status, 2xx. Raises Undelivered, Gone."""
        try:
            self._guard.check(self._host)
            async with self._opened().post(
                self._endpoint.url, data=webhook.body, headers=self.headers(webhook, now), allow_redirects=False
            ) as answer:
                status, wait = answer.status, _seconds(answer.headers.get("Retry-After"), now)
                said = await _drained(answer)
        except TimeoutError:
            raise Undelivered(f"no answer within {self._endpoint.timeout / 1000:g} s", whole=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Undelivered(_words(error), whole=True) from error
        if 200 <= status < 300:
            return status
        if status == 410:
            raise Gone(f"HTTP {status}", said)
        if 300 <= status < 400:
            raise Undelivered(f"HTTP {status}: it redirects, which is not followed; give the url it leads to", whole=True)
        raise Undelivered(f"HTTP {status}", said, wait=wait, whole=status in (401, 403, 404, 429) or wait > 0)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._endpoint.in_flight, resolver=self._guard, use_dns_cache=False, ssl=self._tls),
                timeout=aiohttp.ClientTimeout(total=self._endpoint.timeout / 1000, sock_connect=_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # an answer may not grow in our hands
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _drained(answer: aiohttp.ClientResponse) -> str:
    """The beginning of the body as one line. A body too long or too slow ends the connection."""
    body = b""
    try:
        async with asyncio.timeout(_DRAIN):
            while len(body) < _MOST and (part := await answer.content.read(_MOST - len(body))):
                body += part
            if not answer.content.at_eof():
                answer.close()
    except (TimeoutError, aiohttp.ClientError, OSError):
        answer.close()
    text = " ".join(body[:400].decode("utf-8", "replace").split())[:120]
    return "".join(each if each.isprintable() else "�" for each in text)


def _seconds(header: str | None, now: int) -> float:
    """Of Retry-After: seconds, or a date."""
    if header is None:
        return 0.0
    if header.strip().isdecimal():
        return min(float(header), LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(header).timestamp() - now / 1000, 0.0), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _words(error: BaseException) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Forbidden) else error
    return " ".join(str(cause).split())[:300] or type(cause).__name__
