"""Changes on their way to one endpoint: many at once, each customer's in order, each partition's acknowledged in order.

A customer's next webhook is not sent before the one before it is taken or given up. What is done with is noted in Redis right after, and
acknowledged in Kafka once all before it is: a crash makes at most those be sent again that were just being sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from redis.exceptions import RedisError

from streams.agents.dead_letters import DeadLetterBox
from streams.agents.webhooks import change
from streams.agents.webhooks.forgotten import Erased, nobody
from streams.agents.webhooks.ledger import Ledger
from streams.agents.webhooks.sender import Job, NotOurs, Refused, Sender, Withheld
from streams.sinks.outage import Outage
from streams.sinks.webhook import Endpoint
from streams.sinks.webhook_notes import WebhookNotes

log = structlog.get_logger(__name__)

#: Changes of an endpoint that are held in memory until it has had them.
OPEN = 1000
#: Seconds between two writings of what is done with, and after one that failed.
_SAVE_EVERY, _SAVE_AGAIN = 0.005, 0.5


class _Partition:
    """Of one generation of the consumer group."""

    def __init__(self, source: str, ledger: Ledger, first: int) -> None:
        self.source = source
        self.ledger = ledger
        self.acknowledged = first


class Line:
    """Belongs to one event loop. `ack(topic, partition, offset)`: done with; `current(message)`: is its partition still ours."""

    def __init__(
        self, endpoint: Endpoint, sender: Sender, notes: WebhookNotes, letters: DeadLetterBox, *,
        ack: Callable[[str, int, int], None], current: Callable[[Any], bool], on_fault: Callable[[BaseException], None],
        erased: Erased = nobody,
    ) -> None:  # fmt: skip
        self._endpoint = endpoint
        self._sender = sender
        self._notes = notes
        self._letters = letters
        self._ack = ack
        self._current = current
        self._on_fault = on_fault
        self._erased = erased
        self._room = asyncio.Semaphore(OPEN)
        self._partitions: dict[tuple[str, int, int], _Partition] = {}
        self._last: dict[tuple[str, int, bytes], asyncio.Task[None]] = {}  # by customer, in one generation
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsaved: dict[str, _Partition] = {}
        self._news = asyncio.Event()
        self._ending = False
        self._redis = Outage("Redis", "webhooks go on; after a crash more of them than usual would be sent again")

    async def add(self, message: Any) -> None:
        """Takes a change; returns at once unless too many are on their way."""
        partition = await self._partition(message)
        if not partition.ledger.take(message.offset, round(message.timestamp * 1000)):
            self._done(partition, message)
            return
        try:
            record = change.read(message.value)
        except change.NotAChange as error:
            await self._letters.put(message, "not_a_change", f"endpoint {self._endpoint.name}: {error}")
            self._done(partition, message)
            return
        if not change.takes(self._endpoint, record):
            self._done(partition, message)
            return
        await self._room.acquire()
        job = Job(
            change.webhook(record, message.value),
            current=lambda: not self._ending and self._current(message),
            first=partition.ledger.open[message.offset],
            began=lambda first: self._began(partition, message.offset, first),
            erased=lambda: self._erased(record),
        )
        customer = (message.topic, message.generation_id, message.key or record.customer_id.encode())
        task = asyncio.create_task(self._one(partition, message, job, self._last.get(customer)))
        self._last[customer] = task
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._ended(task, customer))

    async def _one(self, partition: _Partition, message: Any, job: Job, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait((before,))
        outcome = await self._sender.send(job)
        if isinstance(outcome, NotOurs):
            return
        if isinstance(outcome, Refused):
            await self._letters.put(message, "webhook_failed", f"endpoint {self._endpoint.name}: {outcome.words}")
            self._sender.figures["refused"] += 1
        elif isinstance(outcome, Withheld):
            log.info("not sent: the customer was forgotten", endpoint=self._endpoint.name, webhook_id=job.webhook.id)
        self._done(partition, message)

    def _ended(self, task: asyncio.Task[None], customer: tuple[str, int, bytes]) -> None:
        self._room.release()
        self._tasks.discard(task)
        if self._last.get(customer) is task:
            del self._last[customer]
        if not task.cancelled() and (error := task.exception()):
            self._on_fault(error)

    async def _partition(self, message: Any) -> _Partition:
        place = (message.topic, message.partition, message.generation_id)
        if place not in self._partitions:
            source = f"{message.topic}/{message.partition}"
            for old in [each for each in self._partitions if each[:2] == place[:2]]:
                del self._partitions[old]
            known = await self._known(source)
            ledger = known.from_here(message.offset, round(message.timestamp * 1000)) if known else Ledger(message.offset)
            self._partitions[place] = _Partition(source, ledger, message.offset)
        return self._partitions[place]

    async def _known(self, source: str) -> Ledger | None:
        try:
            text = await self._notes.progress(source)
            return None if text is None else Ledger.parse(text)
        except (RedisError, OSError) as error:
            self._redis.failed(error)
        except ValueError as error:
            log.warning("what Redis holds of the endpoint's progress can't be read", endpoint=self._endpoint.name, error=str(error))
        return None

    def _began(self, partition: _Partition, offset: int, first: int) -> None:
        if offset in partition.ledger.open:
            partition.ledger.open[offset] = first
            self._note(partition)

    def _note(self, partition: _Partition) -> None:
        self._unsaved[partition.source] = partition
        self._news.set()

    def _done(self, partition: _Partition, message: Any) -> None:
        partition.ledger.done(message.offset)
        if not self._current(message):
            return
        self._note(partition)
        while partition.acknowledged < partition.ledger.settled:
            self._ack(message.topic, message.partition, partition.acknowledged)
            partition.acknowledged += 1

    async def save(self) -> None:
        """Writes what is done with, again and again, until `end`."""
        while not self._ending:
            await self._news.wait()
            await asyncio.sleep(_SAVE_EVERY if await self._save() else _SAVE_AGAIN)

    async def _save(self) -> bool:
        self._news.clear()
        unsaved, self._unsaved = self._unsaved, {}
        if not unsaved:
            return True
        try:
            await self._notes.save({source: str(partition.ledger) for source, partition in unsaved.items()})
        except (RedisError, OSError) as error:
            self._redis.failed(error)
            self._unsaved = unsaved | self._unsaved
            self._news.set()
            return False
        self._redis.over()
        return True

    async def end(self, timeout: float) -> None:
        """Lets what is just being sent end, `timeout` seconds at most; starts nothing more."""
        self._ending = True
        self._news.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout)
            for task in late:
                task.cancel()
        await self._save()
