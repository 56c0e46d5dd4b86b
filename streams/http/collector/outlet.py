"""Into Kafka: what a request brought is there for good when `put` returns, or the caller is told to come again.

Bounded in two ways, so that a Kafka that is slow or away fills no memory: so many bytes may be on their way, and while something has been
on its way for too long, nothing more is taken. What was told to come again may be written all the same; its event_id tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.kafka import clients, topics
from streams.kafka.errors import Misconfigured
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from streams.settings import Settings

#: Bytes of requests whose records Kafka has not acknowledged yet.
ROOM = 16_000_000
#: Seconds an answer waits for Kafka: the libraries give up on one after ten.
PATIENCE = 8.0
#: Seconds after which to come again, at least and at most; more the longer Kafka is away.
SOON, LATE = 5, 60
#: ms a batch of records waits for those of other requests.
LINGER = 2

log = structlog.get_logger(__name__)


class Outgoing(NamedTuple):
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class NotNow(Exception):
    """Kafka does not keep up, or is away: come again in `after` seconds."""

    def __init__(self, after: int) -> None:
        super().__init__(after)
        self.after = after


class Outlet:
    """`run` beside it for as long as it is used. Belongs to one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._since = monotonic()
        self._failed = asyncio.Event()
        self._outage = Outage("Kafka", "who sends to the collector is told to come again")
        #: Deliveries that Kafka has not acknowledged: bytes, and since when, oldest first.
        self._under_way: dict[asyncio.Task[None], tuple[int, float]] = {}
        self._bytes = 0

    async def run(self) -> None:
        """Keeps a producer open: waits for the broker, sees to the topics, starts anew after an error that stops a producer."""
        while True:
            try:
                await self._open()
                self._failed.clear()
                await self._failed.wait()
            except Misconfigured as error:
                log.error("the collector takes nothing", reason=str(error))
                await asyncio.sleep(LATE / 2)
            except (KafkaError, OSError) as error:
                log.warning("the collector can't write to Kafka, trying again", error=str(error) or type(error).__name__)
                await asyncio.sleep(SOON / 2)
            except Exception:
                log.exception("the collector can't write to Kafka, trying again")
                await asyncio.sleep(LATE / 2)
            finally:
                await self._close()

    async def ready(self) -> None:
        """Raises NotNow while nothing can be taken."""
        if self._late() > PATIENCE:
            raise self._away()
        if self._producer is None:
            raise NotNow(self._after())

    async def put(self, outgoing: Sequence[Outgoing], size: int, received: int) -> None:
        """Returns when Kafka has acknowledged all of it. `size` in bytes, `received` in epoch ms. Raises NotNow."""
        await self.ready()
        if self._bytes and self._bytes + size > ROOM:
            raise NotNow(random.randint(1, 3))
        task = asyncio.create_task(_deliver(self._producer, outgoing, received))
        self._under_way[task] = (size, monotonic())
        self._bytes += size
        task.add_done_callback(self._delivered)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            raise self._away()
        if task.cancelled() or task.exception() is not None:
            raise NotNow(self._after())

    def _delivered(self, task: asyncio.Task[None]) -> None:
        size, _ = self._under_way.pop(task)
        self._bytes -= size
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._outage.over()
        elif self._producer is not None and not self._failed.is_set():
            log.warning("Kafka did not take what the collector wrote; its senders are told to come again", error=repr(error))
            self._failed.set()

    def _away(self) -> NotNow:
        self._outage.failed(TimeoutError(f"nothing acknowledged for {self._late():.0f} s"))
        return NotNow(self._after())

    def _late(self) -> float:
        """Seconds the oldest delivery has been on its way."""
        return monotonic() - next(iter(self._under_way.values()))[1] if self._under_way else 0.0

    def _after(self) -> int:
        away = max(self._late(), 0.0 if self._producer is not None else monotonic() - self._since)
        return min(LATE, max(SOON, int(away / 2))) + random.randint(0, 2)

    async def _open(self) -> None:
        await clients.wait_for_broker(self._settings)
        await topics.prepare(self._settings)
        producer = clients.producer(self._settings, linger_ms=LINGER)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer
        log.info("the collector takes calls")

    async def _close(self) -> None:
        producer, self._producer = self._producer, None
        self._since = monotonic()
        if producer is not None:
            # A producer whose broker is away never ends by itself; whoever waits for it is told to come again.
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), PATIENCE / 2)


async def _deliver(producer: Any, outgoing: Sequence[Outgoing], received: int) -> None:
    sent = [await producer.send(each.topic, each.value, each.key, timestamp_ms=received, headers=list(each.headers)) for each in outgoing]
    if sent:
        await asyncio.wait(sent)
    for future in sent:
        future.result()
