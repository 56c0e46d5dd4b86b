"""Sending by SMTP: a few kept connections, and what a failure means for the message.

MailError
├── Rejected      the server says never (5xx): another try can't help
├── Deferred      the server says later (4xx) of this message
└── Unavailable   no server, no TLS, a lost connection: says nothing of the message
    └── LogInRefused
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import errors

from streams.sinks.address import Server

#: Seconds a connection may lie idle: servers close them after some minutes, and a dead one costs a failed try.
_IDLE = 20.0


class MailError(Exception):
    """A mail that wasn't accepted."""


class Rejected(MailError):
    pass


class Deferred(MailError):
    pass


class Unavailable(MailError):
    pass


class LogInRefused(Unavailable):
    pass


@dataclass(slots=True)
class _Kept:
    client: aiosmtplib.SMTP
    since: float


class Mailer:
    """Sends over at most `connections` connections at a time, kept open between mails. Belongs to one event loop."""

    def __init__(self, server: Server, connections: int = 8, timeout: float = 60.0) -> None:
        self.server = server
        self._timeout = timeout
        self._room = asyncio.Semaphore(connections)
        self._kept: list[_Kept] = []

    async def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Returns when the server has taken the message over: its reply to the end of DATA.

        Raises a MailError. Blocks at most `timeout` seconds a command, and as long as all connections are busy.
        """
        async with self._room:
            client = await self._client()
            good = False
            try:
                await client.sendmail(sender, [recipient], message)
                good = True
            except (OSError, errors.SMTPException, ssl.SSLError, ValueError) as error:
                good = isinstance(error, errors.SMTPResponseException | errors.SMTPRecipientsRefused) and client.is_connected
                raise _meaning(error) from error
            finally:
                if good:
                    self._kept.append(_Kept(client, asyncio.get_running_loop().time()))
                else:
                    client.close()

    async def check(self) -> None:
        """Connects and logs in once. Raises Unavailable."""
        async with self._room:
            client = await self._client()
            self._kept.append(_Kept(client, asyncio.get_running_loop().time()))

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
        try:
            await client.connect()
        except (OSError, errors.SMTPException, ssl.SSLError) as error:
            client.close()
            refused = isinstance(error, errors.SMTPAuthenticationError)
            raise (LogInRefused if refused else Unavailable)(_words(error)) from error
        return client


def _meaning(error: Exception) -> MailError:
    if isinstance(error, errors.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, errors.SMTPServerDisconnected | errors.SMTPHeloError | errors.SMTPAuthenticationError):
        return Unavailable(_words(error))
    if isinstance(error, errors.SMTPResponseException):
        if error.code == 421:  # RFC 5321, 3.8: the service is closing the connection
            return Unavailable(_words(error))
        return Rejected(_words(error)) if 500 <= error.code < 600 else Deferred(_words(error))
    if isinstance(error, ValueError | errors.SMTPNotSupported):
        return Rejected(_words(error))
    return Unavailable(_words(error))


def _words(error: Exception) -> str:
    if isinstance(error, errors.SMTPResponseException):
        return f"{error.code} {' '.join(error.message.split())}"
    return " ".join(str(error).split()) or type(error).__name__
