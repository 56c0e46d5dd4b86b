"""The customer engine as a service of the Faust app: its own consumer and producer, one loop, one owner of all state.

Why not a Faust agent: docs/decisions. What it promises: nothing lost, nothing contradictory (docs/guarantees).
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from mode import Service

from scoring.engine import Engine
from scoring.events.decode import decoders
from streams.clock import monotonic, now_ms
from streams.customers.changelog import TopicIds
from streams.customers.counters import Counters
from streams.customers.delivery import DEPTH, Delivery, settle
from streams.customers.evaluate import Evaluator
from streams.customers.faults import point
from streams.customers.flush import Flusher
from streams.customers.intake import Intake
from streams.customers.lease import Lease, elapsed
from streams.customers.migration import Migration
from streams.customers.partition import Partition
from streams.customers.recovery import check_position
from streams.customers.takeover import Takeover
from streams.deadletters import Limit
from streams.kafka import clients, internals
from streams.kafka.errors import Fatal
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings

#: Milliseconds the loop waits for records before it looks at the timers.
POLL = 20
#: Milliseconds a fetch waits at the broker for something to come; an idle topic's time moves in such steps.
FETCH_WAIT = 50
#: Records taken from the client at once.
RECORDS = 8_000
#: Seconds between commits of the group's offsets, which are for lag displays: recovery starts from the changelog.
COMMIT_EVERY = 0.5
#: Seconds a revoked partition may take to finish what is on its way. aiokafka heart-beats meanwhile.
SETTLE = 4.0
#: Seconds between young collections: the collector is off, since it would stop the loop to look at a million customers.
COLLECT_EVERY = 10.0
#: Seconds between two lines of figures.
REPORT_EVERY = 10.0
#: Seconds without an answered heartbeat after which the broker counts as away.
SILENCE = 5.0
REPORTED = ("events", "changes", "messages", "repeats", "dead_letters", "fired", "migrated")

log = structlog.get_logger(__name__)


class CustomerService(Service, ConsumerRebalanceListener):  # type: ignore[misc]
    """Events in, changes and messages out. `failure` says why it stopped by itself."""

    logger = clients.LIFE_CYCLE

    def __init__(self, settings: Settings, engine: Engine, *, accept_gap: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.settings = settings
        self.names = Names(settings.app_id, settings.topic_prefix)
        self.counters = Counters()
        self.failure: BaseException | None = None
        self.failed = asyncio.Event()
        self.partitions: dict[int, Partition] = {}
        self._accept_gap = accept_gap
        self._engine = engine
        self._ranks = {topic: rank for rank, topic in enumerate(self.names.inputs)}
        self._progress = asyncio.Event()
        self._stopping = False
        self._told = float("-inf")  # when it was said that the broker is away
        self._lease = Lease(settings.session_timeout / 1000)
        self._equipped: asyncio.Task[None] | None = None  # under way when a lease follows one that ended
        self._migration = Migration(engine)
        self._evaluator = Evaluator(engine, self.names.inputs, self.counters)
        self._intake = Intake(decoders(settings.currency), Limit(settings.dead_letter_limit), self.counters, now_ms)

    # ---- life cycle

    async def on_start(self) -> None:
        """Connects and subscribes; partitions are taken over as they are assigned. Raises Fatal, KafkaError."""
        await self._equip(self._lease)
        await self._start_consumer()
        self._consumer.subscribe(list(self.names.inputs), listener=self)

    async def _equip(self, lease: Lease) -> None:
        """A producer that sends under this lease and no other, and those who use it."""
        producer = clients.producer(self.settings)
        internals.guard_produce(producer, lease.gate)
        await producer.start()
        ids = await internals.topic_ids(producer.client, list(self.names.inputs))
        topics = TopicIds(self.settings.partitions, {topic: ids.get(topic, "") for topic in self.names.inputs})
        self._producer: AIOKafkaProducer = producer
        self._delivery = Delivery(producer, self.names.changelog, self.fail, self._progress.set)
        self._flusher = Flusher(self._engine, self._evaluator, self._migration, self.names, self.counters, producer.create_batch)
        self._takeover = Takeover(
            self.settings, self.names, self._engine, self._migration, self._delivery, topics,
            producer.create_batch, self._first_positions, self._confirm,
        )  # fmt: skip

    async def _start_consumer(self) -> None:
        session = self.settings.session_timeout
        self._consumer: AIOKafkaConsumer = clients.consumer(
            self.settings,
            group_id=self.names.group,
            group_instance_id=self.settings.group_instance_id or None,
            auto_offset_reset="none",  # positions come from the changelog: what they point at must be there
            isolation_level="read_committed",
            session_timeout_ms=session,
            heartbeat_interval_ms=min(1_000, session // 6),
            rebalance_timeout_ms=max(session, int(SETTLE * 2_000)),
            fetch_max_wait_ms=FETCH_WAIT,
            max_partition_fetch_bytes=1 << 20,
            fetch_max_bytes=16 << 20,
            partition_assignment_strategy=(RangePartitionAssignor,),  # one worker gets the same number of every topic
        )
        await self._consumer.start()
        self._sent = internals.watch_fetches(self._consumer, now_ms)
        internals.fetch_past_full_queues(self._consumer)
        self._beat_now = internals.watch_membership(self._consumer, self._renew, self._dropped, elapsed)

    async def on_stop(self) -> None:
        """Finishes what is on its way, commits and leaves the group."""
        self._stopping = True
        await self._hand_back(list(self.partitions))
        await self._consumer.stop()
        try:
            await asyncio.wait_for(self._producer.stop(), SETTLE)
        except TimeoutError:
            log.warning("the broker did not take the last records; they will be made again from the changelog")
        gc.enable()

    def fail(self, error: BaseException) -> None:
        """Stops the service with the first error; nothing more is sent."""
        if self.failure is None and not self._stopping:
            self.failure = error
            for partition in self.partitions.values():
                partition.give_up()
            self.failed.set()
            self._progress.set()

    # ---- group membership; callbacks only start tasks, since aiokafka does not heart-beat before they return

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        if self._lease.ended:
            self._lease = Lease(self.settings.session_timeout / 1000)
            self._equipped = asyncio.create_task(self._replace_producer(self._producer, self._lease))
        self._lease.renew()
        generation = internals.generation(self._consumer)
        numbers = sorted({tp.partition for tp in assigned})
        for tp in assigned:
            self._consumer.seek(tp, 0)  # a position, so that none is looked up; the changelog's is set when it is known
            self._consumer.pause(tp)
        for number in numbers:
            partition = self.partitions[number] = Partition(number)
            partition.chain = asyncio.create_task(self._take_over(partition, generation))
        log.info("partitions assigned", partitions=numbers, generation=generation)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._hand_back(sorted({tp.partition for tp in revoked}))

    async def _hand_back(self, numbers: list[int]) -> None:
        given = [self.partitions[number] for number in numbers if number in self.partitions]
        for partition in given:
            if partition.chain is not None and not partition.ready and not partition.in_flight:
                partition.chain.cancel()  # still reading
        await settle(given, SETTLE)
        await self._close(given)
        await asyncio.wait({asyncio.create_task(self._commit())}, timeout=SETTLE)
        for partition in given:
            partition.give_up()
            if partition.in_flight:
                log.warning("records were still on their way when the partition had to be given up", partition=partition.number)
                self._lease.end()
            self.partitions.pop(partition.number, None)

    async def _close(self, given: list[Partition]) -> None:
        """Notes what is delivered, so that whoever comes next has nothing to do twice. A failure is no harm."""
        done = [each for each in given if each.delivered.positions and not each.lost and not each.in_flight]
        try:
            await asyncio.wait_for(asyncio.gather(*(self._note(partition) for partition in done)), SETTLE)
        except (TimeoutError, KafkaError) as error:
            log.debug("positions not noted", error=repr(error))

    async def _note(self, partition: Partition) -> None:
        partition.in_flight += 1
        await self._delivery.send(partition, self.names.changelog, [self._flusher.note(partition)])
        partition.in_flight -= 1

    def _renew(self, at: float) -> None:
        self._lease.renew(at)

    async def _confirm(self) -> None:
        await self._beat_now()

    def _dropped(self) -> None:
        """The group has gone on without us: what we hold is somebody else's, and nothing of it may leave any more."""
        if self._stopping:
            return
        if self.partitions:
            log.warning("the consumer group gave this worker's partitions away; joining again", partitions=sorted(self.partitions))
        self._lease.end()
        for partition in self.partitions.values():
            partition.give_up()

    async def _replace_producer(self, old: AIOKafkaProducer, lease: Lease) -> None:
        await self._equip(lease)
        await old.stop()

    async def _take_over(self, partition: Partition, generation: int) -> None:
        try:
            if self._equipped is not None:
                await asyncio.shield(self._equipped)
            await self._takeover.take(partition, generation)
            await self._check_positions(partition)
            if partition.lost or partition.leaving:
                return
            for rank, topic in enumerate(self.names.inputs):
                tp = TopicPartition(topic, partition.number)
                self._consumer.seek(tp, partition.alignment.position[rank])
                self._consumer.resume(tp)
            partition.ready = True
            gc.collect()
            gc.freeze()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if not partition.lost:
                self.fail(error)

    async def _check_positions(self, partition: Partition) -> None:
        for rank, (topic, beginning) in enumerate(zip(self.names.inputs, await self._beginnings(partition.number), strict=True)):
            position = partition.alignment.position[rank]
            if position < beginning and self._accept_gap:
                log.warning("records were never read", topic=topic, partition=partition.number, missing=beginning - position)
                partition.alignment.position[rank] = beginning
            else:
                check_position(topic, partition.number, position, beginning, None)

    async def _first_positions(self, number: int) -> list[int]:
        """Where to begin without a changelog: at the beginning, unless the group says that customers were known once."""
        for topic in self.names.inputs:
            committed = await self._consumer.committed(TopicPartition(topic, number))
            if committed:
                raise Fatal(
                    f"{self.names.changelog} partition {number} is empty, but the consumer group {self.names.group} had come to offset "
                    f"{committed} of {topic}: all customers are forgotten. Restore the changelog, or start anew with another app_id"
                )
        return await self._beginnings(number)

    async def _beginnings(self, number: int) -> list[int]:
        tps = [TopicPartition(topic, number) for topic in self.names.inputs]
        found = await self._consumer.beginning_offsets(tps)
        return [found[tp] for tp in tps]

    # ---- the loop

    @Service.task
    async def work(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            while not self.should_stop and self.failure is None:
                await self._turn()
        except Exception as error:
            self.fail(error)

    async def _turn(self) -> None:
        wanted = self._wanted()
        if wanted:
            fetched = await self._fetch(wanted)
        else:
            await self._wait_for_progress()
            fetched = {}
        began = monotonic()
        for tp, records in fetched.items():
            partition = self.partitions.get(tp.partition)
            if partition is not None and partition.ready:
                self._intake.feed(partition, self._ranks[tp.topic], records)
        self._look_at_ends(wanted)
        self._paused(began)
        for partition in list(self.partitions.values()):
            await asyncio.sleep(0)
            if partition.ready and partition.in_flight < DEPTH:
                began = monotonic()
                flush = self._flusher.flush(partition, began, now_ms())
                if flush is not None:
                    self._delivery.start(partition, flush)
                self._paused(began)

    def _paused(self, since: float) -> None:
        """Notes how long the loop did nothing else."""
        pause = int((monotonic() - since) * 1000)
        if pause > self.counters.longest_pause:
            self.counters.longest_pause = pause

    def _wanted(self) -> list[TopicPartition]:
        """Topic partitions with room for more, of partitions that are ours now."""
        assignment = self._consumer.assignment()
        return [
            tp
            for number, partition in self.partitions.items()
            if partition.ready
            for rank, topic in enumerate(self.names.inputs)
            if partition.alignment.room(rank) and (tp := TopicPartition(topic, number)) in assignment
        ]

    async def _fetch(self, wanted: list[TopicPartition]) -> dict[TopicPartition, list[Any]]:
        try:
            return await self._consumer.getmany(*wanted, timeout_ms=POLL, max_records=RECORDS)  # type: ignore[no-any-return]
        except OffsetOutOfRangeError as error:
            raise await self._out_of_range(error) from error

    async def _out_of_range(self, error: OffsetOutOfRangeError) -> Exception:
        """The error in words, with the remedy."""
        for tp, position in error.args[0].items():
            ends = await self._consumer.end_offsets([tp])
            beginnings = await self._consumer.beginning_offsets([tp])
            try:
                check_position(tp.topic, tp.partition, position, beginnings[tp], ends[tp])
            except Fatal as told:
                return told
        return Fatal(f"records to be read are gone, and the broker does not say which: {error}; see to its logs")

    def _look_at_ends(self, wanted: list[TopicPartition]) -> None:
        """Tells the watermarks how far each topic reaches, as the newest answered fetch knew."""
        for tp in wanted:
            partition = self.partitions.get(tp.partition)
            sent = self._sent.get(tp)
            if partition is None or sent is None or not partition.ready:
                continue
            end = self._consumer.last_stable_offset(tp)
            if end is None or end < 0:
                end = self._consumer.highwater(tp)
            if end is not None:
                partition.watermark.seen(self._ranks[tp.topic], end, sent)

    async def _wait_for_progress(self) -> None:
        self._progress.clear()
        try:
            await asyncio.wait_for(self._progress.wait(), POLL / 1000)
        except TimeoutError:
            pass

    # ---- beside the loop

    @Service.task
    async def commit(self) -> None:
        while not self.should_stop and self.failure is None:
            await self.sleep(COMMIT_EVERY)
            await self._commit()

    async def _commit(self) -> None:
        """Offsets of the group, up to what is delivered. A failure is no harm: recovery does not read them."""
        offsets: dict[TopicPartition, int] = {}
        noted: list[tuple[Partition, list[int]]] = []
        for partition in self.partitions.values():
            positions = partition.delivered.positions
            if partition.lost or not positions or positions == partition.committed:
                continue
            noted.append((partition, positions))
            for topic, position in zip(self.names.inputs, positions, strict=True):
                offsets[TopicPartition(topic, partition.number)] = position
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except KafkaError as error:
            log.debug("offsets not committed", error=repr(error))
            return
        point("committed")
        for partition, positions in noted:
            partition.committed = positions

    @Service.task
    async def housekeeping(self) -> None:
        """Figures every now and then, and the collector's work in small pieces."""
        collected = reported = monotonic()
        before = self.counters.as_dict()
        while not self.should_stop and self.failure is None:
            await self.sleep(1.0)
            self._gauge()
            self._tell_of_silence()
            now = monotonic()
            if now - collected > COLLECT_EVERY:
                collected = now
                gc.collect(1)
            if now - reported > REPORT_EVERY:
                before = self._report(before, now - reported)
                reported = now

    def _tell_of_silence(self) -> None:
        silent = self._lease.silence > SILENCE and bool(self.partitions)
        if silent and monotonic() - self._told > REPORT_EVERY:
            log.warning("the broker does not answer; waiting for it", broker=self.settings.broker, seconds=round(self._lease.silence))
            self._told = monotonic()
        elif not silent and self._told > float("-inf"):
            log.info("the broker answers again", broker=self.settings.broker)
            self._told = float("-inf")

    def _gauge(self) -> None:
        counters, parts = self.counters, [each for each in self.partitions.values() if each.ready]
        counters.partitions = len(parts)
        counters.customers = sum(len(each.states) for each in parts)
        counters.lag = sum(each.watermark.lag(each.alignment) + each.alignment.waiting() for each in parts)
        counters.watermark_delay = max((now_ms() - each.watermark.time for each in parts), default=0)

    def _report(self, before: dict[str, int], seconds: float) -> dict[str, int]:
        now = self.counters.as_dict()
        said = {name: now[name] - before[name] for name in REPORTED if now[name] > before[name]}
        if said:
            gauges = {name: now[name] for name in ("customers", "lag", "watermark_delay", "longest_pause")}
            log.info("at work", events_per_second=round((now["events"] - before["events"]) / seconds), **said, **gauges)
        self.counters.longest_pause = 0
        return now

    def __repr__(self) -> str:
        return "<CustomerService>"


