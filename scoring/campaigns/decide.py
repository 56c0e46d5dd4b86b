"""The decisions of campaigns: what starts one, what each step comes to, what ends it.

`after` counts from the trigger's instant. A step due at an instant is decided at exactly that instant, after all events with
`ts` up to it; a first step due at once in the same evaluation as the trigger. Each step is decided once: `send`, or
`suppressed` with the reason, which leaves the steps after it to be judged afresh. A `stop_on` event ends the campaign with one
`cancelled`, carried by the step that would have come next; so does a new trigger while the campaign runs (`restarted`: it begins anew
with the new episode) and a trigger that now names another segment (`trigger_changed`). Changes that a new definition causes,
or a merge, erasure or import, start no campaign: a deployment must not mail a whole shop.

A late event that takes the trigger back leaves mails already sent as they are; what comes after them is suppressed as `not_a_member`, and a
late purchase (any `stop_on` event) from before the trigger that takes it back ends the campaign.

A customer's running campaigns are in `state.campaigns`: name -> `[segment, episode, started, next step, from, to, attributes]`. By name, so
that campaigns can be added, removed and reordered in the file: one taken out waits, unread, until it is put back; a changed
`after` holds from the customer's next evaluation; a step decided once isn't decided again under the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scoring.campaigns import cart, contact
from scoring.campaigns.model import Campaign, Entered, Policy
from scoring.campaigns.render import Rendered, message
from scoring.engine.changes import DEADLINE, EVENT, KINDS, LATE_EVENT
from scoring.engine.steps import ENTERED, MOVED, Entry
from scoring.events.schema import Event
from scoring.state import NEVER, Customer, cart_of
from scoring.traits.profile import value

if TYPE_CHECKING:
    from scoring.engine import Engine

Check = Callable[[Customer, int], bool]

#: Places in a change entry.
_SEGMENT, _KIND, _FROM, _TO, _AT, _CAUSE, _EPISODE, _READ = range(1, 9)
#: Changes by these causes start campaigns.
_STARTING = frozenset({EVENT, DEADLINE, LATE_EVENT})
#: Places in a running campaign.
_TRIGGER, _RUN_EPISODE, _STARTED, _NEXT, _ORIGIN, _TIER, _VALUES = range(7)


class Campaigns:
    """All campaigns of a file. Pure: facts are in the customer's state, decisions are entries appended to `out`."""

    def __init__(self, campaigns: tuple[Campaign, ...] = (), policy: Policy | None = None) -> None:
        self.campaigns = campaigns
        self.policy = policy or Policy()
        self._by_name = {campaign.name: campaign for campaign in campaigns}
        self._triggered: dict[int, list[Campaign]] = {}
        self._goes_on: dict[str, Check] = {}
        self._holds: dict[str, Check] = {}
        self._engine: Engine | None = None

    def bind(self, engine: Engine) -> None:
        """Once, by the engine: segment indexes and compiled conditions."""
        self._engine = engine
        index = {name: i for i, name in enumerate(engine.names)}
        for campaign in self.campaigns:
            self._triggered.setdefault(index[campaign.trigger.segment], []).append(campaign)
            self._holds[campaign.name] = engine.condition(campaign.trigger.membership())
            self._goes_on[campaign.name] = engine.condition(campaign.condition)

    def on_event(self, state: Customer, event: Event, now: int, changes: list[Entry], out: list[Entry]) -> None:
        """After the segments were evaluated for this event at `now`; `changes` are that evaluation's."""
        if state.campaigns is not None:
            self._stop(state, event, now, out)
        if changes:
            self._start(state, now, changes, out)

    def on_time(self, state: Customer, now: int, changes: list[Entry], out: list[Entry]) -> None:
        """At a deadline, after the segments were evaluated at `now`: what these changes start, and every step due by now."""
        if changes:
            self._start(state, now, changes, out)
        running = state.campaigns
        if running is None:
            return
        while (due := self.due(state)) <= now:
            for campaign in self.campaigns:
                if campaign.name in running and self._due(campaign.name, running[campaign.name]) <= due:
                    self._decide(state, campaign, now, out)

    def due(self, state: Customer) -> int:
        """The next instant (ms) at which a step is due; NEVER if none."""
        running = state.campaigns
        if running is None:
            return NEVER
        return min((self._due(name, run) for name, run in running.items()), default=NEVER)

    def render(self, entry: Entry, customer_id: str, detected_at: int | None) -> Rendered:
        """The message record of an entry: (topic, JSON value, headers)."""
        return message(entry, customer_id, detected_at)

    def _due(self, name: str, run: list[Any]) -> int:
        campaign = self._by_name.get(name)
        if campaign is None or run[_NEXT] >= len(campaign.steps):
            return NEVER
        due: int = run[_STARTED] + campaign.steps[run[_NEXT]].after
        return due

    def _start(self, state: Customer, now: int, changes: list[Entry], out: list[Entry]) -> None:
        for change in changes:
            for campaign in self._triggered.get(change[_SEGMENT], ()):
                if change[_CAUSE] in _STARTING and _matches(campaign, change):
                    self._begin(state, campaign, change, now, out)

    def _begin(self, state: Customer, campaign: Campaign, change: Entry, now: int, out: list[Entry]) -> None:
        assert self._engine is not None, "bind first"
        running = state.campaigns
        if running is None:
            running = state.campaigns = {}
        elif campaign.name in running:
            self._cancel(campaign, running[campaign.name], "restarted", now, out)
        attributes = self._engine.steps.by_index[change[_SEGMENT]].reader.attributes(change[_READ])
        run = [campaign.trigger.segment, change[_EPISODE], change[_AT], 0, change[_FROM], change[_TO], attributes]
        running[campaign.name] = run
        if self._due(campaign.name, run) <= now:
            self._decide(state, campaign, now, out)

    def _stop(self, state: Customer, event: Event, now: int, out: list[Entry]) -> None:
        assert state.campaigns is not None
        kind = event.event_type
        for name, run in list(state.campaigns.items()):
            campaign = self._by_name.get(name)
            if campaign is None or kind not in campaign.stop_on:
                continue
            if event.ts < run[_STARTED] and self._holds[name](state, now):
                continue  # it came before the trigger and leaves it standing
            self._cancel(campaign, run, kind, now, out)
            _end(state, name)

    def _decide(self, state: Customer, campaign: Campaign, now: int, out: list[Entry]) -> None:
        """The next step, now; the campaign is over after its last."""
        assert state.campaigns is not None
        run = state.campaigns[campaign.name]
        if run[_TRIGGER] != campaign.trigger.segment:
            self._cancel(campaign, run, "trigger_changed", now, out)
            _end(state, campaign.name)
            return
        reason = "" if self._goes_on[campaign.name](state, now) else "not_a_member"
        reason = reason or contact.objection(state, campaign.transactional)
        if reason:
            out.append(_entry(campaign, run, "suppressed", reason, now))
        else:
            entry = _entry(campaign, run, "send", "", now)
            entry += [
                value(state, "email"), contact.language(state, self.policy.language), _text(value(state, "first_name")),
                campaign.transactional, run[_STARTED], run[_ORIGIN], run[_TIER], run[_VALUES], cart.lines_of(cart_of(state)),
            ]  # fmt: skip
            out.append(entry)
        run[_NEXT] += 1
        if run[_NEXT] >= len(campaign.steps):
            _end(state, campaign.name)

    def _cancel(self, campaign: Campaign, run: list[Any], reason: str, now: int, out: list[Entry]) -> None:
        if run[_NEXT] < len(campaign.steps):
            out.append(_entry(campaign, run, "cancelled", reason, now))


def _matches(campaign: Campaign, change: Entry) -> bool:
    trigger = campaign.trigger
    if isinstance(trigger, Entered):
        return bool(change[_KIND] == ENTERED)
    if change[_KIND] != MOVED or change[_TO] not in trigger.to:
        return False
    return trigger.origin is None or change[_FROM] in trigger.origin


def _entry(campaign: Campaign, run: list[Any], decision: str, reason: str, now: int) -> Entry:
    """What every decision holds. With names, not indexes: it may be rendered later, under another file."""
    step = run[_NEXT]
    kind = KINDS[ENTERED if run[_TIER] is None else MOVED]
    return [1, campaign.name, step + 1, decision, reason, now, run[_RUN_EPISODE], campaign.steps[step].template, run[_TRIGGER], kind]


def _end(state: Customer, name: str) -> None:
    assert state.campaigns is not None
    del state.campaigns[name]
    if not state.campaigns:
        state.campaigns = None


def _text(known: object) -> str | None:
    return known[:100] if isinstance(known, str) else None
