"""One message record from Kafka to whoever sends mail, whatever fails on the way.

A record is done with when its mail is handed over (the server said so, and Redis holds the mark), was before, isn't to be sent, or can't
be (a Refusal). Until then `deliver` keeps trying: while Redis or the mail server is away, while sending is paused, while everything is
refused, for as long as it takes; while the server says "later" of this one mail, until it is too old.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from streams.agents.gate import Done, Gate, Refusal, Verdict, Wait, until
from streams.agents.hand_over import WITHOUT_REDIS, HandsOver, unbroken
from streams.agents.mail import Composer
from streams.agents.message import BadMessage, Message, read
from streams.agents.refusals import Refusals
from streams.agents.standing import Standing, paused
from streams.clock import monotonic, now_ms
from streams.sinks.backoff import Backoff
from streams.sinks.claims import Claims
from streams.sinks.insist import Insist
from streams.sinks.mail import Deferred, Mailer, Outgoing, Rejected, Unavailable, Unwelcome
from streams.sinks.outage import Outage

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: first and longest wait between tries while nobody answers, the longest between tries of a mail that is deferred, how long
    it may be, how often to look at what may end any moment, and how long one sending may take."""

    first: float = 0.5
    longest: float = 60.0
    deferred: float = 900.0
    give_up: float = 86_400.0
    look: float = 1.0
    reply: float = 300.0


@dataclass(frozen=True, slots=True)
class Record:
    """A record of `messages`. `place`: where it stands, such as `3@1207`; `current`: is it still ours to deliver; `aside`: called when it
    is going to take its time, so that others need not wait for it."""

    value: bytes | None
    partition: int = 0
    place: str = ""
    current: Callable[[], bool] = lambda: True
    aside: Callable[[], None] = lambda: None


class Deliverer:
    """Belongs to one event loop; `deliver` may run many times at once."""

    def __init__(
        self, mailer: Mailer, claims: Claims, composer: Composer, gate: Gate, patience: Patience | None = None,
        standing: Standing | None = None,
    ) -> None:  # fmt: skip
        self._mailer = mailer
        self._claims = claims
        self._composer = composer
        self._gate = gate
        self._patience = patience = patience or Patience()
        self._refusals = Refusals(first=patience.first, longest=patience.longest)
        self._sender = composer.shop.sender.addr_spec
        self._insist = Insist(Outage("Redis", WITHOUT_REDIS), patience.first, patience.longest)
        self._hands_over = HandsOver(mailer, claims, gate, self._insist, reply=patience.reply, look=patience.look)
        self._takes_mails = asyncio.Event()
        self.standing = standing or Standing()

    async def deliver(self, record: Record) -> tuple[Message | None, Refusal] | None:
        """Returns when the record is done with: None, or why it isn't sent, with the message as far as it is one."""
        message = None
        try:
            message = read(record.value)
            if message.decision != "send":
                return None
            refusal = await self._until_done(message, record)
        except BadMessage as error:
            refusal = Refusal(error.error, str(error))
        if refusal is None:
            return None
        self.standing.count("refused")
        return message, refusal

    async def _until_done(self, message: Message, record: Record) -> Refusal | None:
        """Raises BadMessage."""
        tries = _Tries(self._claims.token(), self._patience)
        try:
            while record.current():
                verdict = await self._judge(message, record)
                if verdict is None:
                    paused(self.standing, None)
                    verdict = await self._try(message, record, tries)
                if verdict is None:
                    return None
                if isinstance(verdict, Refusal):
                    return tries.told(verdict)
                if isinstance(verdict, Done):
                    await self._done(message, verdict)
                    return None
                await self._wait(verdict, record)
        finally:
            self._refusals.forget(message.message_id)
        return None

    async def _wait(self, verdict: Wait, record: Record) -> None:
        if verdict.pause is not None:
            paused(self.standing, verdict.pause)
        if verdict.aside:
            record.aside()
        if not verdict.away:
            await until(verdict.seconds, lambda: not record.current())
            return
        left = verdict.seconds
        while left > 0 and record.current():  # what is another worker's now takes the place of what has come anew
            part = min(left, self._patience.look)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._takes_mails.wait(), part)  # when one mail is taken, the others need not wait longer
                return
            left -= part

    async def _done(self, message: Message, verdict: Done) -> None:
        log.info("not sent", why=verdict.why, message_id=message.message_id, campaign=message.campaign)
        if verdict.new:
            self.standing.count("withheld")
            await self._insist(lambda: self._claims.dropped(message.message_id, now_ms(), verdict.why))

    async def _judge(self, message: Message, record: Record) -> Verdict:
        return await self._insist(lambda: self._gate.judge(message, record.partition, record.place))

    async def _try(self, message: Message, record: Record, tries: _Tries) -> Verdict:
        """None: it was handed over. Raises BadMessage."""
        judged, name = monotonic(), self._mailer.name
        mail = self._composer.compose(message, now_ms())
        try:
            async with self._refusals.turn(), self._mailer.ready() as hand_over:
                if monotonic() - judged > self._patience.look:  # it took a while to come this far
                    if (verdict := await self._judge(message, record)) is not None:
                        return verdict
                    mail = self._composer.compose(message, now_ms())
                assert message.to is not None
                outgoing = Outgoing(self._sender, message.to, mail, message.message_id, message.customer_id)
                verdict = await unbroken(self._hands_over.once(message, outgoing, tries.token, hand_over))
        except Rejected as error:
            return self._rejected(message, error)
        except Deferred as error:
            return self._deferred(message, error, tries)
        except Unavailable as error:
            does = "refuses us" if isinstance(error, Unwelcome) else "is away"
            self.standing.begins("away", f"{name} {does}", "no mail is lost, they go out when it takes them", str(error))
            self._takes_mails.clear()
            # What was asked for is waited for; else until somebody else's mail is taken.
            return Wait(max(tries.away.next(), error.wait), "nobody takes mails", aside=False, away=not error.wait)
        if verdict is None:
            self._takes_mails.set()
            self._refusals.accepted(message.message_id)
            self.standing.ends("away", f"{name} is back")
            self.standing.ends("refused", f"{name} takes mails again")
            self.standing.count("sent")
        return verdict

    def _rejected(self, message: Message, error: Rejected) -> Verdict:
        self.standing.ends("away", f"{self._mailer.name} is back")
        if self._refusals.believe(message.message_id):
            self.standing.count("bounced" if error.recipient else "rejected")
            return Refusal("mail_bounced" if error.recipient else "mail_rejected", str(error), bounced=error.recipient)
        meanwhile = "mails wait and are tried one at a time; see to the sender, the account and block lists"
        self.standing.begins("refused", f"{self._mailer.name} refuses every mail", meanwhile, str(error))
        return Wait(self._patience.first, "every mail is refused")

    def _deferred(self, message: Message, error: Deferred, tries: _Tries) -> Verdict:
        waited = tries.put_off()
        again = waited < self._patience.give_up
        self.standing.count("deferred")
        log.warning("the mail server says later", message_id=message.message_id, error=str(error), again=again)
        tries.said = f"for {waited:.0f} s, the last time: {error}"
        if again:
            return Wait(tries.later.next(), "the server says later")
        return Refusal("mail_deferred", tries.said)


class _Tries:
    """One message's: the name under which it is claimed, how long to wait after failures, and `said`, what the server did of this mail."""

    def __init__(self, token: str, patience: Patience) -> None:
        self.token = token
        self.said = ""
        self._since: float | None = None
        self.away = Backoff(patience.first, patience.longest)
        self.later = Backoff(patience.first, patience.deferred)

    def put_off(self) -> float:
        """Seconds for which the server has said "later"; an outage before that is not its doing."""
        now = monotonic()
        self._since = now if self._since is None else self._since
        return now - self._since

    def told(self, refusal: Refusal) -> Refusal:
        """A mail that grew too old while the server said "later" of it: that is what whoever reads the dead letter wants to know."""
        return Refusal("mail_deferred", self.said) if refusal.error == "mail_too_old" and self.said else refusal
