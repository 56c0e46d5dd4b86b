"""What delivery asks of a way to send mail, whichever it is, and what a failure means for the message.

MailError
├── Rejected      never, for this message: another try can't help
├── Deferred      later, for this message
└── Unavailable   no server, no TLS, a lost connection, too many at once: says nothing of the message
    └── Unwelcome     the same for every message until somebody changes a setting: a refused log-in, sender or account
        └── LogInRefused
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


class MailError(Exception):
    """A mail that wasn't accepted."""


class Rejected(MailError):
    """`recipient`: it is the address that is refused, so that no other mail will ever reach it either."""

    def __init__(self, words: str, *, recipient: bool = False) -> None:
        super().__init__(words)
        self.recipient = recipient


class Deferred(MailError):
    pass


class Unavailable(MailError):
    """`in_doubt`: the message may have been taken over all the same. `wait`: seconds that were asked for before the next try."""

    def __init__(self, words: str, *, in_doubt: bool = False, wait: float = 0) -> None:
        super().__init__(words)
        self.in_doubt = in_doubt
        self.wait = wait


class Unwelcome(Unavailable):
    pass


class LogInRefused(Unwelcome):
    pass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail to one recipient: `mail` as it goes into SMTP's DATA; the ids are what a provider gives back with what becomes of it."""

    sender: str
    recipient: str
    mail: bytes
    message_id: str
    customer_id: str


HandOver = Callable[[Outgoing], Awaitable[None]]


class Mailer(Protocol):
    """A way to send. Belongs to one event loop."""

    @property
    def name(self) -> str:
        """For people: `the mail server`."""

    def ready(self) -> AbstractAsyncContextManager[HandOver]:
        """Waits for a free connection, and connects if need be; may be cancelled at any time.

        What it gives returns when the message has been taken over. Both raise a MailError.
        """

    async def taken_over(self, message: Outgoing) -> bool:
        """Whether a message in doubt is known to have been taken over; False where nobody can tell. Raises Unavailable."""

    async def check(self) -> None:
        """Connects and logs in once. Raises Unavailable."""

    async def close(self) -> None: ...
