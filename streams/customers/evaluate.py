"""The step between reading and writing: events and deadlines of a partition put through the engine.

The loops here run once for every event; what they do in line is what was measured to matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoring.engine import Engine
from scoring.engine.changes import EVENT, LATE_EVENT
from scoring.events.schema import TOPICS, Event
from scoring.state import NEVER, Customer, decode
from streams.customers.alignment import Item
from streams.customers.changelog import SIZE, header, with_due
from streams.customers.counters import Counters
from streams.customers.outbox import drop_confirmed
from streams.customers.partition import Partition
from streams.kafka.errors import Fatal

#: Later than any `due`: the customer has no entry in the wheel.
UNARMED = NEVER + 1


class Work:
    """What one flush has to write.

    `touched`: customers that changed. `armed`: the due time each of them has an entry in the wheel for. `entries`: what
    the engine put out, and `owners`: the customers, one for each entry.
    """

    __slots__ = ("armed", "entries", "owners", "touched")

    def __init__(self) -> None:
        self.touched: dict[bytes, Customer] = {}
        self.armed: dict[bytes, int] = {}
        self.entries: list[list[Any]] = []
        self.owners: list[bytes] = []


def opened(key: bytes, stored: bytes, confirmed: int) -> Customer:
    """A customer's state from its value, without outputs the broker has. Raises Fatal where it cannot be read."""
    try:
        state = decode(stored[SIZE:])
    except ValueError as error:
        raise Fatal(
            f"the state of customer {key!r} cannot be read: {error}. Install the release that wrote it, or restore the changelog"
        ) from error
    state.due = header(stored)[0]  # a quiet firing moves it in the header alone
    if state.outbox is not None:
        drop_confirmed(state, confirmed)
    return state


class Evaluator:
    """Drives the engine for all partitions of this worker. `topics`: full names of the input topics by rank."""

    def __init__(self, engine: Engine, topics: tuple[str, ...], counters: Counters) -> None:
        self._engine = engine
        self._topics = topics
        self._counters = counters

    def events(self, partition: Partition, items: list[Item], work: Work) -> None:
        """Applies events in the order given; those at or below a customer's offset of that topic were applied before."""
        take, states, confirmed = self._engine.event, partition.states, partition.delivered.confirmed
        touched, armed, entries = work.touched, work.armed, work.entries
        get = touched.get
        replayed = repeats = 0
        for _, rank, offset, key, event in items:
            before = len(entries)
            state = get(key)
            if state is None:
                stored = states.get(key)
                if stored is None:
                    state = take(None, event, entries)
                    assert state is not None, "a customer's first event is no repeat"
                    touched[key] = state
                    armed[key] = UNARMED
                    state.offsets = [-1] * len(TOPICS)
                    state.offsets[rank] = offset
                    if len(entries) > before:
                        self._attribute(work, before, key, event, (partition.number, rank, offset))
                    continue
                state = touched[key] = opened(key, stored, confirmed)
                armed[key] = state.due
            offsets: list[int] = state.offsets  # type: ignore[assignment]
            if offset <= offsets[rank]:
                replayed += 1
                continue
            if take(state, event, entries) is None:
                repeats += 1
            # A repeat's offset counts too: read again after a crash, it might find its id forgotten.
            offsets[rank] = offset
            if len(entries) > before:
                self._attribute(work, before, key, event, (partition.number, rank, offset))
        self._counters.events += len(items) - replayed - repeats
        self._counters.replayed += replayed
        self._counters.repeats += repeats

    def _attribute(self, work: Work, before: int, key: bytes, event: Event, place: tuple[int, int, int]) -> None:
        """Names the event in the changes it caused."""
        number, rank, offset = place
        for entry in work.entries[before:]:
            work.owners.append(key)
            if entry[0] == 0 and (entry[6] == EVENT or entry[6] == LATE_EVENT):
                entry.append([event.event_type, event.ts, self._topics[rank], number, offset])

    def deadlines(self, partition: Partition, until: int, limit: int, work: Work) -> None:
        """Fires deadlines up to `until`, of at most about `limit` customers; the wheel says how far that came."""
        states, touched, armed, confirmed = partition.states, work.touched, work.armed, partition.delivered.confirmed
        fire, entries, owners = self._engine.until, work.entries, work.owners
        keys = partition.wheel.take(until, due_in(states, touched), limit)
        fired = 0
        for key in keys:
            state = touched.get(key)
            stored = b""
            if state is None:
                stored = states[key]
                state = opened(key, stored, confirmed)
            before = len(entries)
            if fire(state, until, entries):
                touched[key] = state
                armed[key] = UNARMED
                owners += [key] * (len(entries) - before)
                fired += 1
            elif key in touched:
                armed[key] = UNARMED
            else:
                states[key] = with_due(stored, state.due)
                partition.wheel.arm(key, state.due)
        self._counters.fired += fired
        self._counters.quiet += len(keys) - fired

    def migrations(self, partition: Partition, older: Callable[[int], Engine], limit: int, work: Work) -> None:
        """Takes customers over from other definitions, judged at the instant the partition's deadlines had come to."""
        now = partition.wheel.fired
        for key in partition.outdated[-limit:]:
            stored = partition.states[key]
            state = opened(key, stored, partition.delivered.confirmed)
            before = len(work.entries)
            self._engine.migrate(state, older(header(stored)[2]), now, work.entries)
            work.owners += [key] * (len(work.entries) - before)
            work.touched[key] = state
            work.armed[key] = header(stored)[0]
            self._counters.migrated += 1
        del partition.outdated[-limit:]


def due_in(states: dict[bytes, bytes], touched: dict[bytes, Customer]) -> Callable[[bytes], int]:
    """The due time of a customer, as it is now."""

    def due_of(key: bytes) -> int:
        state = touched.get(key)
        if state is not None:
            return state.due
        stored = states.get(key)
        return NEVER if stored is None else header(stored)[0]

    return due_of
