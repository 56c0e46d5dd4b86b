"""The step between reading and writing: events and deadlines of a partition put through the engine.

A flush goes customer by customer, not event by event: a state is decoded, brought up to date, encoded and let go while it is in the
processor's cache, which is worth a third of the time. What comes of it is put in order of time again before it is sent.
The loops here run once for every event; what they do in line is what was measured to matter.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError

from scoring.engine import Engine
from scoring.engine.changes import EVENT, LATE_EVENT
from scoring.engine.steps import Entry
from scoring.events.schema import IDENTITIES, PRODUCT_NEWS, RANKS, Event
from scoring.state import DAY, NEVER, Customer, decode
from scoring.ties import LIVING
from scoring.traits.viewed_products import listens
from streams.clock import monotonic
from streams.customers.alignment import Item
from streams.customers.apart import LOOK, Apart
from streams.customers.changelog import COMPRESSED, SIZE, body, due_of, header, with_due
from streams.customers.counters import Counters
from streams.customers.news import apart, spread
from streams.customers.partition import Partition
from streams.kafka.errors import Fatal

if TYPE_CHECKING:
    from streams.customers.draft import Draft

#: Later than any `due`: the customer has no entry in the wheel.
UNARMED = NEVER + 1

#: Customers brought up to date before others may have a turn: some 10 ms.
PORTION = 500
#: And their events.
PORTION_EVENTS = 1_000
#: Events sorted by customer in a go: some 5 ms.
GROUPED = 16_000
#: Seconds after which others have a turn, however little was done: one customer whose first event is dated decades ago has thousands of
#: deadlines to fire until now.
LONG = 0.02
#: Event time (ms) whose deadlines one customer may fire in a go: an event from the year 1 has two thousand years of them.
SLICE = 20 * 365 * DAY


def opened(key: bytes, stored: bytes) -> Customer:
    """A customer's state from its value at rest. Raises Fatal where it cannot be read."""
    try:
        state = decode(stored[SIZE:] if stored[0] < COMPRESSED else body(stored))
    except ValueError as error:
        raise unreadable(key, error) from error
    state.due = due_of(stored)  # it stands in the header alone
    return state


def unreadable(key: bytes, error: Exception) -> Fatal:
    return Fatal(f"the state of customer {key!r} cannot be read: {error}. Install the release that wrote it, or restore the changelog")


class _Named:
    """Names the customer in hand when its state turns out to be damaged: what travels packed in it is read when it is needed."""

    key = b""

    def __enter__(self) -> _Named:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, DecodeError):
            raise unreadable(self.key, error) from error


class Evaluator:
    """Drives the engine for all partitions of this worker. `topics`: full names of the input topics by rank."""

    def __init__(self, engine: Engine, topics: tuple[str, ...], counters: Counters) -> None:
        self._engine = engine
        self._topics = topics
        self._counters = counters
        self._apart = Apart(engine, topics, counters)

    def run(self, partition: Partition, items: list[Item], until: int, limit: int, draft: Draft) -> Iterator[None]:
        """Applies events in the order given, and fires deadlines up to `until`, of at most about `limit` customers besides those with
        events; the wheel says how far that came. Yields now and then, so that others may have a turn.

        `items` is emptied: a hundred thousand events that go all at once take some thirty milliseconds of CPU."""
        states = partition.states
        taken = partition.wheel.take(until, due_in(states), limit)
        reached = partition.wheel.reached
        yield
        if items:
            news: list[Item] = []
            if partition.alignment.news:
                news, items = apart(items)
            found: dict[bytes, list[Item]] = {}
            for start in range(0, len(items), GROUPED):
                by_customer(items[start : start + GROUPED], found)
                yield
            tied = frozenset(item[3] for item in items if item[1] >= IDENTITIES) if partition.alignment.ties else frozenset()
            hearing: set[bytes] = set()
            if news:
                yield from spread(news, states, found, tied, hearing)
            items.clear()
            customers = list(found.items())
            del found
            yield
            for portion in portions(customers):
                yield from self._events(partition, portion, reached, taken, tied, hearing, draft)
                for _, theirs in portion:
                    theirs.clear()
                yield
        left = list(taken)
        for start in range(0, len(left), PORTION):
            yield from self._deadlines(partition, left[start : start + PORTION], reached, draft)
            yield

    def _events(
        self,
        partition: Partition,
        customers: list[tuple[bytes, list[Any]]],
        until: int,
        taken: set[bytes],
        tied: frozenset[bytes],
        hearing: set[bytes],
        draft: Draft,
    ) -> Iterator[None]:
        """Events at or below a customer's offset of that topic were applied before and are skipped. `tied`: customers with events that tie
        them to others; these and those with ties already are taken apart. `hearing`: customers with news of products among their events."""
        take, states = self._engine.event, partition.states
        put, stored_of, number, marks = draft.put, states.get, partition.number, partition.erased.marks
        events = replayed = repeats = unheard = fired = 0
        aside = self._counters.detail.aside
        began = monotonic()
        with _Named() as at:
            for key, theirs in customers:
                if monotonic() - began > LONG:
                    yield
                    began = monotonic()
                at.key = key
                stored = stored_of(key)
                if key in tied or (stored is None and marks):
                    self._events_apart(partition, key, stored, theirs, until, taken, draft)
                    continue
                entries: list[Entry] = []
                if stored is None:
                    events += len(theirs)
                    _, rank, offset, _, event = theirs[0]
                    state = take(None, event, entries)
                    assert state is not None, "a customer's first event is no repeat"
                    armed = UNARMED
                    offsets = state.offsets = [-1] * IDENTITIES
                    offsets[rank] = offset
                    self._attribute(entries, 0, event, number, rank, offset)
                    del theirs[0]
                    changed = True
                else:
                    state = opened(key, stored)
                    if state.ties is not None:
                        self._events_apart(partition, key, stored, theirs, until, taken, draft)
                        continue
                    events += len(theirs)
                    armed = state.due
                    if key in taken:
                        taken.discard(key)
                        armed = UNARMED
                    offsets = state.offsets  # type: ignore[assignment]
                    changed = False
                if key in hearing and len(offsets) < RANKS:
                    offsets += [-1] * (RANKS - len(offsets))
                for _, rank, offset, _, event in theirs:
                    if offset <= offsets[rank]:
                        replayed += 1
                        aside["replayed"][rank] += 1
                        continue
                    if rank == PRODUCT_NEWS and not listens(state, event):
                        unheard += 1
                        continue
                    if state.due < event.ts - SLICE:
                        changed = (yield from self._fire(key, state, event.ts - SLICE, entries)) or changed
                    before = len(entries)
                    if take(state, event, entries) is None:
                        repeats += 1
                        aside["repeats"][rank] += 1
                    # A repeat's offset counts too: read again after a crash, it might find its id forgotten.
                    offsets[rank] = offset
                    changed = True
                    if len(entries) > before:
                        self._attribute(entries, before, event, number, rank, offset)
                if state.due <= until and (yield from self._fire(key, state, until, entries)):
                    fired += 1
                    changed = True
                if changed:
                    put(key, state, armed, entries)
                elif armed == UNARMED:
                    assert stored is not None
                    self._quiet(partition, key, stored, state.due)
        self._counters.events += events - replayed - repeats - unheard
        self._counters.replayed += replayed
        self._counters.repeats += repeats
        self._counters.fired += fired

    def _events_apart(
        self, partition: Partition, key: bytes, stored: bytes | None, theirs: list[Item], until: int, taken: set[bytes], draft: Draft
    ) -> None:
        state = None if stored is None else opened(key, stored)
        armed = UNARMED if state is None or key in taken else state.due
        taken.discard(key)
        if not self._apart.events(partition, key, state, theirs, until, armed, draft) and state is not None and armed == UNARMED:
            assert stored is not None
            self._quiet(partition, key, stored, state.due)

    def _attribute(self, entries: list[Entry], before: int, event: Event, number: int, rank: int, offset: int) -> None:
        """Names the event in the changes it caused. They share one list: whoever renders them sees that they belong together."""
        origin: list[Any] | None = None
        for entry in entries[before:]:
            if entry[0] == 0 and (entry[6] == EVENT or entry[6] == LATE_EVENT):
                if origin is None:
                    origin = [event.event_type, event.ts, self._topics[rank], number, offset]
                entry.append(origin)

    def _deadlines(self, partition: Partition, keys: list[bytes], until: int, draft: Draft) -> Iterator[None]:
        states, put = partition.states, draft.put
        fired, began = 0, monotonic()
        with _Named() as at:
            for key in keys:
                if monotonic() - began > LONG:
                    yield
                    began = monotonic()
                at.key = key
                stored = states[key]
                state = opened(key, stored)
                entries: list[Entry] = []
                if state.ties is not None and state.ties.form != LIVING:
                    if not self._apart.deadline(partition, key, state, draft):
                        self._quiet(partition, key, stored, partition.wheel.fired + LOOK)
                elif (yield from self._fire(key, state, until, entries)):
                    put(key, state, UNARMED, entries)
                    fired += 1
                else:
                    self._quiet(partition, key, stored, state.due)
        self._counters.fired += fired
        self._counters.quiet += len(keys) - fired

    def _fire(self, key: bytes, state: Customer, until: int, entries: list[Entry]) -> Generator[None, None, bool]:
        """Fires a customer's deadlines up to `until`, others having a turn now and then if they are of decades; has anything changed?"""
        fire, changed = self._engine.until, False
        while True:
            changed = fire(state, min(until, state.due + SLICE), entries, key) or changed
            if state.due > until:
                return changed
            yield

    def _quiet(self, partition: Partition, key: bytes, stored: bytes, due: int) -> None:
        """Nothing came of it but the next time to look: that is not worth a record."""
        partition.states[key] = with_due(stored, due)
        partition.wheel.arm(key, due)

    def migrations(self, partition: Partition, older: Callable[[int], Engine], draft: Draft) -> None:
        """Takes a portion of customers over from other definitions, judged at the instant the partition's deadlines had come to."""
        now = partition.wheel.fired
        with _Named() as at:
            for key in partition.outdated[-PORTION:]:
                at.key = key
                stored = partition.states[key]
                state = opened(key, stored)
                entries: list[Entry] = []
                if state.ties is None or state.ties.form == LIVING:
                    self._engine.migrate(state, older(header(stored)[2]), now, entries)
                draft.put(key, state, header(stored)[0], entries)
                self._counters.migrated += 1
        del partition.outdated[-PORTION:]


def by_customer(items: list[Item], found: dict[bytes, list[Item]]) -> None:
    """Adds items to those of their customers, in order."""
    for item in items:
        theirs = found.get(item[3])
        if theirs is None:
            found[item[3]] = [item]
        else:
            theirs.append(item)


def portions(customers: list[tuple[bytes, list[Item]]]) -> Iterator[list[tuple[bytes, list[Item]]]]:
    """What is done without a pause: no more customers than PORTION, nor many more events than PORTION_EVENTS."""
    start = events = 0
    for end, (_, theirs) in enumerate(customers, 1):
        events += len(theirs)
        if events >= PORTION_EVENTS or end - start == PORTION:
            yield customers[start:end]
            start, events = end, 0
    if start < len(customers):
        yield customers[start:]


def due_in(states: dict[bytes, bytes]) -> Callable[[bytes], int]:
    """The due time of a customer, as it is now."""

    def due_in_states(key: bytes) -> int:
        stored = states.get(key)
        return NEVER if stored is None else due_of(stored)

    return due_in_states
