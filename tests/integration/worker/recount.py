"""What ought to have come of the input topics: counted anew from their records, in one go and in order."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec.structs import replace

from scoring.engine import Engine
from scoring.engine.changes import EVENT, LATE_EVENT
from scoring.events.decode import Invalid, decoders
from scoring.events.products import told
from scoring.events.schema import IDENTITIES, RANKS, News
from scoring.state import Customer, cart_base_of, cart_log_of, cart_of, facts_of, history_of, profile_of
from scoring.traits.viewed_products import listens
from streams.customers.changelog import state_of
from streams.customers.handing import handed_over
from streams.customers.recovery import Restored
from streams.kafka.names import Names
from streams.kafka.place import partition_of


async def records(address: str, topic: str, partitions: int = 4) -> list[Any]:
    """Every record of a topic, partition by partition, in offset order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest", enable_auto_commit=False, fetch_max_wait_ms=20)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        found = []
        left = set(tps)
        while left:
            for batch in (await consumer.getmany(timeout_ms=100)).values():
                found += batch
            for tp in list(left):
                if (end := consumer.highwater(tp)) is not None and await consumer.position(tp) >= end:
                    left.remove(tp)
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def applied(address: str, names: Names, partitions: int = 4, timeout: float = 30.0) -> None:
    """Returns when the worker has delivered everything the input topics hold."""
    await read_by(address, names.group, names.inputs, partitions, timeout)


async def read_by(address: str, group: str, topics: Sequence[str], partitions: int = 4, timeout: float = 30.0) -> None:
    """Returns when the group has committed everything the topics hold."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        async with asyncio.timeout(timeout):
            while True:
                ends = await consumer.end_offsets(tps)
                done = [await consumer.committed(tp) for tp in tps]
                if all((position or 0) >= ends[tp] for tp, position in zip(tps, done, strict=True)):
                    return
                await asyncio.sleep(0.2)
    finally:
        await consumer.stop()


@dataclass
class Outcome:
    """`changes` by change_id and `messages` by message_id, without `detected_at`; `order`: the ids of changes as they came, by customer.

    `withdrawals`: only those that ought to be, in the order they come.
    `repeats` and `contradictions` are of both: the same id with the same content, and with another.
    """

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    order: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    repeats: int = 0
    contradictions: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    states: dict[str, Customer] = field(default_factory=dict)
    withdrawals: list[dict[str, Any]] = field(default_factory=list)

    def add(self, value: bytes) -> None:
        change = json.loads(value)
        if self._is_new(change, self.changes, change["change_id"]):
            self.order[change["customer_id"]].append(change["change_id"])

    def add_message(self, value: bytes) -> None:
        message = json.loads(value)
        self._is_new(message, self.messages, message["message_id"])

    def _is_new(self, told: dict[str, Any], among: dict[str, dict[str, Any]], name: str) -> bool:
        told.pop("detected_at", None)
        known = among.setdefault(name, told)
        if known is told:
            return True
        self.repeats += 1
        if known != told:
            self.contradictions.append((known, told))
        return False

    def until(self, end: int) -> Outcome:
        """Without changes and messages after `end`."""
        from scoring.instants import rfc3339

        last = rfc3339(end)
        kept = Outcome(repeats=self.repeats, contradictions=self.contradictions, states=self.states)
        kept.changes = {name: change for name, change in self.changes.items() if change["at"] <= last}
        kept.messages = {name: message for name, message in self.messages.items() if message["at"] <= last}
        for customer, names in self.order.items():
            if here := [name for name in names if name in kept.changes]:
                kept.order[customer] = here
        return kept

    def of(self, customers: Collection[str]) -> Outcome:
        """What concerns these customers."""

        def theirs(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
            return {name: each for name, each in told.items() if each["customer_id"] in customers}

        order = {customer: names for customer, names in self.order.items() if customer in customers}
        states = {customer: state for customer, state in self.states.items() if customer in customers}
        return Outcome(theirs(self.changes), theirs(self.messages), order, self.repeats, self.contradictions, states)


async def expected(address: str, names: Names, engine: Engine, end: int, partitions: int = 4) -> Outcome:
    """From the input topics, every event in order of (ts, rank, offset) and every deadline up to `end`."""
    topics = await asyncio.gather(*(records(address, topic, partitions) for topic in names.inputs))
    return counted(topics, names, engine, end, partitions)


def counted(topics: Sequence[Iterable[Any]], names: Names, engine: Engine, end: int, partitions: int = 4) -> Outcome:
    """The same from the records of each topic, by rank."""
    decode_by = (*decoders(whole=engine.whole), handed_over, told)
    events = []
    for rank, found in enumerate(topics):
        for record in found:
            try:
                event = decode_by[rank](record.value, record.key, record.timestamp)
            except Invalid:
                continue
            events.append((event.ts, rank, record.offset, record.partition, event))
    events.sort(key=lambda each: each[:4])
    outcome = Outcome()
    for _, rank, offset, partition, event in events:
        for each in _of_customers(outcome, event, partition, partitions):
            _take(outcome, engine, each, rank, offset, [each.event_type, each.ts, names.inputs[rank], partition, offset])
    for customer, state in outcome.states.items():
        out = []
        engine.until(state, end, out, customer)
        for entry in out:
            _tell(outcome, engine, entry, customer)
    return outcome


def _of_customers(outcome: Outcome, event: Any, partition: int, partitions: int) -> list[Any]:
    """The event; of news of a product, one for each customer of the partition who listens to it."""
    if not isinstance(event, News):
        return [event]
    here = (customer for customer in outcome.states if partition_of(customer.encode(), partitions) == partition)
    return [replace(event, customer_id=customer) for customer in here if listens(outcome.states[customer], event)]


def _take(outcome: Outcome, engine: Engine, event: Any, rank: int, offset: int, origin: list[Any]) -> None:
    out: list[Any] = []
    customer = event.customer_id
    after = engine.event(outcome.states.get(customer), event, out)
    state = outcome.states[customer] if after is None else after
    outcome.states[customer] = state
    offsets = state.offsets or [-1] * IDENTITIES
    if rank >= IDENTITIES:
        offsets += [-1] * (RANKS - len(offsets))
    offsets[rank] = max(offsets[rank], offset)
    state.offsets = offsets
    for entry in out:
        if entry[0] == 0 and entry[6] in (EVENT, LATE_EVENT):
            entry.append(origin)
        _tell(outcome, engine, entry, customer)


def _tell(outcome: Outcome, engine: Engine, entry: list[Any], customer: str) -> None:
    topic, value, _ = engine.render(entry, customer, None)
    if topic == "segment-changes":
        outcome.add(value)
    elif topic == "messages":
        outcome.add_message(value)
    elif topic == "withdrawals":
        outcome.withdrawals.append(json.loads(value))


async def delivered(address: str, names: Names, engine: Engine, end: int, partitions: int = 4) -> Outcome:
    """From what the worker wrote: changes, messages, and every customer's state brought up to `end`."""
    outcome = Outcome()
    for record in await records(address, names.changes, partitions):
        outcome.add(record.value)
    for record in await records(address, names.messages, partitions):
        outcome.add_message(record.value)
    by_partition: dict[int, Restored] = defaultdict(Restored)
    for record in await records(address, names.changelog, partitions):
        by_partition[record.partition].read([record])
    for restored in by_partition.values():
        for key, value in restored.states.items():
            state = outcome.states[key.decode()] = state_of(value)
            engine.until(state, end, [], key)
    return outcome


@dataclass(frozen=True)
class Difference:
    """Between what ought to be told and what was, both by id."""

    missing: list[dict[str, Any]]
    extra: list[dict[str, Any]]
    differing: list[tuple[dict[str, Any], dict[str, Any]]]

    @classmethod
    def of(cls, want: dict[str, dict[str, Any]], got: dict[str, dict[str, Any]]) -> Difference:
        return cls(
            [want[name] for name in want.keys() - got.keys()],
            [got[name] for name in got.keys() - want.keys()],
            [(want[name], got[name]) for name in want.keys() & got.keys() if want[name] != got[name]],
        )


def compare(want: Outcome, got: Outcome) -> None:
    """AssertionError with examples unless both tell the same story."""
    for kind, wanted, found in (("changes", want.changes, got.changes), ("messages", want.messages, got.messages)):
        difference = Difference.of(wanted, found)
        assert not difference.missing, f"{len(difference.missing)} {kind} missing of {len(wanted)}, such as {difference.missing[:2]}"
        assert not difference.extra, f"{len(difference.extra)} {kind} too many, such as {difference.extra[:2]}"
        assert not difference.differing, f"{len(difference.differing)} {kind} differ, such as {difference.differing[0]}"
    assert not got.contradictions, f"{len(got.contradictions)} ids say two things, such as {got.contradictions[0]}"
    assert got.order == want.order, "the order of a customer's changes differs"
    assert want.states.keys() == got.states.keys()
    wrong = [(customer, found) for customer, state in want.states.items() if (found := state_difference(state, got.states[customer]))]
    assert not wrong, f"{len(wrong)} states of {len(want.states)} differ, such as {wrong[0]}"


def state_difference(want: Customer, got: Customer) -> dict[str, Any]:
    """Fields that differ. `due`, `soon`, `later` and the marks of `near` are bounds that may be reached by different ways."""
    wanted, found = plain(want), plain(got)
    left_out = ("due", "soon", "later", "near", "outbox")
    return {name: (wanted[name], found[name]) for name in wanted if name not in left_out and wanted[name] != found[name]}


def plain(state: Customer) -> dict[str, Any]:
    """The fields by name, none of them packed."""
    for unpacked in (history_of, cart_of, cart_base_of, cart_log_of, profile_of):
        unpacked(state)
    state.facts = facts_of(state) or None
    return {name: getattr(state, name) for name in Customer.__struct_fields__}
