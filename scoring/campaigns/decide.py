"""The decisions of campaigns: what starts one, what each step comes to, what ends it.

`after` counts from the trigger's instant. A step due at an instant is decided at exactly that instant, after all events with `ts` up to it;
one that falls in quiet hours, at the first instant after them. Of several that are due then, the highest by priority comes first.
Each step is decided once: `send`, `held_out`, or `suppressed` with the reason, which leaves the steps after it to be judged afresh.

A `stop_on` event ends the campaign with one `cancelled`, carried by the step that would have come next; so does the start of a campaign
that excludes it, a new trigger while it runs (`restarted`: it begins anew with the new episode; not within `reentry`) and a trigger that
now names another segment (`trigger_changed`). Changes that a new definition causes, or a merge, erasure or import, start no campaign: a
deployment must not mail a whole shop.

A late event that takes the trigger back leaves mails already sent as they are; what comes after them is suppressed as `not_a_member`, and a
late purchase (any `stop_on` event) from before the trigger that takes it back ends the campaign.

Campaigns are known by name: one taken out of the file waits, unread, until it is put back; a changed `after` holds from the customer's
next evaluation; a step decided once isn't decided again under the same number; hold-out and variant are settled at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from scoring.campaigns import caps, contact, entries, runs, standing
from scoring.campaigns.model import Campaign, Moved, Policy
from scoring.campaigns.render import Rendered, message
from scoring.campaigns.runs import NEXT, STARTED, TRIGGER, Run
from scoring.campaigns.starts import AT, FROM, NUMBER, READ, SEGMENT, TO, CustomerId, lot, starts
from scoring.engine.steps import Entry
from scoring.events.schema import EMAIL_EVENTS, EmailEvent, Event
from scoring.expressions.tree import Condition
from scoring.state import NEVER, Customer
from scoring.traits.profile import time_zone

if TYPE_CHECKING:
    from scoring.engine import Engine

Check = Callable[[Customer, int], bool]


class Campaigns:
    """All campaigns of a file. Pure: facts are in the customer's state, decisions are entries appended to `out`."""

    def __init__(self, campaigns: tuple[Campaign, ...] = (), policy: Policy | None = None) -> None:
        self.campaigns = campaigns
        self.policy = policy or Policy()
        self._by_priority = sorted(campaigns, key=lambda campaign: -campaign.priority)  # equals in file order
        self._by_name = {campaign.name: campaign for campaign in campaigns}
        #: By segment and, of tiers, where somebody moves to: most changes start nothing.
        self._triggered: dict[tuple[int, str | None], list[Campaign]] = {}
        self._goes_on: dict[str, Check] = {}
        self._holds: dict[str, Check] = {}
        self._silent: Check | None = None
        self._engine: Engine | None = None

    def conditions(self) -> Iterator[Condition]:
        """All that the engine is asked for."""
        for campaign in self.campaigns:
            yield campaign.condition
        if self.policy.not_while is not None:
            yield self.policy.not_while

    def bind(self, engine: Engine) -> None:
        """Once, by the engine: segment indexes and compiled conditions."""
        self._engine = engine
        index = {name: i for i, name in enumerate(engine.names)}
        for campaign in self._by_priority:
            trigger = campaign.trigger
            for tier in dict.fromkeys(trigger.to) if isinstance(trigger, Moved) else (None,):
                self._triggered.setdefault((index[trigger.segment], tier), []).append(campaign)
            self._holds[campaign.name] = engine.condition(campaign.trigger.membership())
            self._goes_on[campaign.name] = engine.condition(campaign.condition)
        if self.policy.not_while is not None:
            self._silent = engine.condition(self.policy.not_while)

    def on_event(self, state: Customer, event: Event, now: int, changes: list[Entry], out: list[Entry]) -> None:
        """After the segments were evaluated for this event at `now`; `changes` are that evaluation's. Decides no step: see `due`."""
        if state.campaigns is not None:
            self._stop(state, event, now, out)
        if changes:
            self._start(state, now, changes, event.customer_id, out)
        if state.campaigns is not None and standing.any_kept(state):
            standing.review(state, now, lambda sent: self._gone(state, sent, event, now), out)

    def on_time(self, state: Customer, now: int, changes: list[Entry], out: list[Entry], customer: CustomerId = None) -> None:
        """At a deadline, after the segments were evaluated at `now`: what these changes start, and every step due by now."""
        if changes:
            self._start(state, now, changes, customer, out)
        if state.campaigns is None:
            return
        if changes and standing.any_kept(state):
            standing.review(state, now, lambda sent: self._gone(state, sent, None, now), out)
        while (campaign := self._next(state, now)) is not None:
            self._decide(state, campaign, now, out)

    def due(self, state: Customer, now: int) -> int:
        """The next instant (ms), not before `now`, at which a step is to be decided, or a lower bound of it; NEVER if there is none."""
        running = state.campaigns
        if running is None:
            return NEVER
        due = NEVER
        for name, run in running.items():
            at = self._due(name, run)
            if at <= now:
                at = now if self._by_name[name].transactional else self._over(state, now)
            if at < due:
                due = at
        return due

    def end_all(self, state: Customer, now: int, reason: str, out: list[Entry]) -> None:
        """Ends every running campaign, and withdraws every mail that may not have gone out."""
        for name, run in list((state.campaigns or {}).items()):
            if (campaign := self._by_name.get(name)) is not None:
                self._cancel(campaign, run, reason, now, out)
        if standing.any_kept(state):
            standing.review(state, now, lambda sent: reason, out)
        state.campaigns = None

    def render(self, entry: Entry, customer_id: str, detected_at: int | None) -> Rendered:
        """The message record of an entry: (topic, JSON value, headers)."""
        return message(entry, customer_id, detected_at)

    # ---- time

    def _due(self, name: str, run: Run) -> int:
        campaign = self._by_name.get(name)
        if campaign is None or run[NEXT] >= len(campaign.steps):
            return NEVER
        due: int = run[STARTED] + campaign.steps[run[NEXT]].after
        return due

    def _over(self, state: Customer, now: int) -> int:
        """`now`, or the end of the quiet hours that it falls in."""
        quiet = self.policy.quiet_hours
        return now if quiet is None else quiet.over(time_zone(state, self.policy.time_zone), now)

    def _next(self, state: Customer, now: int) -> Campaign | None:
        """Whose step is to be decided now: the highest by priority, then the first in the file."""
        running = state.campaigns
        if running is None:
            return None
        quiet = None
        for campaign in self._by_priority:
            run = running.get(campaign.name)
            if run is not None and self._due(campaign.name, run) <= now:
                if not campaign.transactional and quiet is None:
                    quiet = self._over(state, now) > now
                if campaign.transactional or not quiet:
                    return campaign
        return None

    # ---- starts and ends

    def _start(self, state: Customer, now: int, changes: list[Entry], customer: CustomerId, out: list[Entry]) -> None:
        begun = []
        for change in changes:
            for campaign in self._triggered.get((change[SEGMENT], change[TO]), ()):
                if starts(campaign, change) and self._begin(state, campaign, change, now, customer, out):
                    begun.append(campaign)
        if begun and any(campaign.excludes for campaign in begun):
            self._exclude(state, begun, now, out)

    def _begin(self, state: Customer, campaign: Campaign, change: Entry, now: int, customer: CustomerId, out: list[Entry]) -> bool:
        assert self._engine is not None, "bind first"
        attributes = self._engine.steps.by_index[change[SEGMENT]].reader.attributes(change[READ])
        at, name = change[AT], campaign.name
        run = [campaign.trigger.segment, change[NUMBER], at, 0, change[FROM], change[TO], attributes, *lot(campaign, customer)]
        if campaign.reentry is not None:
            last = runs.last_start(state, name)
            if last is not None and at - last < campaign.reentry.length:
                out.append(entries.decision(campaign, run, "suppressed", f"reentry {campaign.reentry.text}", now))
                return False
            runs.note_start(state, name, at, self.campaigns)
        if state.campaigns is not None and name in state.campaigns:
            self._cancel(campaign, state.campaigns[name], "restarted", now, out)
        standing.withdraw(state, name, "restarted", now, out)
        runs.keep(state, name, run)
        return True

    def _exclude(self, state: Customer, begun: list[Campaign], now: int, out: list[Entry]) -> None:
        """Ends what the campaigns that began exclude. Of two that exclude each other and begin at once, the higher by priority stays."""
        for campaign in sorted(begun, key=self._by_priority.index):
            if state.campaigns is None or campaign.name not in state.campaigns:
                continue  # ended by another just now
            for name in campaign.excludes:
                if name in state.campaigns and name in self._by_name:
                    self._cancel(self._by_name[name], state.campaigns[name], f"excluded by {campaign.name}", now, out)
                    runs.end(state, name)
                standing.withdraw(state, name, f"excluded by {campaign.name}", now, out)

    def _stop(self, state: Customer, event: Event, now: int, out: list[Entry]) -> None:
        assert state.campaigns is not None
        for name, run in list(state.campaigns.items()):
            campaign = self._by_name.get(name)
            if campaign is not None and self._stops(state, campaign, event, run[STARTED], now):
                self._cancel(campaign, run, event.event_type, now, out)
                runs.end(state, name)

    def _stops(self, state: Customer, campaign: Campaign, event: Event, started: int, now: int) -> bool:
        """Does this event end what began at `started`? Not one that came before the trigger and leaves it standing."""
        if event.event_type not in campaign.stop_on or (isinstance(event, EmailEvent) and contact.says_nothing(event)):
            return False
        return event.ts >= started or not self._holds[campaign.name](state, now)

    def _cancel(self, campaign: Campaign, run: Run, reason: str, now: int, out: list[Entry]) -> None:
        if run[NEXT] < len(campaign.steps):
            out.append(entries.decision(campaign, run, "cancelled", reason, now))

    # ---- steps

    def _decide(self, state: Customer, campaign: Campaign, now: int, out: list[Entry]) -> None:
        """The next step, now; the campaign is over after its last."""
        assert state.campaigns is not None
        run = state.campaigns[campaign.name]
        if run[TRIGGER] != campaign.trigger.segment:
            self._cancel(campaign, run, "trigger_changed", now, out)
            runs.end(state, campaign.name)
            return
        reason = self._objection(state, campaign, now)
        if reason:
            out.append(entries.decision(campaign, run, "suppressed", reason, now))
        elif runs.is_held_out(run):
            out.append(entries.decision(campaign, run, "held_out", "", now))
        else:
            out.append(entries.sent(state, campaign, run, self.policy, now))
            standing.keep(state, out[-1], run[STARTED])
            if not campaign.transactional:
                runs.note_sent(state, now, self.policy.caps)
        run[NEXT] += 1
        if run[NEXT] >= len(campaign.steps):
            runs.end(state, campaign.name)

    def _objection(self, state: Customer, campaign: Campaign, now: int) -> str:
        """Why this step may not be sent; empty if it may."""
        if not self._goes_on[campaign.name](state, now):
            return "not_a_member"
        reason = contact.objection(state, campaign.transactional) or self._silence(state, campaign, now)
        if not reason and not campaign.transactional:
            reason = caps.reached(self.policy.caps, runs.sent(state), now)
        return reason

    def _silence(self, state: Customer, campaign: Campaign, now: int) -> str:
        """Is this a customer whom only transactional mail may reach now?"""
        return "not_while" if self._silent is not None and not campaign.transactional and self._silent(state, now) else ""

    def _gone(self, state: Customer, sent: standing.Sent, event: Event | None, now: int) -> str:
        """Why a mail that was decided should not go out any more; empty if it may."""
        campaign = self._by_name.get(sent[standing.CAMPAIGN])
        if campaign is None:
            return ""
        reason = ""
        if event is not None:
            if self._stops(state, campaign, event, sent[standing.STARTED], now):
                return event.event_type
            if event.rank >= EMAIL_EVENTS:  # no other tells of consent or the address
                reason = contact.objection(state, campaign.transactional)
        if not reason and not self._goes_on[campaign.name](state, now):
            reason = "not_a_member"
        return reason or self._silence(state, campaign, now)
