"""Customers with ties to other ids, taken out of the evaluator's loop: they are few, and what happens to them takes longer.

What is left of a customer that was handed over or forgotten is written twice: first with what it has to say, then, when the broker has
that, without (a forgotten one not at all, but for its mark). A due time brings it back for the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.engine import Engine
from scoring.engine.steps import Entry
from scoring.events.schema import RANKS, News
from scoring.merge.identities import DROPPED, REFUSED, REPEAT, SENT_ON, Identities, form_of
from scoring.state import NEVER, Customer
from scoring.ties import AWAITING, FORGOTTEN, LIVING
from scoring.traits.viewed_products import listens
from streams.customers.alignment import Item
from streams.customers.counters import Counters
from streams.customers.partition import Partition

if TYPE_CHECKING:
    from streams.customers.draft import Draft

#: Milliseconds of the partition's time after which somebody with something to say is looked at again: is it said?
LOOK = 200

_ASIDE = {REPEAT: "repeats", SENT_ON: "sent_on", DROPPED: "dropped", REFUSED: "refused"}


class Apart:
    """`topics`: full names of the input topics by rank."""

    def __init__(self, engine: Engine, topics: tuple[str, ...], counters: Counters) -> None:
        self._engine = engine
        self._identities = Identities(engine)
        self._topics = topics
        self._counters = counters

    def events(
        self, partition: Partition, key: bytes, state: Customer | None, theirs: list[Item], until: int, armed: int, draft: Draft
    ) -> bool:
        """Takes in a customer's events. False if that changed nothing that is to be written."""
        own = key.decode("utf-8", "surrogatepass")
        mark = partition.erased.find(own) if state is None else None
        if mark is not None:
            state = mark.state()
        offsets = [-1] * RANKS
        if state is not None and state.offsets is not None:
            offsets[: len(state.offsets)] = state.offsets
        entries: list[Entry] = []
        changed = False
        for _, rank, offset, _, event in theirs:
            if offset <= offsets[rank]:
                self._counters.aside("replayed", rank)
                continue
            if isinstance(event, News) and (state is None or form_of(state) != LIVING or not listens(state, event)):
                continue
            origin = [event.event_type, event.ts, self._topics[rank], partition.number, offset]
            state, became = self._identities.take(own, state, event, origin, entries)
            offsets[rank], changed = offset, True
            self._count(became, rank)
        if state is None:
            return False
        form = form_of(state)
        if form == LIVING and state.due <= until and self._engine.until(state, until, entries, key):
            self._counters.fired += 1
            changed = True
        if not changed:
            return False
        state.offsets = offsets
        if mark is not None and form == FORGOTTEN and not entries:
            mark.offsets = offsets  # dropped once more if it is read again: that needs no record
            return True
        if form not in (LIVING, AWAITING) and (entries or form == FORGOTTEN):
            state.due = partition.wheel.fired + LOOK
        draft.put(key, state, armed, entries)
        return True

    def deadline(self, partition: Partition, key: bytes, state: Customer, draft: Draft) -> bool:
        """Writes what is left without what it had to say. False if the broker does not have that yet."""
        if any(key in waiting for _, waiting in partition.open):
            return False
        if form_of(state) == FORGOTTEN:
            draft.bury(key, partition.erased.add(key.decode("utf-8", "surrogatepass"), state))
        else:
            state.due = NEVER
            draft.put(key, state, NEVER + 1, [])
        return True

    def _count(self, became: int, rank: int) -> None:
        aside = _ASIDE.get(became)
        if aside is None:
            self._counters.events += 1
        else:
            self._counters.aside(aside, rank)
