"""Replay: events of files through the engine in event time, deadlines of every customer in between.

The same `Engine` the worker drives, without a broker: a heap holds one entry a customer, the lower bound of its next deadline, so that
everything that happens comes out in the order of its instant. With campaigns it is a back-test: who would have got what when.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from scoring.engine import Engine
from scoring.events.products import Known, compare
from scoring.events.schema import IDENTITIES, NEWS, PRODUCT_NEWS, RANKS, TOPICS, CartEvent, Event, PageView, Product, Purchase
from scoring.merge.identities import REPEAT
from scoring.merge.together import Together
from scoring.state import NEVER, Customer, create
from scoring.traits.products import hashed
from scoring.traits.viewed_products import listens, viewed

#: (the change's instant in ms, its JSON).
Emit = Callable[[int, bytes], None]
#: (the decision's instant in ms, the customer, JSON of the message record).
EmitMessage = Callable[[int, str, bytes], None]

#: What `assume_consent` gives a customer: an address that can't exist (RFC 2606).
ASSUMED_ADDRESS = "assumed@customer.invalid"
#: Before every event there can be, so that whatever the files say of a customer comes after it.
_EVER = -62_135_596_800_000

_CHANGE, _CAUSE, _AT = 0, 6, 5  # the instant stands at the same place in messages
_DEADLINE = 1
_WITHOUT_ORIGIN = 9
_TOPICS = {**dict(enumerate(TOPICS)), PRODUCT_NEWS: NEWS}


class Events:
    """Events as read, compact: strings that many events share are kept once. About 200 bytes an event."""

    def __init__(self) -> None:
        self._events: list[Event | Product | None] = []
        self._keys = array("q")  # ts and rank in one number: what a customer's events are ordered by
        self._shared: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event | Product) -> None:
        share = self._shared.setdefault
        if isinstance(event, Product):
            event.product_id = share(event.product_id, event.product_id)
        else:
            event.customer_id = share(event.customer_id, event.customer_id)
        if isinstance(event, PageView | CartEvent):
            if event.product_id is not None:
                event.product_id = share(event.product_id, event.product_id)
            if event.category_id is not None:
                event.category_id = share(event.category_id, event.category_id)
        if isinstance(event, PageView | CartEvent | Purchase) and event.session_id is not None:
            event.session_id = share(event.session_id, event.session_id)
        self._events.append(event)
        self._keys.append(event.ts * RANKS + event.rank)

    def first(self) -> int | None:
        """The earliest `ts` among them."""
        return min(self._keys) // RANKS if self._keys else None

    def last(self) -> int | None:
        """The latest `ts` among them."""
        return max(self._keys) // RANKS if self._keys else None

    def taken(self, until: int, as_arrived: bool) -> Iterator[tuple[int, Event | Product]]:
        """(place in the order read, event) of every event up to `until`, in order of ts, topic rank and place, or as read; each once."""
        self._shared.clear()
        keys, events = self._keys, self._events
        end = (until + 1) * RANKS
        places: Iterable[int] = range(len(keys))
        if not as_arrived:
            places = sorted(places, key=keys.__getitem__)
        for place in places:
            if keys[place] < end:
                event = events[place]
                events[place] = None
                assert event is not None, "events are taken once"
                yield place, event


class Replay:
    """Customers and the time they have in common. Changes go to `emit` as they happen, and what campaigns decide to `emit_message`.

    Time is the newest event's `ts`. Before an event is taken in, every deadline before that time fires; an event older than what its
    customer was evaluated at is late, as it would be for the worker.
    """

    def __init__(self, engine: Engine, emit: Emit, emit_message: EmitMessage | None = None, *, assume_consent: bool = False) -> None:
        """`assume_consent`: every customer has an address and said yes, until an event says otherwise."""
        self.engine = engine
        self.customers: dict[str, Customer] = {}
        self.now: int | None = None
        self.events = 0
        self.repeats = 0
        self.changes = 0
        self._emit = emit
        self._emit_message = emit_message
        self._assume_consent = assume_consent
        self._together = Together(engine, self.customers)
        self._heap: list[tuple[int, str]] = []
        self._armed: dict[str, int] = {}
        self._products: dict[str, Known] = {}
        self._viewers: dict[bytes, dict[str, None]] = {}  # product, hashed -> who may want to hear of it

    def event(self, event: Event | Product, place: int) -> None:
        """Takes in an event, the `place`-th that was read; or what the catalogue says, which may be news to some customers."""
        ts = event.ts
        if self.now is None or ts > self.now:
            self.now = ts
        if self._heap and self._heap[0][0] < self.now:
            self.until(self.now - 1)
        if isinstance(event, Product):
            if self.engine.hears_news:
                self._tell(event, place)
        elif self._happened(event, place):
            self.events += 1
        else:
            self.repeats += 1

    def _happened(self, event: Event, place: int) -> bool:
        """False if it was a repeat."""
        customer_id, ts = event.customer_id, event.ts
        out: list[list[Any]] = []
        known = self.customers.get(customer_id)
        if event.rank == IDENTITIES or (known.ties is not None if known is not None else self._together.knows(customer_id)):
            return self._tied(event, [event.event_type, ts, _TOPICS[event.rank], None, place])
        if known is None and self._assume_consent:
            known = self._consenting(ts)
        state = self.engine.event(known, event, out)
        if state is None:
            return False
        self.customers[customer_id] = state
        if isinstance(event, PageView | CartEvent) and event.product_id is not None and self.engine.hears_news:
            self._viewers.setdefault(hashed(event.product_id), {})[customer_id] = None
        if out:
            self._write(customer_id, out, [event.event_type, ts, _TOPICS[event.rank], None, place])
        if state.due < self._armed.get(customer_id, NEVER):
            self._arm(customer_id, state.due)
        return True

    def _tell(self, product: Product, place: int) -> None:
        self._products[product.product_id], news = compare(self._products.get(product.product_id), product)
        if news is not None:
            for customer_id in list(self._viewers.get(hashed(product.product_id), ())):
                state = self.customers.get(customer_id)
                if state is not None and listens(state, news):
                    self._happened(replace(news, customer_id=customer_id), place)

    def until(self, t: int) -> None:
        """Fires every customer's deadlines up to and including `t`, in order of their instants."""
        heap, armed = self._heap, self._armed
        while heap and heap[0][0] <= t:
            at, customer_id = heapq.heappop(heap)
            if armed.get(customer_id) != at:
                continue
            state = self.customers.get(customer_id)
            if state is None:  # joined to another since, or forgotten
                del armed[customer_id]
                continue
            out: list[list[Any]] = []
            self.engine.until(state, at, out, customer_id)
            if out:
                self._write(customer_id, out, None)
            if state.due < NEVER:
                self._arm(customer_id, state.due)
            else:
                del armed[customer_id]

    def _tied(self, event: Event, origin: list[Any]) -> bool:
        """An event that ties customers to each other, or of one who is. False if it was a repeat."""
        became, changed = self._together.take(event, origin)
        for customer_id, out in changed:
            self._write(customer_id, out, origin)
            state = self.customers.get(customer_id)
            if state is None:
                continue
            if self.engine.hears_news:
                for product in viewed(state):
                    self._viewers.setdefault(product, {})[customer_id] = None
            if state.due < self._armed.get(customer_id, NEVER):
                self._arm(customer_id, state.due)
        return became != REPEAT

    def _consenting(self, ts: int) -> Customer:
        """A customer before the first event at `ts`. It is due then, so that the engine judges everything, as of one it never saw."""
        state = create(ts)
        state.definitions, state.due = self.engine.fingerprint, ts
        state.profile = {"email": [_EVER, ASSUMED_ADDRESS], "consent.email": [_EVER, True]}
        return state

    def _arm(self, customer_id: str, due: int) -> None:
        self._armed[customer_id] = due
        heapq.heappush(self._heap, (due, customer_id))

    def _write(self, customer_id: str, out: list[list[Any]], origin: list[Any] | None) -> None:
        for entry in out:
            if entry[0] != _CHANGE:
                topic, record, _ = self.engine.render(entry, customer_id, None)
                if self._emit_message is not None and topic == "messages":
                    self._emit_message(entry[_AT], customer_id, record)
                continue
            if entry[_CAUSE] != _DEADLINE and len(entry) == _WITHOUT_ORIGIN:
                entry.append(origin)
            self.changes += 1
            self._emit(entry[_AT], self.engine.render(entry, customer_id, None)[1])
