"""What a campaigns file comes to, counted again the long way round: every rule by itself, over everything that ever happened.

It takes the campaigns as they were read and the changes of segments as they were told, and shares nothing with scoring/campaigns/decide.py
but the lots. Time goes from instant to instant; local time is looked at minute by minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from scoring.campaigns.chance import held_out, variant
from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Campaign, Entered, Policy
from scoring.events.schema import CartEvent, EmailEvent, Event, Profile, Purchase

MINUTE = 60_000
#: campaign, step, decision, reason, at, variant
Decision = tuple[str, int, str, str, int, str | None]
#: A change of segment: segment, kind, from, to
Change = tuple[str, str, str | None, str | None]


@dataclass
class Run:
    campaign: Campaign
    started: int
    step: int = 0
    given: str | None = None
    held: bool = False

    @property
    def due(self) -> int:
        return self.started + self.campaign.steps[self.step].after


@dataclass
class World:
    """Everything known of the customer at an instant."""

    policy: Policy
    customer: str
    profile: dict[str, tuple[int, object]] = field(default_factory=dict)
    reports: list[tuple[int, str, object]] = field(default_factory=list)  # when, what, the address then
    member: dict[str, bool | str | None] = field(default_factory=dict)
    cart: dict[str, int] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)  # one that begins anew keeps its place, in which it is ended by an event
    starts: dict[str, int] = field(default_factory=dict)
    sent: list[int] = field(default_factory=list)
    told: list[Decision] = field(default_factory=list)

    def known(self, name: str) -> Any:
        return self.profile.get(name, (0, None))[1]


def quiet(world: World, at: int) -> bool:
    hours = world.policy.quiet_hours
    if hours is None:
        return False
    zone = world.known("time_zone")
    try:
        there = ZoneInfo(zone if isinstance(zone, str) and zone else world.policy.time_zone)
    except (ValueError, LookupError, OSError):
        there = ZoneInfo(world.policy.time_zone)
    local = datetime.fromtimestamp(at // 1000, there)
    shown = (local.hour * 60 + local.minute) * MINUTE
    return hours.start <= shown < hours.end if hours.start < hours.end else shown >= hours.start or shown < hours.end


def recount(
    campaigns: Campaigns,
    customer: str,
    events: list[tuple[Event, list[Change]]],
    by_time: list[tuple[int, list[Change]]],
    end: int,
    goes_on: Callable[[World, Campaign], bool],
) -> list[Decision]:
    """`events`: in order, each with the changes it caused; `by_time`: those that time caused, by instant."""
    world, waiting, timed = World(campaigns.policy, customer), list(events), list(by_time)
    now = events[0][0].ts
    while True:
        instants = [waiting[0][0].ts] if waiting else []
        instants += [timed[0][0]] if timed else []
        instants += [_ready(world, run, now) for run in world.runs.values()]
        if not instants or min(instants) > end:
            return world.told
        now = min(instants)
        while waiting and waiting[0][0].ts == now:
            event, changes = waiting.pop(0)
            _happens(world, event)
            for run in list(world.runs.values()):
                if event.event_type in run.campaign.stop_on and not (isinstance(event, EmailEvent) and (event.soft or event.machine)):
                    _end(world, run, event.event_type, now)
            _changes(world, campaigns, changes, now)
        if timed and timed[0][0] == now:
            _changes(world, campaigns, timed.pop(0)[1], now)
        while due := [run for run in world.runs.values() if run.due <= now and (run.campaign.transactional or not quiet(world, now))]:
            order = {each.name: place for place, each in enumerate(campaigns.campaigns)}
            _decide(world, min(due, key=lambda run: (-run.campaign.priority, order[run.campaign.name])), now, goes_on)


def _ready(world: World, run: Run, now: int) -> int:
    at = max(run.due, now)
    while not run.campaign.transactional and quiet(world, at):
        at = (at // MINUTE + 1) * MINUTE
    return at


def _happens(world: World, event: Event) -> None:
    if isinstance(event, Profile):
        world.profile |= {name: (event.ts, new) for name, new in event.fields.items()}
    elif isinstance(event, EmailEvent):
        world.reports.append((event.ts, "soft" if event.soft else event.type, world.known("email")))
    elif isinstance(event, Purchase) or (isinstance(event, CartEvent) and event.action == "clear"):
        world.cart.clear()
    elif isinstance(event, CartEvent):
        assert event.product_id is not None and isinstance(event.price, int)
        world.cart[event.product_id] = world.cart.get(event.product_id, 0) + event.price


def _changes(world: World, campaigns: Campaigns, changes: list[Change], now: int) -> None:
    begun: list[Campaign] = []
    for segment, kind, _, to in changes:
        world.member[segment] = to if kind == "moved" else kind == "entered"
    for segment, kind, come_from, to in changes:
        for campaign in sorted(campaigns.campaigns, key=lambda each: -each.priority):
            trigger = campaign.trigger
            if trigger.segment != segment:
                continue
            if isinstance(trigger, Entered):
                meets = kind == "entered"
            else:
                meets = to in trigger.to and (trigger.origin is None or come_from in trigger.origin)
            if meets and _start(world, campaign, now):
                begun.append(campaign)
    for campaign in sorted(begun, key=lambda each: (-each.priority, campaigns.campaigns.index(each))):
        if campaign.name in world.runs:
            for name in campaign.excludes:
                if name in world.runs:
                    _end(world, world.runs[name], f"excluded by {campaign.name}", now)


def _start(world: World, campaign: Campaign, now: int) -> bool:
    key = world.customer.encode()
    run = Run(campaign, now, held=held_out(key, campaign.name, campaign.hold_out))
    run.given = None if run.held else variant(key, campaign.name, campaign.variants)
    if campaign.reentry is not None and now - world.starts.get(campaign.name, -(1 << 60)) < campaign.reentry.length:
        world.told.append((campaign.name, 1, "suppressed", f"reentry {campaign.reentry.text}", now, run.given))
        return False
    if (before := world.runs.get(campaign.name)) is not None:
        world.told.append((campaign.name, before.step + 1, "cancelled", "restarted", now, before.given))
    world.starts[campaign.name] = now
    world.runs[campaign.name] = run
    return True


def _end(world: World, run: Run, reason: str, now: int) -> None:
    world.told.append((run.campaign.name, run.step + 1, "cancelled", reason, now, run.given))
    del world.runs[run.campaign.name]


def _decide(world: World, run: Run, now: int, goes_on: Callable[[World, Campaign], bool]) -> None:
    reason = _against(world, run.campaign, now, goes_on)
    decision = "suppressed" if reason else "held_out" if run.held else "send"
    world.told.append((run.campaign.name, run.step + 1, decision, reason, now, run.given))
    if decision == "send" and not run.campaign.transactional:
        world.sent.append(now)
    run.step += 1
    if run.step == len(run.campaign.steps):
        del world.runs[run.campaign.name]


def _against(world: World, campaign: Campaign, now: int, goes_on: Callable[[World, Campaign], bool]) -> str:
    if not goes_on(world, campaign):
        return "not_a_member"
    address, marketing = world.known("email"), not campaign.transactional
    if not address:
        return "no_address"
    if marketing and world.known("consent.email") is not True:
        return "no_consent"
    given = world.profile.get("consent.email", (0, None))[0]
    if marketing and any(what == "unsubscribed" and at >= given for at, what, _ in world.reports):
        return "unsubscribed"
    bounces = [whose for _, what, whose in world.reports if what == "bounced"]
    if bounces and bounces[-1] in (None, address):
        return "bounced"
    if any(what == "complained" for _, what, _ in world.reports):
        return "complained"
    for cap in world.policy.caps if marketing else ():
        if len([at for at in world.sent if now - cap.per < at <= now]) >= cap.count:
            return f"cap {cap.text}"
    return ""
