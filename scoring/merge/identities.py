"""Who is who: takes in every event of a customer with ties to other ids, and says what is to be handed over to them.

A state machine a customer, driven like the engine, whose events it passes on: docs/decisions/0008 and 0009 tell how it goes. It never
looks at two customers at once, so it does not matter where they live, how long what they hand over is on its way, or which comes first.
"""

from __future__ import annotations

from typing import Any

from scoring.campaigns import runs
from scoring.engine import Engine
from scoring.engine.changes import ERASURE, LATE_EVENT, MERGE
from scoring.engine.changes import EVENT as BY_EVENT
from scoring.engine.membership import EPISODE, record
from scoring.engine.steps import Entry
from scoring.events.schema import HANDOVERS, IDENTITIES, Happening, Identity, News, Profile, Purchase
from scoring.merge import memberships
from scoring.merge.handover import ERASE, EVENT, FACTS, FORGET, HANDED, JOIN, LINK, NOTHING, PARTED, Handover, Origin, happening, packed
from scoring.merge.join import event_ids, join
from scoring.repeats import remember, seen
from scoring.state import NEVER, Customer, create, decode, encode
from scoring.ties import AWAITING, FORGOTTEN, LIVING, MOVED, Ties

#: Ids joined into one customer: a shop's own mistake, or a robot, joins more.
MOST_NAMES = 1_000

#: What became of an event.
APPLIED, REPEAT, SENT_ON, DROPPED, REFUSED = range(5)

Anything = Happening | News | Identity | Handover


class Identities:
    """`take` is all. Holds no customers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, own: str, state: Customer | None, event: Anything, origin: Origin, out: list[Entry]) -> tuple[Customer, int]:
        """Takes in an event of the customer `own` (None: never seen); returns its state and what became of the event.

        `origin`: `[event type, ts, topic, partition, offset]` of the event, as changes name it. A state whose ties say that it is no
        living customer is nothing to evaluate: it has no segments and no deadlines.
        """
        customer = _Customer(self._engine, own, state, out)
        if event.rank == IDENTITIES:
            became = customer.identity(event, origin)  # type: ignore[arg-type]
        elif event.rank == HANDOVERS:
            became = customer.handover(event)  # type: ignore[arg-type]
        else:
            became = customer.happened(event, origin, [])  # type: ignore[arg-type]
        assert customer.state is not None
        return customer.state, became


def form_of(state: Customer | None) -> int:
    return LIVING if state is None or state.ties is None else state.ties.form


def shell(ties: Ties, at: int) -> Customer:
    """A state that is no customer: what is left of one, or what waits to be one."""
    state = create(at)
    state.ties = ties
    return state


class _Customer:
    """One customer and one event."""

    def __init__(self, engine: Engine, own: str, state: Customer | None, out: list[Entry]) -> None:
        self.engine, self.own, self.state, self.out = engine, own, state, out
        self.form = form_of(state)

    # ---- what happened to it

    def happened(self, event: Happening | News, origin: Origin, path: list[str]) -> int:
        state, out, n = self.state, self.out, len(self.out)
        if self.form != LIVING and isinstance(event, News):
            return DROPPED  # whoever has the facts now hears it
        if self.form == MOVED:
            return self._send_on(EVENT, path, event.ts, packed(event, origin))
        if self.form == FORGOTTEN:
            if not _agrees(event, self._ties().since):
                return DROPPED
            self._begin_anew(event.ts)
        elif self.form == AWAITING:
            self._be_born(event.ts)
        elif state is not None and state.ties is not None and event.ts < state.ties.since:
            return DROPPED  # of the life that was forgotten
        taken = self.engine.event(self.state, event, out)
        if taken is None:
            return REPEAT
        self.state = taken
        for entry in out[n:]:
            if entry[0] == 0 and len(entry) == 9 and entry[6] in (BY_EVENT, LATE_EVENT):
                entry.append(origin)
        return APPLIED

    def identity(self, event: Identity, origin: Origin) -> int:
        if event.forget:
            return self._forget(event.ts, origin, [])
        event_id, ts = event.event_id, event.ts
        if event_id is not None and self.state is not None and seen(self.state, event_id, ts):
            return REPEAT
        became = self._wanted(event.anonymous_id, ts, origin, [])
        if event_id is not None and self.form in (LIVING, AWAITING):
            assert self.state is not None
            remember(self.state, event_id, ts)
        return became

    def handover(self, given: Handover) -> int:
        if self.state is None:
            self._await(given.ts)
        ties = self._ties()
        if given.number <= ties.received.get(given.sender, 0):
            return REPEAT
        ties.received[given.sender] = given.number
        kind, path, ts, body = given.kind, given.path, given.ts, given.body
        if kind == LINK:
            return self._hand_over(given.sender, ts, body[0])
        if kind == ERASE:
            if self.form == MOVED and given.sender != ties.into:
                return REFUSED  # it is somebody else's
            return self._erase(ts, body[0])
        if kind == NOTHING:
            if self.form == AWAITING:
                self._be_born_and_judged(ts, body[0])
            return APPLIED
        if kind == FACTS:
            self._know([*path, *body[3]], ts)
        if self.form == MOVED and not self._closes_circle(path):
            return self._send_on(kind, path, ts, body)
        if kind == FACTS:
            return self._join(body, path, ts)
        if kind == EVENT:
            self._know(path, ts)
            return self.happened(happening(body, self.own), body[2], path)
        if kind == JOIN:
            return self._wanted(body[0], ts, body[1], path)
        return self._forget(ts, body[0], path)

    # ---- joining

    def _wanted(self, anonymous: str, ts: int, origin: Origin, path: list[str]) -> int:
        """`anonymous` is this customer, it is said."""
        if self.form == MOVED:
            return self._send_on(JOIN, path, ts, [anonymous, origin])
        if self.form == FORGOTTEN:
            if ts > self._ties().since:
                return DROPPED
            self._say(ERASE, anonymous, [], ts, [origin])  # it was the customer's when that was forgotten
            return APPLIED
        if self.state is None:
            self._await(ts)
        if anonymous == self.own:
            if self.form == AWAITING:
                self._be_born_and_judged(ts, origin)
            return REPEAT
        names = self._ties().names
        if anonymous in names:
            return REPEAT
        if len(names) >= MOST_NAMES:
            return REFUSED
        self._say(LINK, anonymous, [], ts, [origin])
        return APPLIED

    def _hand_over(self, into: str, ts: int, origin: Origin) -> int:
        """Asked to go over to `into`: the first who asks has it all."""
        ties = self._ties()
        if into == self.own or self.form in (MOVED, FORGOTTEN):
            self._say(NOTHING, into, [], ts, [origin])
            return REFUSED if self.form == MOVED and ties.into != into else REPEAT
        state, out = self.state, self.out
        assert state is not None
        body: list[Any] = [None, {}, {}, sorted(ties.names), origin]
        living = self.form == LIVING
        if living and state.due < ts:
            self.engine.until(state, ts - 1, out, self.own)
        now = max(state.at, ts)
        if living:
            running = {name: run for name, run in (state.campaigns or {}).items() if name}
            body[1:3] = [memberships.held(self.engine, state), running]
            self._part(now, MERGE, "merge", origin)
            self._notice("merge", now, into)
        self._become(MOVED, now)
        if living:
            body[0] = _facts(state)
        self._ties().into = into
        self._say(FACTS, into, [self.own], ts, body)
        return APPLIED

    def _join(self, body: list[Any], path: list[str], ts: int) -> int:
        """Another id's facts."""
        facts, held, running, names, origin = body
        if self.form == FORGOTTEN:  # what came with them is forgotten as well
            for name in dict.fromkeys([*path, *names]):
                self._say(ERASE, name, [], ts, [origin])
            return DROPPED
        if facts is None:
            if self.form == AWAITING:
                self._be_born_and_judged(ts, origin)
            return APPLIED
        other, engine, state = decode(facts), self.engine, self.state
        assert state is not None
        if self.form == AWAITING:
            other.ties, other.offsets, other.definitions = state.ties, state.offsets, engine.fingerprint
            other.event_ids = event_ids(state.event_ids, other.event_ids)
            other.first_seen, other.at = min(other.first_seen, state.first_seen), max(other.at, self._told_until())
            self.state = state = other
            self._live()
        else:
            if state.due < ts:
                engine.until(state, ts - 1, self.out, self.own)
            join(state, other, engine.definitions.engagement, engine.lateness)
        memberships.judge(engine, state, held, max(state.at, ts), origin, self.out)
        self._go_on(running)
        return APPLIED

    def _go_on(self, running: dict[str, Any]) -> None:
        """Campaigns of the other id go on where this one is now what started them; one that a purchase ends is over."""
        state, campaigns = self.state, self.engine.campaigns
        assert state is not None
        if campaigns is None:
            return
        is_in = self.engine.memberships(state)
        index = {name: i for i, name in enumerate(self.engine.names)}
        for name, run in running.items():
            segment, tier = run[runs.TRIGGER], run[runs.TIER]
            if name not in (state.campaigns or {}) and is_in.get(segment, False) == (True if tier is None else tier):
                run[runs.EPISODE] = record(state, index[segment])[EPISODE]
                runs.keep(state, name, run)
        if state.campaigns is not None:
            if any(name and run[runs.STARTED] <= (state.last_order or 0) for name, run in state.campaigns.items()):
                assert state.last_order is not None
                told = Purchase(self.own, state.last_order, "")
                campaigns.on_event(state, told, state.at, [], self.out)
            state.due = min(state.due, campaigns.due(state, state.at))

    # ---- forgetting

    def _forget(self, ts: int, origin: Origin, path: list[str]) -> int:
        """The customer is to be forgotten, under whichever of its ids that was said."""
        if self.form == MOVED:
            return self._send_on(FORGET, path, ts, [origin])
        became = self._erase(ts, origin)
        for name in path:
            self._say(ERASE, name, [], ts, [origin])
        return became

    def _erase(self, ts: int, origin: Origin) -> int:
        if self.state is None:
            self.state = shell(Ties(), ts)
        elif self.state.ties is not None and self.form == LIVING and ts < self.state.ties.since:
            return DROPPED  # it speaks of a life that was forgotten
        state, ties = self.state, self._ties()
        if self.form == FORGOTTEN:
            ties.since = max(ties.since, ts)
            return REPEAT
        now = max(state.at, ts)
        if self.form == LIVING:
            if state.due < ts:
                self.engine.until(state, ts - 1, self.out, self.own)
            self._part(now, ERASURE, "erasure", origin)
        names = ties.names
        self._become(FORGOTTEN, now)
        self._ties().received = {}
        for name in names:
            self._say(ERASE, name, [], ts, [origin])
        self._notice("erasure", now)
        return APPLIED

    # ---- what it is

    def _part(self, now: int, cause: int, reason: str, origin: Origin) -> None:
        state = self.state
        assert state is not None
        memberships.leave(self.engine, state, now, cause, origin, self.out)
        if self.engine.campaigns is not None:
            self.engine.campaigns.end_all(state, now, reason, self.out)

    def _become(self, form: int, now: int) -> None:
        """Nothing is left of the customer but its ties."""
        state, ties = self.state, self._ties()
        assert state is not None
        left = shell(Ties(form, "", now, memberships.highest_episode(state), ties.sent, ties.received, {}), now)
        if form == MOVED:
            left.ties.names = ties.names  # type: ignore[union-attr]
        left.offsets, left.definitions = state.offsets, self.engine.fingerprint
        self.state, self.form = left, form

    def _await(self, ts: int) -> None:
        self.state, self.form = shell(Ties(AWAITING), ts), AWAITING
        self.state.definitions = self.engine.fingerprint

    def _live(self) -> None:
        ties = self._ties()
        ties.form, ties.into, self.form = LIVING, "", LIVING

    def _be_born(self, ts: int) -> None:
        """Nothing is known of it but that it exists since `ts`."""
        state, ties = self.state, self._ties()
        assert state is not None
        born = create(ts)
        born.at = max(ts, self._told_until())
        born.ties, born.offsets, born.event_ids, born.definitions = ties, state.offsets, state.event_ids, self.engine.fingerprint
        self.state = born
        self._live()
        born.due = ts  # everything is looked at with the first event

    def _be_born_and_judged(self, ts: int, origin: Origin) -> None:
        """That it is who it is, is its first event."""
        n = len(self.out)
        self._be_born(ts)
        assert self.state is not None
        self.engine.judge(self.state, self.state.at, BY_EVENT, self.out)
        for entry in self.out[n:]:
            if entry[0] == 0:
                entry.append(origin)

    def _begin_anew(self, ts: int) -> None:
        """The customer agreed: as one never seen, but for numbers that may not come twice."""
        self._be_born(ts)
        self._ties().since = ts
        self._notice("return", ts)

    def _closes_circle(self, path: list[str]) -> bool:
        """Pointers that lead back here: of their ids the smallest is the customer."""
        if self.own not in path or self.own != min(path[path.index(self.own) :]):
            return False
        ties = self._ties()
        ties.form, ties.into, ties.since, self.form = AWAITING, "", 0, AWAITING
        return True

    def _told_until(self) -> int:
        """Changes of this id, in a former life of it, were told up to this instant: later ones come after them."""
        assert self.state is not None
        return self.state.at if self._ties().episodes else 0

    def _ties(self) -> Ties:
        assert self.state is not None
        if self.state.ties is None:
            self.state.ties = Ties()
        return self.state.ties

    def _know(self, names: list[str], ts: int) -> None:
        if self.form != FORGOTTEN:
            known = self._ties().names
            for name in names:
                if name != self.own:
                    known.setdefault(name, ts)

    # ---- what it says

    def _send_on(self, kind: int, path: list[str], ts: int, body: list[Any]) -> int:
        self._say(kind, self._ties().into, [*path, self.own], ts, body)
        return SENT_ON

    def _say(self, kind: int, to: str, path: list[str], ts: int, body: list[Any]) -> None:
        state, ties = self.state, self._ties()
        assert state is not None
        ties.sent += 1
        self.out.append([HANDED, kind, to, ties.sent, path, max(state.at, ts), ts, body])

    def _notice(self, why: str, at: int, into: str | None = None) -> None:
        self.out.append([PARTED, why, into, None, None, at])


def _agrees(event: Happening | News, since: int) -> bool:
    """Does somebody who was forgotten want to be known again?"""
    if not isinstance(event, Profile) or event.ts <= since:
        return False
    return event.fields.get("consent.email") is True or event.fields.get("consent.profiling") is True


def _facts(state: Customer) -> bytes:
    """What another id takes in: without what is this id's alone."""
    state.definitions, state.due, state.members, state.holding = 0, NEVER, 0, 0
    state.history = state.holds = state.gone = state.campaigns = state.offsets = state.outbox = None
    ties, state.ties = state.ties, None
    try:
        return encode(state)
    finally:
        state.ties = ties
