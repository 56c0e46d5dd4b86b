"""The customer engine as a service of the Faust app: its own consumer and producer, one loop, one owner of all state.

Why it is not a Faust agent, and what it promises: docs/decisions and docs/guarantees.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from mode import Service

from scoring.engine import Engine
from scoring.events.decode import decoders
from scoring.events.products import told
from streams.clock import monotonic, now_ms
from streams.customers.alignment import share
from streams.customers.counters import Counters
from streams.customers.delivery import DEPTH
from streams.customers.evaluate import Evaluator
from streams.customers.figures import Figures
from streams.customers.flush import Flush, Flusher, gathers
from streams.customers.handing import handed_over
from streams.customers.intake import Intake
from streams.customers.membership import Membership
from streams.customers.migration import Migration
from streams.customers.partition import Partition
from streams.customers.recovery import check_position
from streams.customers.tally import Tallies
from streams.customers.tenure import Shared
from streams.customers.unreadable import culprit
from streams.deadletters import Limit
from streams.kafka import clients
from streams.kafka.errors import Fatal
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings

#: Milliseconds the loop waits for records before it looks at the timers.
POLL = 20
#: Seconds after which a flush lets others have a turn: heartbeats, answers of the broker, pages.
TURN = 0.02
#: Records taken from the client at once.
RECORDS = 8_000
#: Seconds between commits of the group's offsets.
COMMIT_EVERY = 0.5
#: Seconds between young collections: the collector is off, since it would stop the loop to look at a million customers. It looks at all
#: that is new, for 15 to 70 ms after ten seconds: so it comes often, but not while many events wait, unless it has not for so long.
COLLECT_EVERY, COLLECT_AT_LAST = 1.0, 120.0
#: Events that wait.
MANY = 5_000


async def _others() -> None:
    """Lets others have a turn. What has come from the broker becomes a callback, which wakes a task, which may wake another: with one round
    of the loop they would be through after three such turns."""
    for _ in range(3):
        await asyncio.sleep(0)


class CustomerService(Service):
    """Events in, changes and messages out. `failed` is set when it stops by itself, and `failure` says why."""

    logger = clients.LIFE_CYCLE

    def __init__(self, settings: Settings, engine: Engine, *, accept_gap: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.counters = Counters()
        self.failure: BaseException | None = None
        self.failed = asyncio.Event()
        self._names = Names(settings.app_id, settings.topic_prefix, engine.hears_news)
        self._ranks = {topic: rank for rank, topic in enumerate(self._names.inputs)}
        self._progress = asyncio.Event()
        self._began = self.turned = monotonic()  # of what is done without a pause; of the newest turn of the loop
        decode = (*decoders(settings.currency, engine.whole), handed_over, told)
        self._intake = Intake(decode, Limit(settings.dead_letter_limit), self.counters, now_ms, self._names.inputs)
        self.figures = Figures(self.counters, settings.broker)
        self._migration = Migration(engine)
        self.tallies = Tallies(self.counters, [each.name for each in engine.definitions.segments])
        shared = Shared(
            settings, self._names, engine, self.counters, self._migration, Evaluator(engine, self._names.inputs, self.counters),
            self.fail, self._progress.set, lambda number, known: self._membership.first_positions(number, known),
            lambda: self._membership.confirm(), self.tallies,
        )  # fmt: skip
        self._membership = Membership(shared, accept_gap)

    @property
    def partitions(self) -> dict[int, Partition]:
        return self._membership.partitions

    @property
    def silence(self) -> float:
        """Seconds since the broker last answered."""
        return self._membership.tenure.lease.silence

    def owned(self) -> dict[int, Partition]:
        """Those whose states are ours beyond doubt at this moment."""
        if self.failure is not None or not self._membership.tenure.lease.held:
            return {}
        return {number: partition for number, partition in self.partitions.items() if partition.ready and not partition.lost}

    async def on_start(self) -> None:
        """Joins the group. Raises Fatal, KafkaError."""
        await self._membership.join()

    async def on_stop(self) -> None:
        """Finishes what is on its way, notes it, and leaves the group."""
        await self._membership.leave()
        gc.enable()

    def fail(self, error: BaseException) -> None:
        """Stops the service with the first error; nothing more is sent."""
        if self.failure is None and not self.should_stop:
            self.failure = error
            self._membership.tenure.end()
            for partition in self.partitions.values():
                partition.give_up()
            self.failed.set()
            self._progress.set()

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
        self.turned = monotonic()
        capacity = share(len(self.partitions))
        for each in self.partitions.values():
            each.alignment.capacity = capacity
        wanted = self._wanted()
        if wanted:
            fetched = await self._fetch(wanted)
        else:
            await self._wait_for_progress()
            fetched = {}
        self._began = monotonic()
        # Until the ends are looked at others get a turn only where it must be: a newer answer would tell of more, and events wait for that.
        # Looked up before anything is awaited: one taken over anew meanwhile must not get what its former self had fetched.
        fed = [(self.partitions.get(tp.partition), self._ranks[tp.topic], records) for tp, records in fetched.items()]
        for partition, rank, records in fed:
            if partition is not None and partition.ready:
                self._intake.feed(partition, rank, records)
                await self._give_way()
        self._look_at_ends(wanted)
        tenure = self._membership.tenure
        flushes: list[tuple[Partition, Flush]] = []
        for partition in list(self.partitions.values()):
            if partition.ready and partition.in_flight < DEPTH and not gathers(partition, monotonic()):
                flush = await self._flush(tenure.flusher, partition)
                if flush is not None:
                    flushes.append((partition, flush))
        # All at once, so that they share requests: the producer has one on its way at a time.
        for partition, flush in flushes:
            if partition.ready:
                tenure.delivery.start(partition, flush)
        await self._count_members()
        self._paused()

    async def _flush(self, flusher: Flusher, partition: Partition) -> Flush | None:
        """What there is to be written. None also where the partition was given up meanwhile: its next owner does it again."""
        making = flusher.making(partition, monotonic(), now_ms())
        while partition.ready:
            try:
                next(making)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            await self._give_way()
        return None

    async def _count_members(self) -> None:
        """A portion, of partitions taken over. Between flushes: what these did to states is counted then."""
        for partition in list(self.partitions.values()):
            if partition.ready and not partition.members.whole:
                self.tallies.fold()
                partition.members.count(partition.states, self._migration.layout)
                await self._give_way()

    async def _give_way(self) -> None:
        """Lets others have a turn when it is time."""
        if monotonic() - self._began > TURN:
            self._paused()
            await _others()
            self._began = monotonic()

    def _wanted(self) -> list[TopicPartition]:
        """Topic partitions with room for more, of partitions that are ours now."""
        assignment = self._membership.consumer.assignment()
        return [
            tp
            for number, partition in self.partitions.items()
            if partition.ready
            for rank, topic in enumerate(self._names.inputs)
            if partition.alignment.room(rank) and (tp := TopicPartition(topic, number)) in assignment
        ]

    async def _fetch(self, wanted: list[TopicPartition]) -> dict[TopicPartition, list[Any]]:
        try:
            return await self._membership.consumer.getmany(*wanted, timeout_ms=POLL, max_records=RECORDS)  # type: ignore[no-any-return]
        except OffsetOutOfRangeError as error:
            raise await self._out_of_range(error) from error
        except KafkaError:
            raise
        except Exception as error:
            raise await culprit(self._membership.consumer, wanted, error) from error

    async def _out_of_range(self, error: OffsetOutOfRangeError) -> Fatal:
        """The error in words, with the remedy."""
        consumer = self._membership.consumer
        for tp, position in error.args[0].items():
            ends = await consumer.end_offsets([tp])
            beginnings = await consumer.beginning_offsets([tp])
            try:
                check_position(tp.topic, tp.partition, position, beginnings[tp], ends[tp])
            except Fatal as told:
                return told
        return Fatal(f"records to be read are gone, and the broker does not say which: {error}; see to its logs")

    def _look_at_ends(self, wanted: list[TopicPartition]) -> None:
        """Tells the watermarks how far each topic reaches, as the newest answered fetch knew."""
        consumer, sent = self._membership.consumer, self._membership.sent
        for tp in wanted:
            partition = self.partitions.get(tp.partition)
            if partition is None or not partition.ready or tp not in sent:
                continue
            end = consumer.last_stable_offset(tp)
            if end is None or end < 0:
                end = consumer.highwater(tp)
            if end is not None:
                partition.watermark.seen(self._ranks[tp.topic], end, sent[tp])

    def _paused(self) -> None:
        """Notes how long the loop did nothing else."""
        seconds = monotonic() - self._began
        self.counters.detail.pauses.add(seconds)
        pause = int(seconds * 1000)
        if pause > self.counters.longest_pause:
            self.counters.longest_pause = pause

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
            await self._membership.commit()

    @Service.task
    async def housekeeping(self) -> None:
        """Figures, and the collector's work in small pieces."""
        collected = monotonic()
        while not self.should_stop and self.failure is None:
            await self.sleep(1.0)
            try:
                self._membership.check_growth()
            except Fatal as error:
                self.fail(error)
            self.tallies.fold()
            self.figures.look(self.partitions.values(), self.silence)
            since = monotonic() - collected
            waiting = sum(each.alignment.waiting() for each in self.partitions.values())
            if since > (COLLECT_EVERY if waiting < MANY else COLLECT_AT_LAST):
                collected = monotonic()
                gc.collect(1)
