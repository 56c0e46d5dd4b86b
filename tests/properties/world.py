"""Many customers of several partitions, and what they hand over to each other: on its way as long, and as often, as may be."""

from __future__ import annotations

from random import Random

from scoring.engine import Engine
from scoring.events.schema import Event
from scoring.merge import handover
from scoring.merge.handover import HANDED, Handover
from scoring.merge.identities import Identities, form_of
from scoring.state import Customer, decode, encode
from scoring.ties import LIVING, MOVED


class World:
    """Handovers between two partitions keep their order, as on a broker; between others anything may overtake anything. With `repeats`,
    what a partition sent last may come again (a crash between sending and knowing that it was sent), never before it came at all."""

    def __init__(self, engine: Engine, chance: Random, partitions: int = 3, repeats: bool = False) -> None:
        self.engine, self.chance, self.partitions, self.repeats = engine, chance, partitions, repeats
        self.identities = Identities(engine)
        self.states: dict[str, bytes] = {}
        self.changes: dict[str, list[list]] = {}
        self.became: list[int] = []
        self._lines: dict[tuple[int, int], list[tuple[str, bytes]]] = {}
        self._sent: dict[tuple[int, int], list[tuple[str, bytes]]] = {}
        self._arrived: dict[tuple[int, int], list[tuple[str, bytes]]] = {}

    def partition(self, customer_id: str) -> int:
        return sum(customer_id.encode()) % self.partitions

    def event(self, event: Event) -> None:
        self._take(event.customer_id, event, [event.event_type, event.ts, "topic", 0, 0])

    def settle(self, most: int = 10_000) -> int:
        """Delivers until nothing is on its way; how many it was."""
        for n in range(most):
            if not self.deliver():
                return n
        raise AssertionError("what is handed over goes round and round")

    def deliver(self) -> bool:
        """One of what is on its way arrives. False if there is nothing."""
        lines = [line for line, waiting in self._lines.items() if waiting]
        if not lines:
            return False
        line = self.chance.choice(sorted(lines))
        receiver, value = self._lines[line].pop(0)
        self._arrived.setdefault(line, []).append((receiver, value))
        self._take(receiver, handover.read(value), None)
        if self.repeats and self.chance.random() < 0.2:
            many = self.chance.randint(1, 3)
            if self.chance.random() < 0.5:  # a former worker's, held back on the way
                self._lines[line] = [*self._arrived[line][-many:], *self._lines[line]]
            else:  # a new worker publishes what it does not know to be published
                self._lines[line] += self._sent[line][-many:]
        return True

    def _take(self, own: str, event: Event | Handover, origin: list | None) -> None:
        stored = self.states.get(own)
        out: list[list] = []
        state, became = self.identities.take(own, None if stored is None else decode(stored), event, origin, out)
        self.became.append(became)
        self.states[own] = encode(state)
        for entry in out:
            if entry[0] == 0:
                self.changes.setdefault(own, []).append(entry)
            elif entry[0] == HANDED:
                receiver, value = handover.value(entry, own)
                line = (self.partition(own), self.partition(receiver))
                self._lines.setdefault(line, []).append((receiver, value))
                self._sent.setdefault(line, []).append((receiver, value))

    # ---- what came of it

    def state(self, customer_id: str) -> Customer | None:
        stored = self.states.get(customer_id)
        return None if stored is None else decode(stored)

    def living(self) -> list[str]:
        return sorted(name for name in self.states if form_of(self.state(name)) == LIVING)

    def leads_to(self, customer_id: str) -> str:
        """The customer an id belongs to."""
        seen = []
        while form_of(state := self.state(customer_id)) == MOVED:
            assert customer_id not in seen, f"pointers in a circle: {seen}"
            seen.append(customer_id)
            assert state is not None and state.ties is not None
            customer_id = state.ties.into
        return customer_id
