"""The engine: `event` folds one event into a customer's state and judges it, `until` lets time pass.

Both append entries to `out`: changes `[0, …]` (scoring/engine/changes.py) and messages `[1, …]` (scoring/campaigns). The worker, replay,
explain and the tests drive these same two verbs; none has rules of its own.

A customer's events come in order of `ts`, topic rank and offset, as far as they are known; one older than the instant the customer was
last evaluated at is late: it is folded in as if it had come in order, judged at that instant, and starts no timer in the past.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scoring.campaigns.contact import fold_email
from scoring.engine import changes
from scoring.engine.migrate import migrate
from scoring.engine.pace import DAYS, HOURS, WEEKS
from scoring.engine.plan import Plans
from scoring.engine.steps import Entry, Steps
from scoring.events.schema import PAGE_VIEWS, PRODUCT_NEWS, PURCHASES, WHOLE, EmailEvent, Event
from scoring.expressions.tree import Attr, Condition, Flag, Number
from scoring.expressions.words import Leaf, leaves
from scoring.repeats import remember, seen
from scoring.segments.model import Definitions, Engagement, Segment
from scoring.state import NEVER, Customer, create
from scoring.traits import browsing, cart, engagement, orders, profile
from scoring.traits.catalog import hears_news, traits_on
from scoring.traits.effects import FIRST
from scoring.traits.trait import Fold, Trait, keep_only, with_traits, with_views

if TYPE_CHECKING:
    from scoring.campaigns.decide import Campaigns

Rendered = changes.Rendered


class Engine:
    """Definitions, compiled. Holds no customers; safe to share between partitions of one thread.

    `lateness` (ms) is how far an event may lag behind and still be taken in as if it had come in order.
    """

    def __init__(self, definitions: Definitions, campaigns: Campaigns | None = None, lateness: int = 86_400_000) -> None:
        self.definitions = definitions
        self.fingerprint = definitions.fingerprint
        self.names = [each.name for each in definitions.segments]
        self.lateness = lateness
        self.steps = Steps(definitions)
        self._plans = Plans(self.steps)
        self._told = changes.Renderer(self.steps.by_index)
        self._campaigns = campaigns
        folders: tuple[Callable[..., Any], ...] = (
            browsing.folder,
            cart.folder,
            orders.folder,
            _email_folder,
            engagement.feedback_folder,
            profile.folder,
        )  # by topic rank
        self.traits = traits_on(definitions.off, self._read())
        #: Whether news of products is wanted.
        self.hears_news = hears_news(definitions.off)
        #: Topics whose events are wanted with the whole record.
        self.whole = WHOLE & {rank for trait in self.traits for rank in trait.folders}
        cores = [folder(definitions.engagement, lateness) for folder in folders]
        views = [(trait.views, fold) for trait, fold in self._traits_folds(PAGE_VIEWS)]
        self._folds: tuple[Callable[[Customer, Any, int], int], ...] = (
            with_views(cores[PAGE_VIEWS], views),
            *(with_traits(cores[rank], self._folds_of(rank)) for rank in range(1, len(cores))),
            *(_nobodys, _nobodys, with_traits(_of_no_core, self._folds_of(PRODUCT_NEWS))),
        )
        if campaigns is not None:
            campaigns.bind(self)

    def _read(self) -> set[str]:
        """The attributes that segments and campaigns ask for."""
        found: list[Leaf] = [leaf for each in self.steps.by_index for leaf in each.reader.leaves]
        if self._campaigns is not None:
            for condition in self._campaigns.conditions():
                found += leaves(condition)
        return {leaf.name for leaf in found if isinstance(leaf, Attr | Flag)}

    def _traits_folds(self, rank: int) -> list[tuple[Trait, Fold]]:
        return [(trait, trait.folders[rank](self.definitions, self.lateness)) for trait in self.traits if rank in trait.folders]

    def _folds_of(self, rank: int) -> tuple[Fold, ...]:
        return tuple(fold for _, fold in self._traits_folds(rank))

    # ---- the two verbs

    def event(self, state: Customer | None, event: Event, out: list[Entry]) -> Customer | None:
        """Takes in one accepted event, after this customer's own deadlines before it; `state` None is a customer never seen.

        Returns the state, or None when the event is a repeat: then nothing was changed or judged, deadlines included.
        """
        ts, event_id = event.ts, event.event_id
        plans, cause, due, soon, later = self._plans, changes.EVENT, NEVER, NEVER, NEVER
        n = len(out)
        if state is None:
            state = create(ts)
            state.definitions, state.near = self.fingerprint, 0
            effects = self._folds[event.rank](state, event, ts) | FIRST
            plan, now = plans.first(effects), ts
        else:
            if event_id is not None and seen(state, event_id, ts):
                return None
            if event.rank == PURCHASES and not event.refunded and orders.repeated(state, event, self.lateness):  # type: ignore[union-attr, arg-type]
                return None
            if state.due < ts:
                self.until(state, ts - 1, out, event.customer_id)
                n = len(out)
            effects = self._folds[event.rank](state, event, ts)
            if ts < state.at:
                if ts < state.first_seen:
                    state.first_seen = ts
                plan, now, cause = plans.full, state.at, changes.LATE_EVENT
            else:
                state.at = now = ts
                if state.cart_log is not None:
                    cart.forget_log(state, ts, self.lateness)
                if state.due <= ts:
                    plan = plans.full
                elif effects & FIRST:
                    plan, due, soon, later = plans.touched(effects), state.due, state.soon, state.later
                else:
                    plan, due, soon, later = plans.choose(effects, state.members, state.holding), state.due, state.soon, state.later  # type: ignore[arg-type]
        if event_id is not None:
            remember(state, event_id, ts)
        before = state.members
        near, looks = plan
        state.near |= near  # type: ignore[operator]
        for step, pace, refs, waits in looks:
            if refs and not (state.members ^ before) & refs:  # type: ignore[operator]
                continue
            until = step(state, now, out, cause)
            if until < NEVER:
                if until < due:
                    due = until
                if pace and not state.holding & waits:  # type: ignore[operator]
                    if pace == DAYS:
                        if until < soon:
                            soon = until
                    elif until < later:
                        later = until
        campaigns = self._campaigns
        if campaigns is not None:
            if len(out) > n or state.campaigns is not None:
                campaigns.on_event(state, event, now, out[n:], out)
            if state.campaigns is not None and (until := campaigns.due(state, now)) < due:
                due = until
        state.due, state.soon, state.later = due, soon, later
        return state

    def until(self, state: Customer, t: int, out: list[Entry], customer: str | bytes | None = None) -> bool:
        """Fires every deadline of the customer up to and including `t`, each at its own instant. Campaigns with a hold-out or variants
        need the `customer`'s id (or the key's bytes).

        Returns True if anything changed but `due`. If not, the firing was quiet: a re-run gives the same, it need not be stored.
        """
        changed = False
        campaigns = self._campaigns
        while state.due <= t:
            now, due, soon, later, n, before, holding = state.due, NEVER, state.soon, state.later, len(out), state.members, state.holding
            if later <= now:
                upto, soon, later = WEEKS, NEVER, NEVER
            elif soon <= now:
                upto, due, soon = DAYS, later, NEVER
            else:
                upto, due = HOURS, soon if soon < later else later
            near = state.near
            if near < 0:  # type: ignore[operator]
                near = self._plans.near
            # As in `event`, written twice: a call for each of two loops would cost as much as several of its steps.
            for step, pace, refs, waits, mark, look in self._plans.timed(upto, before, holding):  # type: ignore[arg-type]
                if not near & look and not (refs and (state.members ^ before) & refs):  # type: ignore[operator]
                    continue
                until = step(state, now, out, changes.DEADLINE)
                near = near | mark if until < NEVER else near & ~mark  # type: ignore[operator]
                if until < due:
                    due = until
                if pace and not state.holding & waits:  # type: ignore[operator]
                    if pace == DAYS:
                        if until < soon:
                            soon = until
                    elif until < later:
                        later = until
            if campaigns is not None and (len(out) > n or state.campaigns is not None):
                campaigns.on_time(state, now, out[n:], out, customer)
                if state.campaigns is not None and (until := campaigns.due(state, now)) < due:
                    due = until
            if due <= now:
                raise AssertionError(f"a deadline at {now} did not pass: the next one would be {due}")
            state.due, state.soon, state.later, state.near = due, soon, later, near
            if len(out) > n or state.holding != holding:
                state.at = now
                changed = True
        return changed

    # ---- around them

    @property
    def campaigns(self) -> Campaigns | None:
        return self._campaigns

    def layout(self) -> bytes:
        """What a later release, or other definitions, need to read memberships made under these: store it under `fingerprint`."""
        return self.definitions.source.encode()

    def migrate(self, state: Customer, older: Engine, now: int, out: list[Entry]) -> None:
        """Brings memberships made under the definitions of `older` under these, and judges them at `now` (cause `definition`).

        `now` is moved up to the instant the customer was last evaluated at.
        """
        now = max(now, state.at)
        n = len(out)
        migrate(state, older.definitions, self.definitions, now, out)
        keep_only(state, self.traits)
        self.judge(state, now, changes.DEFINITION, out, n)

    def judge(self, state: Customer, now: int, cause: int, out: list[Entry], n: int | None = None) -> None:
        """Looks at every segment at `now`, no earlier than the customer was last evaluated at; changes have this cause.

        `n`: where in `out` the changes begin that belong to this; None: at its end.
        """
        if n is None:
            n = len(out)
        due = soon = later = NEVER
        for step, pace, _, waits in self._plans.full[1]:
            until = step(state, now, out, cause)
            due = min(due, until)
            if pace and not state.holding & waits:  # type: ignore[operator]
                if pace == DAYS:
                    soon = min(soon, until)
                else:
                    later = min(later, until)
        campaigns = self._campaigns
        if campaigns is not None:
            campaigns.on_time(state, now, out[n:], out)
            if state.campaigns is not None and (until := campaigns.due(state, now)) < due:
                due = until
        state.at, state.definitions = now, self.fingerprint
        state.due, state.soon, state.later, state.near = due, soon, later, self._plans.near

    def render(self, entry: Entry, customer_id: str, detected_at: int | None) -> Rendered:
        """An entry as (topic, JSON value, headers). `detected_at` is wall time in ms; None leaves it out."""
        if entry[0] == 0:
            return self._told(entry, customer_id, detected_at)
        assert self._campaigns is not None, "a message without campaigns"
        return self._campaigns.render(entry, customer_id, detected_at)

    def memberships(self, state: Customer) -> dict[str, bool | str]:
        """By segment: in or out; by tier group: the name of the customer's tier."""
        found: dict[str, bool | str] = {}
        members = state.members
        assert isinstance(members, int)
        for each in self.steps.by_index:
            if isinstance(each.definition, Segment):
                found[each.name] = bool(members & each.bit)
            else:
                for tier, bit in self.steps.layout.tiers[each.name].items():
                    if members & bit:
                        found[each.name] = tier
        return found

    def condition(self, node: Condition) -> Callable[[Customer, int], bool]:
        """Compiles a condition: (state, now) -> is it true?"""
        return self.steps.function(self.steps.compiler.condition(node))

    def value(self, node: Number) -> Callable[[Customer, int], float | None]:
        """Compiles a number or a duration (in ms): (state, now) -> what it is, None where it is missing."""
        return self.steps.function(self.steps.compiler.value(node))

    def attributes(self, entry: Entry) -> dict[str, Any]:
        """A change entry's `attributes`, as its record has them."""
        index, values = entry[1], entry[8]
        return {} if index == changes.UNDEFINED or values is None else self.steps.by_index[index].reader.attributes(values)

    def change_id(self, customer_id: str, segment: str, episode: int, kind: str) -> str:
        return changes.change_id(customer_id, segment, episode, kind)


def _nobodys(s: Customer, e: Any, ts: int) -> int:
    """Of the two topics that tie customers to each other: they are taken apart (scoring/merge)."""
    raise AssertionError(f"{type(e).__name__} is no event of a customer's own")


def _of_no_core(s: Customer, e: Any, ts: int) -> int:
    return 0


def _email_folder(settings: Engagement, lateness: int) -> Callable[[Customer, EmailEvent, int], int]:
    """What became of a mail tells of engagement, and of whether more may be sent."""
    warm_up = engagement.email_folder(settings, lateness)

    def fold(s: Customer, e: EmailEvent, ts: int) -> int:
        fold_email(s, e)
        return warm_up(s, e, ts)

    return fold
