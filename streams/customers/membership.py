"""The consumer group: partitions come, are taken over, are handed back or lost.

The callbacks of a rebalance only start tasks, or wait for a bounded time: aiokafka does not heart-beat before the one
of an assignment has returned.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from streams.clock import now_ms
from streams.customers.delivery import settle
from streams.customers.faults import point
from streams.customers.lease import elapsed
from streams.customers.partition import Partition
from streams.customers.recovery import check_position
from streams.customers.tenure import Shared, Tenure
from streams.kafka import clients, internals
from streams.kafka.errors import Fatal
from streams.kafka.names import Names
from streams.kafka.topics import check_growth

if TYPE_CHECKING:
    from streams.settings import Settings

#: Milliseconds a fetch waits at the broker for something to come; an idle topic's time moves in such steps.
FETCH_WAIT = 20
#: Milliseconds between two looks at how many partitions the topics have: with more of them, customers' events go elsewhere.
METADATA_AGE = 5_000
#: Seconds a revoked partition may take to finish what is on its way.
SETTLE = 4.0

log = structlog.get_logger(__name__)


async def started_consumer(settings: Settings, names: Names) -> AIOKafkaConsumer:
    """Connected, and a member of no group yet. Raises KafkaError."""
    session = settings.session_timeout
    consumer = clients.consumer(
        settings,
        group_id=names.group,
        group_instance_id=settings.group_instance_id or None,
        auto_offset_reset="none",  # positions come from the changelog: what they point at must be there
        isolation_level="read_committed",
        session_timeout_ms=session,
        heartbeat_interval_ms=min(1_000, session // 6),
        rebalance_timeout_ms=max(session, int(SETTLE * 2_000)),
        fetch_max_wait_ms=FETCH_WAIT,
        metadata_max_age_ms=METADATA_AGE,
        max_partition_fetch_bytes=1 << 20,
        fetch_max_bytes=16 << 20,
        partition_assignment_strategy=(RangePartitionAssignor,),  # one worker gets the same number of every topic
    )
    try:
        await consumer.start()
    except BaseException:
        await consumer.stop()
        raise
    return consumer


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """`partitions`: those that are ours, by number. `tenure`: under whose lease their records are sent."""

    consumer: AIOKafkaConsumer
    #: When the newest answered fetch of a topic partition was sent, epoch ms.
    sent: dict[TopicPartition, int]

    def __init__(self, shared: Shared, accept_gap: bool) -> None:
        self.partitions: dict[int, Partition] = {}
        self.tenure = Tenure(shared)
        self._shared = shared
        self._names = shared.names
        self._accept_gap = accept_gap
        self._joined = False
        self._leaving = False

    async def join(self) -> None:
        """Connects and subscribes; partitions are taken over as they are assigned. Raises KafkaError."""
        settings = self._shared.settings
        await clients.persist(settings, self.tenure.begin)
        self.consumer = await clients.persist(settings, lambda: started_consumer(settings, self._names))
        self._joined = True
        internals.take_as_read(self.consumer)
        self.sent = internals.watch_fetches(self.consumer, now_ms)
        internals.fetch_past_full_queues(self.consumer)
        self._beat_now = internals.watch_membership(self.consumer, self._renew, self._dropped, elapsed)
        self.consumer.subscribe(list(self._names.subscribed), listener=self)

    async def leave(self) -> None:
        """Finishes what is on its way, notes it, and leaves the group."""
        self._leaving = True
        if not self._joined:
            await self.tenure.stop()
            return
        await self._hand_back(list(self.partitions))
        await self.consumer.stop()
        try:
            await asyncio.wait_for(self.tenure.stop(), SETTLE)
        except TimeoutError:
            log.warning("the broker did not take the last records; they will be made again from the changelog")

    async def confirm(self) -> None:
        """Sends a heartbeat and waits for its answer: should another worker have the partitions, we know it then."""
        await self._beat_now()

    def check_growth(self) -> None:
        """Raises Fatal if the input topics have got more partitions, as far as is known by now."""
        known = {topic: self.consumer.partitions_for_topic(topic) or () for topic in self._names.inputs}
        check_growth({topic: len(partitions) for topic, partitions in known.items()}, self._shared.settings.partitions)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        try:
            self.check_growth()
        except Fatal as error:
            self._shared.fail(error)  # nothing is known of customers in the partitions there are more of
            return
        if self.tenure.lease.ended:
            self._replace_tenure()
        self.tenure.lease.renew()
        generation = internals.generation(self.consumer)
        numbers = sorted({tp.partition for tp in assigned})
        self._shared.counters.detail.rebalances += 1
        if len(assigned) < len(numbers) * len(self._names.subscribed):
            self._shared.fail(_mixed(numbers, assigned, self._names.subscribed))
            return
        for tp in assigned:
            self.consumer.seek(tp, 0)  # a position, so that none is looked up; the changelog's is set when it is known
            self.consumer.pause(tp)  # for good, if it is of a topic that the definitions do not ask for
        for number in numbers:
            partition = self.partitions[number] = Partition(number)
            partition.chain = asyncio.create_task(self._take_over(partition, self.tenure, generation))
        log.info("partitions assigned", partitions=numbers, generation=generation)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._hand_back(sorted({tp.partition for tp in revoked}))

    def _replace_tenure(self) -> None:
        old, self.tenure = self.tenure, Tenure(self._shared)
        self._stopping_old = asyncio.create_task(old.stop())

    def _renew(self, at: float) -> None:
        self.tenure.lease.renew(at)

    def _dropped(self) -> None:
        """The group has gone on without us: what we hold is somebody else's, and nothing of it may leave any more."""
        if self._leaving:
            return
        if self.partitions:
            log.warning("the consumer group gave this worker's partitions away; joining again", partitions=sorted(self.partitions))
        self._shared.counters.detail.expelled += 1
        self.tenure.end()
        for partition in self.partitions.values():
            partition.give_up()

    # ---- handing back

    async def _hand_back(self, numbers: list[int]) -> None:
        given = [self.partitions[number] for number in numbers if number in self.partitions]
        for partition in given:
            if partition.chain is not None and not partition.ready and not partition.in_flight:
                partition.chain.cancel()  # still reading
        await settle(given, SETTLE)
        await self._close(given)
        await asyncio.wait({asyncio.create_task(self.commit())}, timeout=SETTLE)
        for partition in given:
            partition.give_up()
            if partition.in_flight:
                log.warning("records were still on their way when the partition had to be given up", partition=partition.number)
                self.tenure.end()
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
        await self.tenure.delivery.send(partition, self._names.changelog, [self.tenure.flusher.note(partition)])
        partition.in_flight -= 1

    async def commit(self) -> None:
        """Offsets of the group, up to what is delivered: for lag displays. A failure is no harm, recovery does not read them."""
        offsets: dict[TopicPartition, int] = {}
        noted: list[tuple[Partition, list[int]]] = []
        for partition in self.partitions.values():
            positions = partition.delivered.positions
            if partition.lost or not positions or positions == partition.committed:
                continue
            noted.append((partition, positions))
            for topic, position in zip(self._names.inputs, positions, strict=True):
                offsets[TopicPartition(topic, partition.number)] = position
        if not offsets:
            return
        point("committing")
        try:
            await self.consumer.commit(offsets)
        except KafkaError as error:
            log.debug("offsets not committed", error=repr(error))
            return
        point("committed")
        for partition, positions in noted:
            partition.committed = positions

    # ---- taking over

    async def _take_over(self, partition: Partition, tenure: Tenure, generation: int) -> None:
        try:
            while not await self._taken(partition, tenure, generation):
                log.warning("the broker went away while a partition was taken over; trying again", partition=partition.number)
                await asyncio.sleep(clients.FIRST_PAUSE)
            if partition.lost or partition.leaving:
                return
            for rank, topic in enumerate(self._names.inputs):
                tp = TopicPartition(topic, partition.number)
                self.consumer.seek(tp, partition.alignment.position[rank])
                self.consumer.resume(tp)
            partition.ready = True
            gc.collect()
            gc.freeze()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if not partition.lost:
                self._shared.fail(error)

    async def _taken(self, partition: Partition, tenure: Tenure, generation: int) -> bool:
        """False if it is to be tried again, from the start."""
        try:
            await tenure.begin()
            await tenure.takeover.take(partition, generation)
            await self._check_positions(partition)
        except KafkaError as error:
            if not error.retriable or partition.lost:
                raise
            return False
        return True

    async def _check_positions(self, partition: Partition) -> None:
        beginnings = await self._beginnings(partition.number)
        for rank, (topic, beginning) in enumerate(zip(self._names.inputs, beginnings, strict=True)):
            position = partition.alignment.position[rank]
            if position < beginning and self._accept_gap:
                log.warning("records were never read", topic=topic, partition=partition.number, missing=beginning - position)
                partition.alignment.position[rank] = beginning
            else:
                check_position(topic, partition.number, position, beginning, None)

    async def first_positions(self, number: int, known: int = 0) -> list[int]:
        """Where to begin without a changelog: at the beginning, unless the group says that customers were known once. Raises Fatal.

        `known`: of so many topics, in order of rank, the changelog has positions; they are asked for the others. News of products may have
        been read before, and not any more until now: what was told then is told by its instant, not again.
        """
        for topic in self._names.inputs[known:]:
            if known and topic == self._names.news:
                continue
            committed = await self.consumer.committed(TopicPartition(topic, number))
            if committed:
                raise Fatal(
                    f"{self._names.changelog} partition {number} is empty, but the consumer group {self._names.group} had come to offset "
                    f"{committed} of {topic}: all customers are forgotten. Restore the changelog, or start anew with another app_id"
                )
        return (await self._beginnings(number))[known:]

    async def _beginnings(self, number: int) -> list[int]:
        tps = [TopicPartition(topic, number) for topic in self._names.inputs]
        found = await self.consumer.beginning_offsets(tps)
        return [found[tp] for tp in tps]


def _mixed(numbers: list[int], assigned: set[TopicPartition], topics: Sequence[str]) -> Fatal:
    """A partition number came without some of its topics: whoever has those reads others than we do."""
    missing = sorted({topic for topic in topics for number in numbers if TopicPartition(topic, number) not in assigned})
    return Fatal(
        f"the group gave us partitions {numbers} without {', '.join(missing)}: a worker of another release is in it. Stop those of the "
        "older release, then start this one again"
    )
