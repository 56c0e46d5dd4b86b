"""Sending by SMTP: a few kept connections, and what the server's replies mean."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import errors

from streams.sinks.address import Server
from streams.sinks.mail import Deferred, HandOver, LogInRefused, MailError, Outgoing, Rejected, Unavailable, Unwelcome

#: Seconds a connection may lie idle: servers close them after some minutes, and a dead one costs a failed try.
_IDLE = 20.0
#: Seconds for connecting, TLS and log-in together. A server that closes meanwhile may leave the client waiting for all of its timeout.
CONNECT = 10.0

#: RFC 3463: addresses (5.1), except those of the sender, and mailboxes that are disabled.
_NO_SUCH_ADDRESS = re.compile(r"5\.(1\.(?!7|8)\d+|2\.1)\b")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
#: What servers without enhanced codes say of the address, and of us.
_UNKNOWN = re.compile(r"no such|unknown|not found|n.t exist|not exist|invalid (mailbox|recipient|user)|unavailable", re.I)
_OURS = re.compile(r"relay|authenti|denied|not (allowed|permitted)|block|spam|polic|reputation|sender|too (many|large|big)", re.I)


@dataclass(slots=True)
class _Kept:
    client: aiosmtplib.SMTP
    since: float


class SmtpMailer:
    """Sends over at most `connections` connections at a time, kept open between mails. Belongs to one event loop."""

    def __init__(self, server: Server, connections: int = 8, timeout: float = 60.0, connect: float = CONNECT) -> None:
        """`timeout`: seconds for the reply to a command; `connect`: for connecting, TLS and log-in together."""
        self.server = server
        self._timeout = timeout
        self._connect = connect
        self._room = asyncio.Semaphore(connections)
        self._kept: list[_Kept] = []

    @property
    def name(self) -> str:
        return "the mail server"

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[HandOver]:
        """Gives what sends one message over a connection: it returns at the server's reply to the end of DATA."""
        async with self._room:
            client, good = await self._client(), True

            async def hand_over(message: Outgoing) -> None:
                nonlocal good
                good = False
                try:
                    await client.sendmail(message.sender, [message.recipient], message.mail)
                    good = True
                except (OSError, errors.SMTPException, ssl.SSLError, ValueError) as error:
                    answered = isinstance(error, errors.SMTPResponseException | errors.SMTPRecipientsRefused)
                    good = answered and client.is_connected
                    raise _meaning(error) from error

            try:
                yield hand_over
            finally:
                if good:
                    self._kept.append(_Kept(client, asyncio.get_running_loop().time()))
                else:
                    client.close()

    async def taken_over(self, message: Outgoing) -> bool:
        """SMTP has no way to ask; a message in doubt is sent once more, with the same Message-ID."""
        return False

    async def check(self) -> None:
        """Connects and logs in once. Raises Unavailable."""
        async with self.ready():
            pass

    async def close(self) -> None:
        while self._kept:
            client = self._kept.pop().client
            try:
                await client.quit(timeout=2)
            except (OSError, errors.SMTPException):
                client.close()

    async def _client(self) -> aiosmtplib.SMTP:
        now = asyncio.get_running_loop().time()
        while self._kept:
            kept = self._kept.pop()
            if kept.client.is_connected and now - kept.since < _IDLE:
                return kept.client
            kept.client.close()
        server = self.server
        client = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, username=server.user, password=server.password, timeout=self._timeout,
            use_tls=server.security == "smtps", start_tls=server.security == "starttls", local_hostname=socket.gethostname(),
        )  # fmt: skip
        connected = False
        try:
            async with asyncio.timeout(self._connect):
                await client.connect()
            connected = True
        except TimeoutError:
            raise Unavailable(f"no connection within {self._connect:g} s") from None
        except errors.SMTPAuthenticationError as error:
            raise LogInRefused(_words(error)) from error
        except (OSError, errors.SMTPException, ssl.SSLError) as error:
            raise Unavailable(_words(error)) from error
        finally:
            if not connected:
                client.close()
        return client


def _meaning(error: Exception) -> MailError:
    recipient = isinstance(error, errors.SMTPRecipientsRefused)
    if isinstance(error, errors.SMTPRecipientsRefused):
        error = error.recipients[0]
    words = _words(error)
    if isinstance(error, errors.SMTPAuthenticationError | errors.SMTPHeloError):
        return Unwelcome(words)
    if isinstance(error, errors.SMTPResponseException):
        return _answer(error, words, at_recipient=recipient)
    if isinstance(error, ValueError | errors.SMTPNotSupported):
        return Rejected(words)
    return Unavailable(words, in_doubt=True)


def _answer(error: errors.SMTPResponseException, words: str, *, at_recipient: bool) -> MailError:
    code = error.code
    if code == 421:  # RFC 5321, 3.8: the service is closing the connection
        return Unavailable(words)
    if code in (530, 534, 535, 538):  # RFC 4954: log in first, or otherwise
        return Unwelcome(words)
    if not 500 <= code < 600:
        return Deferred(words)
    if isinstance(error, errors.SMTPSenderRefused) and code != 552:  # 552: this message is too large
        return Unwelcome(words)
    return Rejected(words, recipient=_is_of_the_address(code, error.message, at_recipient))


def _is_of_the_address(code: int, said: str, at_recipient: bool) -> bool:
    """Does a 5xx reply say that there is no such mailbox? Else it is about us or the message, and says nothing of the customer."""
    if enhanced := _ENHANCED.search(said):
        if not enhanced[0].startswith(("5.0.", "5.5.")):  # "other", which says nothing
            return _NO_SUCH_ADDRESS.match(enhanced[0]) is not None
    if code not in (550, 551, 553) or _OURS.search(said):
        return False
    return at_recipient or _UNKNOWN.search(said) is not None


def _words(error: Exception) -> str:
    if isinstance(error, errors.SMTPResponseException):
        return f"{error.code} {' '.join(error.message.split())}"
    return " ".join(str(error).split()) or type(error).__name__
