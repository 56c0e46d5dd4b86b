"""All customers in one place: what they hand over to each other arrives at once."""

from __future__ import annotations

from collections import deque

from scoring.engine import Engine
from scoring.engine.steps import Entry
from scoring.events.schema import Happening, Identity, News
from scoring.merge import handover
from scoring.merge.handover import HANDED, Handover, Origin
from scoring.merge.identities import Identities, form_of
from scoring.state import Customer
from scoring.ties import LIVING


class Together:
    """`customers`: those that are living, the caller's own; who is not is kept here."""

    def __init__(self, engine: Engine, customers: dict[str, Customer]) -> None:
        self._identities = Identities(engine)
        self._customers = customers
        self._others: dict[str, Customer] = {}

    def knows(self, customer_id: str) -> bool:
        """Is it an id that is no living customer, but was or will be one?"""
        return customer_id in self._others

    def take(self, event: Happening | News | Identity, origin: Origin) -> tuple[int, list[tuple[str, list[Entry]]]]:
        """What became of the event (scoring/merge/identities.py), and whom it changed: id and entries, in order."""
        first: int | None = None
        changed: list[tuple[str, list[Entry]]] = []
        waiting: deque[tuple[str, Happening | News | Identity | Handover]] = deque([(event.customer_id, event)])
        while waiting:
            own, each = waiting.popleft()
            entries: list[Entry] = []
            known = self._customers.pop(own, None) or self._others.pop(own, None)
            state, became = self._identities.take(own, known, each, origin, entries)
            (self._customers if form_of(state) == LIVING else self._others)[own] = state
            first = became if first is None else first
            told = [entry for entry in entries if entry[0] < HANDED]
            changed.append((own, told))
            for entry in entries:
                if entry[0] == HANDED:
                    receiver, value = handover.value(entry, own)
                    waiting.append((receiver, handover.read(value)))
        assert first is not None
        return first, changed
