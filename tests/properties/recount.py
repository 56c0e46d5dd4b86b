"""A recount by brute force: every attribute from the whole history at every instant that could matter.

Written from the contract alone. An instant that turns out not to matter does no harm: an evaluation at which no answer
differs changes nothing, so the candidates only have to be enough.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scoring.events.schema import Event, Purchase
from scoring.expressions import tree
from scoring.segments.model import Definitions, Segment, Tiers
from tests.properties.history import DAY, GROWING, HOUR, History, Value
from tests.properties.judge import View, conditions, holds, references, walk

LATENESS = DAY
FOREVER = 1 << 62


class Change(NamedTuple):
    segment: str
    kind: str
    from_: str | None
    to: str | None
    at: int
    cause: str
    episode: int


@dataclass
class Standing:
    """What has become of one segment or tier group so far."""

    member: bool = False
    tier: str | None = None
    episode: int = 0
    true_since: int | None = None  # `when` has held at every evaluation since
    left: int | None = None  # the last exit
    differs: object = None  # what the answer has been, other than the membership, since when: with `settle`
    differs_since: int = 0


@dataclass
class Recount:
    """Feed it events in the order they arrive; `until` lets time pass."""

    definitions: Definitions
    lateness: int = LATENESS
    changes: list[Change] = field(default_factory=list)
    seen: list[dict[str, Value]] = field(default_factory=list)  # for each change, what its definition read then
    arrived: list[Event] = field(default_factory=list)  # accepted, as they came
    too_late: set[int] = field(default_factory=set)
    at: int = -FOREVER  # evaluated up to: its last event, or the last instant at which time changed an answer
    passed: int = -FOREVER  # how far time was let pass

    def __post_init__(self) -> None:
        self.order = in_order_of_reference(self.definitions)
        self.standing = {segment.name: Standing() for segment in self.order}
        nodes = [node for condition in conditions(self.definitions) for node in walk(condition)]
        attributes = [n for n in nodes if isinstance(n, tree.Attr)]
        compared = [n for n in nodes if isinstance(n, tree.Compare) and isinstance(n.left, tree.Attr) and isinstance(n.right, tree.Const)]
        self.read_by = {s.name: [n for c in own_conditions(s) for n in walk(c) if isinstance(n, tree.Attr)] for s in self.order}
        self.windows = {n.window for n in attributes if n.window is not None}
        self.spans = {n.right.value for n in compared if n.left.name in GROWING}
        self.levels = {float(n.right.value) for n in compared if n.left.name == "engagement"}
        self.timed: list[int] = []  # a heap of the instants at which time alone may change an answer
        self.history: History | None = None

    # -- events and time

    def event(self, event: Event) -> bool:
        """One arriving event; False if it is a repeat."""
        if self.is_repeat(event):
            return False
        late = event.ts < self.at
        if not late:
            self.until(event.ts - 1)
        elif self.at - event.ts > self.lateness:
            self.too_late.add(id(event))
        self.arrived.append(event)
        self.history = self.history_now()
        self.at = max(event.ts, self.at)
        self.expect_after(event.ts)
        if event.ts <= self.passed:
            self.expect_again()
        self.evaluate(self.at, "late_event" if late else "event")
        return True

    def until(self, t: int) -> None:
        """Every deadline up to and including `t`, in order of time."""
        while self.timed and self.timed[0] <= t:
            due = heapq.heappop(self.timed)
            if due > self.at:
                before = self.answers()
                self.evaluate(due, "deadline")
                if self.answers() != before:
                    self.at = due
        self.passed = max(self.passed, t)

    def answers(self) -> list[tuple[bool, str | None, object, bool]]:
        """What time can change: memberships, and whether a `when` that must hold for a while does."""
        waits = {s.name for s in self.order if isinstance(s, Segment) and s.hold_for}
        return [(own.member, own.tier, own.differs, name in waits and own.true_since is not None) for name, own in self.standing.items()]

    def is_repeat(self, event: Event) -> bool:
        ids = [e for e in self.arrived if e.event_id is not None][-32:]
        if event.event_id is not None and any(e.event_id == event.event_id and abs(e.ts - event.ts) <= DAY for e in ids):
            return True
        if not is_placed(event):
            return False
        same = [e for e in self.arrived if is_placed(e) and e.order_id == event.order_id]
        # An earlier record of an order takes the later one's place; beyond the lateness window nothing is undone.
        return any(e.ts <= event.ts for e in same) or bool(same and self.at - event.ts > self.lateness)

    def history_now(self) -> History:
        in_order = sorted(self.arrived, key=lambda e: (e.ts, e.rank))  # stable: then the order of arrival
        return History(in_order, self.definitions.engagement, frozenset(self.too_late))

    # -- instants that may matter

    def expect_after(self, ts: int) -> None:
        for span in self.spans:
            self.expect(math.ceil(ts + span), math.floor(ts + span) + 1)
        for window in self.windows:
            self.expect(*((ts // grain + 1) * grain + window for grain in (HOUR, DAY)), ts // DAY * DAY + window)

    def expect_again(self) -> None:
        """An event came for a time already let pass: what was looked at since the last answer is looked at once more."""
        for event in self.arrived:
            self.expect_after(event.ts)
        for segment in self.order:
            if isinstance(segment, Segment):
                own = self.standing[segment.name]
                self.expect(*(t + wait for t, wait in ((own.true_since, segment.hold_for), (own.left, segment.cooldown)) if t is not None))
            self.expect(self.standing[segment.name].differs_since + segment.settle)

    def expect(self, *instants: int) -> None:
        for instant in instants:
            if instant > self.at:
                heapq.heappush(self.timed, instant)

    def expect_levels(self, now: int) -> None:
        """The first milliseconds at which engagement is below, or no longer above, each level."""
        assert self.history is not None
        value = self.history.engagement_at
        for level in self.levels:
            for still in (lambda t, c=level: value(t) >= c, lambda t, c=level: value(t) > c):
                if level > 0 and still(now):
                    self.expect(first_false(still, now))

    # -- one evaluation

    def evaluate(self, now: int, cause: str) -> None:
        assert self.history is not None
        if cause != "deadline":
            self.expect_levels(now)
        view = View(self.history, now)
        for segment in self.order:
            if isinstance(segment, Tiers):
                self.judge_tiers(segment, view, cause)
            else:
                self.judge_segment(segment, view, cause)
            while len(self.seen) < len(self.changes):
                self.seen.append({n.text: view.value(n.name, n.window) for n in self.read_by[segment.name]})

    def judge_segment(self, segment: Segment, view: View, cause: str) -> None:
        now, own = view.now, self.standing[segment.name]
        when = holds(segment.when, view)
        leave = holds(segment.exit_when, view) if segment.exit_when is not None else not when
        if not when:
            own.true_since = None
        elif own.true_since is None:
            own.true_since = now
            self.expect(now + segment.hold_for)
        settled = self.has_settled(own, segment.settle, when if when != own.member else None, now)
        if own.member:
            if leave and settled:
                own.member, own.left = False, now
                self.expect(now + segment.cooldown)
                self.changes.append(Change(segment.name, "exited", None, None, now, cause, own.episode))
        elif when and not leave:
            ready = own.true_since + segment.hold_for
            if own.left is not None:
                ready = max(ready, own.left + segment.cooldown)
            if now >= ready and settled:
                own.member = True
                own.episode += 1
                self.changes.append(Change(segment.name, "entered", None, None, now, cause, own.episode))
        if own.member == when:
            own.differs = None
        view.members[segment.name] = own.member

    def judge_tiers(self, group: Tiers, view: View, cause: str) -> None:
        own = self.standing[group.name]
        to = None
        if group.of is None or holds(group.of, view):
            to = next(tier.name for tier in group.tiers if tier.when is None or holds(tier.when, view))
        first, own.member = not own.member, True
        settled = self.has_settled(own, 0 if first else group.settle, (to,) if to != own.tier else None, view.now)
        if to != own.tier and settled:
            own.differs = None
            own.episode += 1
            self.changes.append(Change(group.name, "moved", own.tier, to, view.now, cause, own.episode))
            own.tier = to
        view.tiers[group.name] = own.tier

    def has_settled(self, own: Standing, settle: int, differs: object, now: int) -> bool:
        """Whether an answer that is not the membership (None: it is) has lasted."""
        if not settle:
            return True
        if differs is not None and own.differs != differs:
            own.differs_since = now
            self.expect(now + settle)
        own.differs = differs
        return differs is not None and now >= own.differs_since + settle

    @property
    def memberships(self) -> dict[str, str | bool]:
        tiers = {s.name for s in self.order if isinstance(s, Tiers)}
        found = {s.name: self.standing[s.name].tier if s.name in tiers else self.standing[s.name].member for s in self.definitions.segments}
        return {name: member for name, member in found.items() if member is not None}


def is_placed(event: Event) -> bool:
    return isinstance(event, Purchase) and not event.refunded


def first_false(still, start: int) -> int:
    """The first whole millisecond after `start` at which what decays no longer holds; by doubling, then halving."""
    step = 1
    while still(start + step):
        if step > FOREVER:
            return FOREVER
        step *= 2
    low, high = start + step // 2, start + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if still(middle) else (low, middle)
    return high


def in_order_of_reference(definitions: Definitions) -> list[Segment | Tiers]:
    """File order, each after what it refers to."""
    left, done, order = list(definitions.segments), set[str](), []
    while left:
        ready = next(s for s in left if references(own_conditions(s)) <= done)
        left.remove(ready)
        done.add(ready.name)
        order.append(ready)
    return order


def own_conditions(segment: Segment | Tiers) -> list[tree.Condition]:
    if isinstance(segment, Tiers):
        return segment.conditions
    return [segment.when] + ([segment.exit_when] if segment.exit_when is not None else [])


def recount(events: Sequence[Event], definitions: Definitions, until: int, lateness: int = LATENESS) -> Recount:
    """Changes and memberships of one customer whose events arrive in this order."""
    result = Recount(definitions, lateness)
    for event in events:
        result.event(event)
    result.until(until)
    return result
