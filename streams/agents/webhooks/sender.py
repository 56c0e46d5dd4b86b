"""One change to one endpoint, whatever fails on the way: tried again for a day, with longer and longer waits.

An endpoint that answers nobody for so long is closed: it gets nothing until somebody opens it again, and its changes stay where they are,
in Kafka. A change that it refuses for so long while it takes others becomes a dead letter. `410 Gone` closes it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from redis.exceptions import RedisError

from scoring.expressions.words import span
from scoring.instants import rfc3339
from streams.agents.webhooks.circuit import Circuit, Patience
from streams.clock import now_ms
from streams.sinks.backoff import Backoff
from streams.sinks.insist import Insist
from streams.sinks.outage import Outage
from streams.sinks.webhook import Endpoint, Gone, Poster, Undelivered, Webhook
from streams.sinks.webhook_notes import Health, WebhookNotes

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """It was taken."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It is given up: why."""

    words: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """The customer was forgotten since."""


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Somebody else sends it now, or the worker stops."""


Outcome = Sent | Refused | Withheld | NotOurs


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Standing:
    word: str  # active, failing, or how it is closed
    why: str


@dataclass(slots=True)
class Job:
    """A webhook to be sent. `first`: when its first try was (epoch ms), 0 before that; `current`: is it still ours to send; `erased`: may
    nothing be told of this customer any more (raises redis.RedisError, OSError)."""

    webhook: Webhook
    current: Callable[[], bool]
    first: int = 0
    began: Callable[[int], None] = lambda first: None
    erased: Callable[[], Awaitable[bool]] = _never


class Sender:
    """Of one endpoint; `send` may run many times at once. `watch` must run beside."""

    def __init__(self, endpoint: Endpoint, poster: Poster, notes: WebhookNotes, patience: Patience | None = None) -> None:
        self._endpoint = endpoint
        self._poster = poster
        self._notes = notes
        self._patience = patience or Patience()
        self._circuit = Circuit(endpoint.in_flight, self._patience)
        self._redis = Outage("Redis", "webhooks wait: it says who was forgotten")
        self._insist = Insist(self._redis, 0.2)
        self._told = Health()
        self._last = 0  # the newest success, epoch ms
        self._error: Undelivered | None = None
        self._why = ""  # in full
        self.health = Health()
        self._openings = 0
        self.ended = False
        self._closings = 0  # begun and written: what was read of Redis while it changes is out of date
        self.figures = dict.fromkeys(("sent", "failed", "refused"), 0)

    @property
    def standing(self) -> Standing:
        """How the endpoint stands, as far as this process knows."""
        if self.health.closed:
            return Standing(self.health.closed, self.health.closed_why)
        return Standing("failing", self._why) if self._circuit.failing else Standing("active", "")

    async def send(self, job: Job) -> Outcome:
        """Returns when it is taken, given up, or no longer ours."""
        backoff = Backoff(self._patience.first, self._patience.longest)
        while job.current():
            if self.health.closed:
                await asyncio.sleep(self._patience.look)
                continue
            async with self._circuit.turn(lambda: not job.current() or bool(self.health.closed)):
                if not job.current() or self.health.closed:
                    continue
                if await self._insist(job.erased):
                    return Withheld()
                wait = await self._try(job, backoff)
            if wait is None:
                return Sent()
            if (words := await self._given_up(job)) is not None:
                return Refused(words)
            await self._pause(wait, job)
        return NotOurs()

    async def _try(self, job: Job, backoff: Backoff) -> float | None:
        """None: it was taken; else seconds to wait."""
        now = now_ms()
        if not job.first:
            job.first = now
            job.began(now)
        try:
            await self._poster.post(job.webhook, now)
        except Gone as error:
            await self._close("disabled", error, str(error))
            return 0.0
        except Undelivered as error:
            return self._failed(job, error, max(backoff.next(), error.wait))
        if self._circuit.since:
            log.info("the endpoint takes webhooks again", endpoint=self._endpoint.name)
        self._circuit.succeeded()
        self._last = now_ms()
        self.figures["sent"] += 1
        return None

    def _failed(self, job: Job, error: Undelivered, wait: float) -> float:
        was = self._circuit.failing
        self._circuit.failed(job.webhook.id, error, now_ms())
        self._error, self._why = error, str(error)
        self.figures["failed"] += 1
        if self._circuit.failing and not was:
            log.warning(
                "the endpoint fails: webhooks wait, one is tried now and then", endpoint=self._endpoint.name, error=error.words,
                given_up_after=span(self._endpoint.retry_for),
            )  # fmt: skip
        elif not self._circuit.failing:
            log.info(
                "a webhook was refused", endpoint=self._endpoint.name, webhook_id=job.webhook.id, error=error.words, seconds=round(wait, 1)
            )
        return wait

    async def _given_up(self, job: Job) -> str | None:
        """Why this one is given up. Closes the endpoint if nobody has had an answer for as long."""
        now, patience = now_ms(), self._endpoint.retry_for
        if self.health.closed or now - job.first < patience:
            return None
        since = self._since()
        if since and now - since >= patience:
            await self._close("dead", self._error, f"no success since {rfc3339(since)}, the last time: {self._why}")
            return None
        return f"refused since {rfc3339(job.first)}, the last time: {self._why}" if self._delivered() >= job.first else None

    def _since(self) -> int:
        """Since when it fails, also what was noted before this process started; 0: it doesn't."""
        if not self._circuit.since:
            return 0
        noted = self.health.failing_since
        return min(self._circuit.since, noted) if noted and noted > self._delivered() else self._circuit.since

    def _delivered(self) -> int:
        return max(self._last, self.health.delivered_at)

    async def _close(self, state: str, error: Undelivered | None, why: str) -> None:
        if self.health.closed:
            return
        now = now_ms()
        self._closings += 1
        self.health = Health(state, now, why, self._circuit.since, self._why, self._delivered())
        remedy = f"its changes wait in Kafka; to go on: gedrag webhooks resume {self._endpoint.name}"
        words = error.words if error else ""
        log.error(f"the endpoint is {state} and gets nothing any more", endpoint=self._endpoint.name, error=words, remedy=remedy)
        await self._insist(lambda: self._notes.close(state, why, now))
        self._closings += 1

    async def _pause(self, seconds: float, job: Job) -> None:
        openings = self._openings
        while seconds > 0 and job.current() and not self.health.closed and openings == self._openings:
            part = min(seconds, self._patience.look)
            await asyncio.sleep(part)
            seconds -= part

    async def watch(self) -> None:
        """Keeps what Redis says of the endpoint and what is known here in step, until `ended` is set."""
        while not self.ended:
            try:
                await self._tell()
                closings, found = self._closings, await self._notes.health()
                self._redis.over()
                if not closings % 2 and closings == self._closings:
                    self._believe(found)
            except (RedisError, OSError) as error:
                self._redis.failed(error)
            await asyncio.sleep(self._patience.look)

    def _believe(self, found: Health) -> None:
        # What was noted of its failing is gone: somebody resumed it, or another worker was taken from.
        once_more = self.health.failing_since and not found.failing_since and self._circuit.since
        if (self.health.closed or once_more) and not found.closed:
            log.info("the endpoint is opened again", endpoint=self._endpoint.name)
            self._circuit.succeeded()
            self._told = Health(delivered_at=self._told.delivered_at)
            self._openings += 1
        elif found.closed and not self.health.closed:
            log.warning(f"the endpoint is {found.closed}", endpoint=self._endpoint.name, see="gedrag webhooks list")
        self.health = found

    async def _tell(self) -> None:
        if self._last != self._told.delivered_at and not self._circuit.since:
            await self._notes.delivered(self._last)
            self._told = Health(delivered_at=self._last)
        elif self._circuit.since and self._why != self._told.failing_why:
            await self._notes.failing(self._since(), self._why)
            self._told = Health(failing_since=self._circuit.since, failing_why=self._why, delivered_at=self._told.delivered_at)
