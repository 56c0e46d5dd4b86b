"""One message record from Kafka to the mail server, whatever fails on the way.

A record is done with when its mail is sent (the server said so, and Redis holds the mark), was sent before, isn't to be sent, or
can't be (a Refusal: it becomes a dead letter). Until then `deliver` keeps trying: while Redis or the mail server is away, for as long
as it takes; while the server says "later" of this one mail, until `give_up`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from redis.exceptions import RedisError

from streams.agents.mail import Composer
from streams.agents.message import BadMessage, Message, read
from streams.clock import monotonic, now_ms
from streams.sinks.backoff import Backoff
from streams.sinks.claims import Claims
from streams.sinks.outage import Outage
from streams.sinks.smtp import Deferred, Mailer, Rejected, Unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

_AWAY = (RedisError, OSError)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record becomes a dead letter: a short code and a sentence."""

    error: str
    detail: str


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: first and longest wait between tries, how long a mail may be deferred, how often to look at another's claim, and how long
    one sending may take."""

    first: float = 0.5
    longest: float = 60.0
    give_up: float = 1800.0
    look: float = 1.0
    reply: float = 300.0


class Deliverer:
    """Belongs to one event loop; `deliver` may run many times at once."""

    def __init__(self, mailer: Mailer, claims: Claims, composer: Composer, patience: Patience | None = None) -> None:
        self._mailer = mailer
        self._claims = claims
        self._composer = composer
        self._patience = patience or Patience()
        self._sender = composer.shop.sender.addr_spec
        self._smtp = Outage("the mail server", "no mail is lost, it goes out when the server answers")
        self._redis = Outage("Redis", "no mail is sent without its record of what was sent; it goes on when Redis answers")
        self.sent = 0

    async def deliver(self, value: bytes | None) -> Refusal | None:
        """Returns when the record is done with; a Refusal if it can't be delivered."""
        try:
            message = read(value)
            if message.decision != "send":
                return None
            mail = self._composer.compose(message, now_ms())
        except BadMessage as error:
            return Refusal(error.error, str(error))
        return await self._until_done(message, mail)

    async def _until_done(self, message: Message, mail: bytes) -> Refusal | None:
        backoff, since, token = Backoff(self._patience.first, self._patience.longest), monotonic(), self._claims.token()
        while True:
            held = await self._insist(lambda: self._claims.take(message.message_id, token))
            if held is None:
                log.info("already sent", message_id=message.message_id, campaign=message.campaign)
                return None
            if held > 0:  # somebody else is sending it, or was when killed: its lease runs out
                await asyncio.sleep(min(held, self._patience.look))
                continue
            # Not to be cancelled between the server's reply and the mark.
            refusal, again = await _unbroken(self._try(message, mail, token, monotonic() - since))
            if not again:
                return refusal
            await asyncio.sleep(backoff.next())

    async def _try(self, message: Message, mail: bytes, token: str, waited: float) -> tuple[Refusal | None, bool]:
        """(why not at all, whether to try again)."""
        assert message.to is not None
        refusal, again = None, False
        renewing = asyncio.create_task(self._renew(message.message_id, token))
        try:
            async with asyncio.timeout(self._patience.reply):
                await self._mailer.send(self._sender, message.to, mail)
        except Rejected as error:
            refusal = Refusal("mail_rejected", str(error))
        except Deferred as error:
            again = waited < self._patience.give_up
            refusal = None if again else Refusal("mail_deferred", f"for {waited:.0f} s, the last time: {error}")
            log.warning("the mail server says later", message_id=message.message_id, error=str(error), again=again)
        except (Unavailable, TimeoutError) as error:
            self._smtp.failed(error)
            again = True
        else:
            self._smtp.over()
            await self._insist(lambda: self._claims.sent(message.message_id))
            self.sent += 1
            log.info("mail sent", message_id=message.message_id, campaign=message.campaign, step=message.step)
            return None, False
        finally:
            renewing.cancel()
        await self._insist(lambda: self._claims.give_back(message.message_id, token))
        return refusal, again

    async def _renew(self, message_id: str, token: str) -> None:
        while True:
            await asyncio.sleep(self._claims.lease / 3)
            with contextlib.suppress(*_AWAY):
                await self._claims.take(message_id, token)

    async def _insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks Redis until it answers."""
        backoff = Backoff(self._patience.first, self._patience.longest)
        while True:
            try:
                answer = await ask()
            except _AWAY as error:
                self._redis.failed(error)
                await asyncio.sleep(backoff.next())
            else:
                self._redis.over()
                return answer


async def _unbroken(work: Awaitable[T]) -> T:
    """Lets the work end even if we are cancelled meanwhile; then passes the cancellation on."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
