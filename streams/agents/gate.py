"""Whether a mail may go now. Asked right before each try: between the decision and the mail may lie an hour without a mail server.

In this order: it was sent already; the engine has taken it back since (a purchase, an unsubscription, a segment left); the customer was
erased; it is too old, or the next step takes its place; all sending is paused; it is night at the customer's; the caps have no room.
Transactional mails are not held back for age, night and caps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scoring.instants import rfc3339
from streams.agents.message import Message
from streams.agents.withdrawals import Withdrawals
from streams.clock import now_ms, speed
from streams.sinks.claims import Claims
from streams.sinks.handovers import HandOvers
from streams.sinks.sending import Pause, Switch

#: Seconds after which everything is asked again at the latest: the clock may be set. And between looks at what ends a waiting early.
LONGEST = 600.0
PART = 10.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message becomes a dead letter: a short code and a sentence. `bounced`: the address can't be written to at all."""

    error: str
    detail: str
    bounced: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is to be done any more: why. `new`: it is now that this is found, and to be noted."""

    why: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now. `seconds`: when to ask again; `aside`: other messages need not wait for it; `pause`: because all sending is paused;
    `away`: because nobody takes mails."""

    seconds: float
    why: str
    pause: Pause | None = None
    aside: bool = True
    away: bool = False


Verdict = Refusal | Done | Wait | None

#: (customer id, when the message was decided, epoch ms) -> has the customer been erased since?
Erased = Callable[[str, int | None], Awaitable[bool]]


async def _never(customer_id: str, at: int | None) -> bool:
    return False


class Gate:
    """`max_age` in ms. All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(
        self, claims: Claims, switch: Switch, handovers: HandOvers, max_age: int, withdrawals: Withdrawals | None = None,
        erased: Erased = _never, look: float = 1.0,
    ) -> None:  # fmt: skip
        """`look`: seconds after which to look again at what may end any moment."""
        self._claims = claims
        self._switch = switch
        self._handovers = handovers
        self._max_age = max_age
        self._withdrawals = withdrawals
        self._erased = erased
        self._look = look

    async def judge(self, message: Message, partition: int, place: str) -> Verdict:
        """None: it may go. `place`: where the record stands in Kafka."""
        if self._withdrawals is not None:
            await self._withdrawals.caught_up(partition)
        outcome, withdrawn = await self._claims.known(message.message_id)
        if outcome is not None and (outcome.state in ("sent", "dropped") or (outcome.state == "refused" and outcome.place == place)):
            return Done(f"{outcome.state} already")
        if withdrawn is not None:
            return Done(f"withdrawn: {withdrawn}", new=True)
        if await self._erased(message.customer_id, message.decided):
            return Done("the customer was erased")
        now = now_ms()
        if overdue := self._overdue(message, now):
            return overdue
        if pause := await self._switch.paused():
            return Wait(self._look, "all sending is paused", pause, aside=False)
        if not message.context.transactional:
            for begin, end in message.quiet:
                if begin <= now < end:
                    return self._not_before(message, end, now, "quiet hours")
        return None

    async def enter(self, message: Message) -> Verdict:
        """Takes the message's place under the caps; None: it has one. To be undone if it isn't handed over."""
        if message.context.transactional:
            return None
        now = now_ms()
        wait = await self._handovers.room(message.customer_id, message.message_id, now)
        return self._not_before(message, now + wait, now, "caps") if wait else None

    async def leave(self, message: Message) -> None:
        """It was not handed over after all."""
        if not message.context.transactional:
            await self._handovers.undo(message.customer_id, message.message_id)

    def _deadline(self, message: Message) -> tuple[float, str]:
        """The instant (epoch ms) from which on it isn't sent, and what it is called then."""
        if message.context.transactional or message.decided is None:
            return float("inf"), ""
        old = message.decided + self._max_age
        until = message.valid_until
        return (until, "overtaken") if until is not None and until < old else (old, "mail_too_old")

    def _overdue(self, message: Message, now: int, why: str = "") -> Verdict:
        deadline, error = self._deadline(message)
        if now < deadline:
            return None
        if error == "overtaken":
            return Done(f"overtaken: the campaign's next step was due{why}", new=True)
        return Refusal("mail_too_old", f"decided at {message.at}, longer ago than mail_max_age allows{why}")

    def _not_before(self, message: Message, instant: int, now: int, what: str) -> Verdict:
        if overdue := self._overdue(message, instant, f", before it could go: {what} until {rfc3339(instant)}"):
            return overdue
        return Wait(min((instant - now) / 1000 / speed(), LONGEST), f"{what} until {rfc3339(instant)}")


async def until(seconds: float, over: Callable[[], bool]) -> None:
    """Waits so long, but not much longer than until `over()`."""
    while seconds > 0 and not over():
        part = min(seconds, PART)
        await asyncio.sleep(part)
        seconds -= part
