"""Sending by Postmark's API: POST /email, and what its answers mean.

https://postmarkapp.com/developer/api/overview lists the HTTP statuses and error codes. The customer's and message's ids travel as
Metadata and come back with every webhook. When an answer was lost, Postmark is asked (GET /messages/outbound by that Metadata) whether
it has the message, before it is sent once more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import aiohttp

from streams.sinks.mail import Deferred, HandOver, LogInRefused, MailError, Outgoing, Rejected, Unavailable, Unwelcome

#: Metadata values have at most 80 characters, customer ids 128.
_PIECE = 80
#: Given in fields of their own, or made by Postmark.
_OWN = frozenset({"from", "to", "subject", "date", "content-type", "mime-version", "content-transfer-encoding"})
#: Without it Postmark gives a mail a Message-ID of its own.
_KEEP_ID = {"Name": "X-PM-KeepID", "Value": "true"}

#: Error codes: of the account or its set-up, the same for every message; of the address; those after which a try may be made later.
_ACCOUNT = frozenset({10, 400, 401, 405, 412, 413, 1226, 1235, 1237})
_INACTIVE = 406
_INVALID = 300
_LATER = frozenset({100, 429})


class PostmarkMailer:
    """Belongs to one event loop."""

    def __init__(
        self, url: str, token: str, stream: str = "", *, ours: bool = False, connections: int = 8, timeout: float = 30.0,
        settled: float = 10.0,
    ) -> None:  # fmt: skip
        """`ours`: opens and clicks come back by links of our own, so that Postmark need not add its own; `timeout`: seconds for an answer;
        `settled`: seconds after which a message that Postmark took over can be found there."""
        self._url = url
        self._token = token
        self._stream = stream
        self._ours = ours
        self._settled = settled
        self._room = asyncio.Semaphore(connections)
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=10.0)
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        return "Postmark"

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[HandOver]:
        """Gives what sends one message: it returns when Postmark has accepted it."""
        async with self._room:
            yield self._send

    async def taken_over(self, message: Outgoing) -> bool:
        """To be asked some seconds after the try: Postmark finds a message a little later than it accepts it."""
        query = {"count": "1", "offset": "0", "metadata_message_id": message.message_id}
        answer = await self._ask("GET", "/messages/outbound", params=query)
        return int(answer.get("TotalCount", 0)) > 0

    async def check(self) -> None:
        """Raises LogInRefused for a wrong token, Unavailable."""
        try:
            await self._ask("GET", "/server")
        except (Rejected, Deferred) as error:
            raise Unavailable(str(error)) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _send(self, message: Outgoing) -> None:
        await self._ask("POST", "/email", json=body(message, self._stream, self._ours))

    async def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        headers = {"Accept": "application/json", "X-Postmark-Server-Token": self._token}
        try:
            async with self._session.request(method, self._url + path, headers=headers, allow_redirects=False, **content) as answer:
                said = await answer.text()
                status, wait = answer.status, _seconds(answer.headers.get("Retry-After"))
        except aiohttp.ClientConnectorError as error:
            raise Unavailable(_words(error)) from error
        except (aiohttp.ClientError, OSError, UnicodeDecodeError) as error:
            raise Unavailable(_words(error), in_doubt=True, wait=self._settled) from error
        known = _object(said)
        code = known.get("ErrorCode", 0)
        if status == 200 and not code:
            return known
        if status >= 500:
            wait = max(wait, self._settled)
        raise _meaning(status, code if isinstance(code, int) else 0, str(known.get("Message") or said[:200]), wait)


def body(message: Outgoing, stream: str, ours: bool) -> dict[str, Any]:
    """The JSON of POST /email: the mail taken apart into Postmark's fields."""
    mail = message_from_bytes(message.mail, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    customer = message.customer_id
    pieces = {"customer_id": customer[:_PIECE]} | ({"customer_id_2": customer[_PIECE:]} if len(customer) > _PIECE else {})
    fields: dict[str, Any] = {
        "From": str(mail["From"]),
        "To": message.recipient,
        "Subject": str(mail["Subject"]),
        "Headers": [*({"Name": name, "Value": str(value)} for name, value in mail.items() if name.lower() not in _OWN), _KEEP_ID],
        "Metadata": {"message_id": message.message_id} | pieces,
    }
    for kind, name in (("plain", "TextBody"), ("html", "HtmlBody")):
        if part := mail.get_body((kind,)):
            fields[name] = part.get_content()
    if stream:
        fields["MessageStream"] = stream
    if ours:
        fields |= {"TrackOpens": False, "TrackLinks": "None"}
    return fields


def _meaning(status: int, code: int, said: str, wait: float) -> MailError:
    words = f"{status}, error {code}: {' '.join(said.split())}" if code else f"{status}: {' '.join(said.split())}"
    if status == 401 or code == 10:
        return LogInRefused(words)
    if status == 429 or code in _LATER:
        return Unavailable(words, wait=wait)
    if status >= 500:
        return Unavailable(words, wait=wait, in_doubt=True)
    if code in _ACCOUNT or status in (403, 404) or 300 <= status < 400:
        return Unwelcome(words)
    if status == 422 or status in (400, 413, 415):
        return Rejected(words, recipient=code == _INACTIVE or (code == _INVALID and "'To'" in said))
    return Unavailable(words, wait=wait)


def _object(said: str) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(header: str | None) -> float:
    return float(header) if header is not None and header.isdecimal() else 0.0


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
