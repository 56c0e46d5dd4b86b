"""Handing one mail over under a claim, so that it goes once: claim it, take its place under the caps, send, mark it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog

from streams.agents.gate import Done, Gate, Verdict, Wait
from streams.agents.message import Message
from streams.clock import now_ms
from streams.sinks.claims import Claims
from streams.sinks.insist import AWAY, Insist
from streams.sinks.mail import HandOver, Mailer, MailError, Outgoing, Unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: What becomes of mails meanwhile.
WITHOUT_REDIS = "no mail is sent without its record of what was sent; it goes on when Redis answers"


class HandsOver:
    """`reply`: seconds one sending may take; `look`: how often to look at another's claim."""

    def __init__(self, mailer: Mailer, claims: Claims, gate: Gate, insist: Insist, *, reply: float, look: float) -> None:
        self._mailer = mailer
        self._claims = claims
        self._gate = gate
        self._insist = insist
        self._reply = reply
        self._look = look

    async def once(self, message: Message, outgoing: Outgoing, token: str, hand_over: HandOver) -> Verdict:
        """None: it was handed over. Not to be cancelled between the reply and the mark. Raises a MailError."""
        taken = await self._insist(lambda: self._claims.take(message.message_id, token))
        if taken.wait is None:
            return Done("sent already")
        if taken.wait > 0:  # its lease runs out if whoever holds it was killed
            return Wait(min(taken.wait, self._look), "somebody else is sending it", aside=False)
        async with self._renewed(message.message_id, token):
            if taken.in_doubt and await self._known_elsewhere(outgoing, token):
                await self._mark(message)
                return None
            full = await self._insist(lambda: self._gate.enter(message))
            if full is not None:
                await self._insist(lambda: self._claims.give_back(message.message_id, token))
                return full
            try:
                async with asyncio.timeout(self._reply):
                    await hand_over(outgoing)
            except TimeoutError as error:
                await self._give_back(message, token, in_doubt=True)
                raise Unavailable(f"no answer within {self._reply:g} s", in_doubt=True) from error
            except MailError as error:
                await self._give_back(message, token, in_doubt=getattr(error, "in_doubt", False))
                raise
            await self._mark(message)
            return None

    async def _known_elsewhere(self, outgoing: Outgoing, token: str) -> bool:
        """Whoever had it before did not tell how it ended: has it been taken over?"""
        try:
            known = await self._mailer.taken_over(outgoing)
        except MailError as error:
            await self._insist(lambda: self._claims.give_back(outgoing.message_id, token, in_doubt=True))
            raise error if isinstance(error, Unavailable) else Unavailable(str(error), in_doubt=True) from error
        log.info("was in doubt", message_id=outgoing.message_id, taken_over=known)
        return known

    async def _mark(self, message: Message) -> None:
        await self._insist(lambda: self._claims.sent(message.message_id, now_ms()))
        log.info("mail sent", message_id=message.message_id, campaign=message.campaign, step=message.step)

    async def _give_back(self, message: Message, token: str, *, in_doubt: bool) -> None:
        await self._insist(lambda: self._claims.give_back(message.message_id, token, in_doubt=in_doubt))
        if not in_doubt:
            await self._insist(lambda: self._gate.leave(message))

    @asynccontextmanager
    async def _renewed(self, message_id: str, token: str) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(message_id, token))
        try:
            yield
        finally:
            renewing.cancel()

    async def _renew(self, message_id: str, token: str) -> None:
        while True:
            await asyncio.sleep(self._claims.lease / 3)
            with contextlib.suppress(*AWAY):
                await self._claims.take(message_id, token)


async def unbroken(work: Awaitable[T]) -> T:
    """Lets the work end even if we are cancelled meanwhile; then passes the cancellation on."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
