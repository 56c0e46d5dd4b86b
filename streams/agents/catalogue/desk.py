"""Records of the catalogue compared with what is known, and news written to every partition."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.errors import KafkaError

from scoring.events.invalid import Invalid
from scoring.events.products import compare, decoder, news_value
from scoring.events.schema import News
from streams.agents.catalogue.shelf import Shelf, Stock, value
from streams.agents.dead_letters import DeadLetterBox
from streams.kafka import clients
from streams.kafka.names import Names
from streams.sinks.backoff import Backoff
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from streams.settings import Settings

log = structlog.get_logger(__name__)


class Desk:
    """Belongs to one event loop; connects at the first record."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = Names(settings.app_id, settings.topic_prefix)
        self._decode = decoder(settings.currency)
        self._letters = DeadLetterBox(settings)
        self._shelf = Shelf(settings)
        self._producer: AIOKafkaProducer | None = None
        self._broker = Outage("the broker", "news of products waits; what came after it is not acknowledged")

    async def take(self, messages: list[Any]) -> None:
        """Returns when the broker has all that comes of them, however long it is away."""
        backoff = Backoff()
        while True:
            try:
                await self._take(messages)
            except (KafkaError, OSError) as failure:
                self._broker.failed(failure)
                await asyncio.sleep(backoff.next())
            else:
                self._broker.over()
                return

    async def close(self) -> None:
        await self._letters.close()
        if self._producer is not None:
            await self._producer.stop()

    async def _take(self, messages: list[Any]) -> None:
        news: list[News] = []
        changed: dict[tuple[int, bytes], Stock] = {}
        for message in messages:
            known = await self._shelf.of(message.partition, message.generation_id)
            stock = changed.get((message.partition, message.key)) or known.get(message.key)
            if stock is not None and message.offset <= stock.offset:
                continue  # read again
            try:
                product = self._decode(message.value, message.key, round(message.timestamp * 1000))
            except Invalid as fault:
                await self._letters.put(message, fault.error, fault.detail)
                continue
            before = None if stock is None else stock.known
            now, told = compare(before, product)
            if told is not None:
                news.append(told)
            if now is not before:
                changed[message.partition, message.key] = Stock(message.offset, now)
        if changed:
            await self._write(news, changed)
            for (partition, product_id), stock in changed.items():
                self._shelf.put(partition, product_id, stock)
        if news:
            log.info("news of products", records=len(messages), news=len(news))

    async def _write(self, news: list[News], changed: dict[tuple[int, bytes], Stock]) -> None:
        """News first: what is known must not be ahead of what was told. In order of time: the engine merges its topics by it."""
        producer = await self._started()
        sent = []
        for each in sorted(news, key=lambda told: told.ts):
            key, record = each.product_id.encode(), news_value(each)
            sent += [await producer.send(self._names.news, record, key, number) for number in range(self._settings.partitions)]
        for acknowledged in sent:
            await acknowledged
        sent = [await producer.send(self._names.products, value(stock), key, number) for (number, key), stock in changed.items()]
        for acknowledged in sent:
            await acknowledged

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = clients.producer(self._settings, linger_ms=5)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer
