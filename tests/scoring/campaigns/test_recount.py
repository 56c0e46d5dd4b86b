"""Random campaigns over random histories: the decisions are those of a naive recount, and the policy holds whatever happens."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.campaigns.chance import held_out
from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Campaign, Entered
from scoring.campaigns.read import read
from scoring.events.schema import Event
from scoring.segments.faults import Faults
from scoring.segments.read import read as read_segments
from tests.properties.profiles import searching
from tests.scoring.campaigns.recount import Change, Decision, World, recount
from tests.scoring.campaigns.shop import DAY, HOUR, MINUTE, SEGMENTS, Shop, T, add, buy, clear, mail, ms, profile, reachable, view

DEFINITIONS = read_segments(SEGMENTS)
#: A few days before the clocks go forward in Europe, or back.
SHIFTS = st.sampled_from([0, 25 * DAY, 25 * DAY + 11 * HOUR, 236 * DAY + 7 * HOUR])
GAPS = st.sampled_from(
    [0, 0, 1, MINUTE, 30 * MINUTE, HOUR - 1, HOUR, HOUR + 1, 2 * HOUR, 5 * HOUR, DAY - HOUR, DAY, DAY + 1, 3 * DAY, 8 * DAY]
)
KINDS = st.sampled_from(
    ["add", "add", "add", "dear", "clear", "buy", "views", "on", "off", "unsubscribed", "bounced", "soft", "new address", "moves", "lost",
     "opened", "fetched"]
)  # fmt: skip
AFTERS = ["0s", "1s", "30m", "1h", "2h", "10h", "24h", "25h", "3d", "7d"]
QUIET = ["21:00-08:00", "00:00-23:00", "02:15-02:45", "02:30-09:00", "22:30-02:30", "09:00-17:00"]
CAPS = [
    '{ count = 1, per = "24h" }',
    '{ count = 1, per = "2h" }, { count = 2, per = "1d" }',
    '{ count = 2, per = "26h" }, { count = 3, per = "7d" }',
]
TRIGGERS = [
    '{ segment = "cart_abandoned" }', '{ segment = "buyer" }', '{ tiers = "engagement", to = ["occasional", "dormant"] }',
    '{ tiers = "engagement", from = ["occasional", "dormant"], to = ["intensive", "regular"] }',
]  # fmt: skip
STOPS = ["[]", '["cart_clear"]', '["purchase", "email_bounced"]', '["email_opened"]']
RICH = "cart_value >= 30"


@st.composite
def files(draw: st.DrawFn) -> str:
    lines = ["[policy]", f'time_zone = "{draw(st.sampled_from(["Europe/Amsterdam", "UTC", "America/New_York"]))}"']
    if draw(st.booleans()):
        lines.append(f'quiet_hours = "{draw(st.sampled_from(QUIET))}"')
    if draw(st.integers(0, 3)):
        lines.append(f"caps = [ {draw(st.sampled_from(CAPS))} ]")
    names = ["a", "b", "c", "d"][: draw(st.integers(1, 4))]
    for name in names:
        afters = sorted(draw(st.sets(st.integers(0, len(AFTERS) - 1), min_size=1, max_size=3)))
        steps = ", ".join(f'{{ after = "{AFTERS[at]}", template = "t" }}' for at in afters)
        lines += ["[[campaign]]", f'name = "{name}"', f"trigger = {draw(st.sampled_from(TRIGGERS))}", f"steps = [ {steps} ]"]
        others = [other for other in names if other != name]
        options = [
            f'while = "{RICH}"', 'while = "has_email"', f"stop_on = {draw(st.sampled_from(STOPS))}",
            f"priority = {draw(st.integers(-1, 1))}", f'reentry = "{draw(st.sampled_from(["1h", "1d", "5d"]))}"',
            f"excludes = {draw(st.sets(st.sampled_from(others)).map(sorted)) if others else []}".replace("'", '"'),
            "hold_out = 0.4", "variants = { x = 1, y = 2 }", "transactional = true",
        ]  # fmt: skip
        chosen = draw(st.sets(st.sampled_from(range(1, len(options))), max_size=4)) | draw(st.sampled_from([set(), set(), {0}]))
        lines += [options[at] for at in sorted(chosen) if not (at == 1 and 0 in chosen)]
    return "\n".join(lines)


def event(kind: str, at: int, n: int) -> list[Event]:
    soft = mail(at, "bounced")
    soft.soft = True
    fetched = mail(at, "opened")
    fetched.machine = True
    made: dict[str, list[Event]] = {
        "opened": [mail(at, "opened")], "fetched": [fetched],
        "add": [add(at, f"p{n}", price=1999)], "dear": [add(at, f"p{n}", price=3000)], "clear": [clear(at)], "buy": [buy(at, f"o{n}")],
        "views": [view(at) for _ in range(12)], "on": [reachable(at)], "off": [profile(at, consent__email=False)],
        "unsubscribed": [mail(at, "unsubscribed")], "bounced": [mail(at, "bounced")], "soft": [soft],
        "new address": [profile(at, email=f"kim{n}@example.org")],
        "moves": [profile(at, time_zone=["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "nowhere"][n % 4])],
        "lost": [profile(at, email=None)],
    }  # fmt: skip
    return made[kind]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """In order of time and topic rank."""
    at = draw(SHIFTS)
    events: list[Event] = [reachable(at - DAY)]
    for n, (gap, kind) in enumerate(draw(st.lists(st.tuples(GAPS, KINDS), min_size=1, max_size=20))):
        at += gap
        events += event(kind, at, n)
    return sorted(events, key=lambda each: (each.ts, each.rank))


@dataclass
class Played:
    shop: Shop
    campaigns: Campaigns
    events: list[tuple[Event, list[Change]]]
    by_time: list[tuple[int, list[Change]]]
    end: int

    def told(self) -> list[Decision]:
        return [(m["campaign"], m["step"], m["decision"], m["reason"], ms(m["at"]), m["variant"]) for m in self.shop.messages]


def play(file: str, events: list[Event], customer: str) -> Played:
    try:
        campaigns = read(file, DEFINITIONS)
    except Faults:
        assume(False)
    shop, seen = Shop(file, customer=customer), 0
    played = Played(shop, campaigns, [], [], events[-1].ts + 12 * DAY)
    for each in [*events, None]:
        shop.send(each) if each is not None else shop.until(played.end)
        mine: list[Change] = []
        for c in shop.changes[seen:]:
            change = (c["segment"], c["kind"], c["from"], c["to"])
            if c["cause"] == "event":
                mine.append(change)
            elif played.by_time and played.by_time[-1][0] == ms(c["at"]):
                played.by_time[-1][1].append(change)
            else:
                played.by_time.append((ms(c["at"]), [change]))
        seen = len(shop.changes)
        if each is not None:
            played.events.append((each, mine))
    return played


def goes_on(world: World, campaign: Campaign) -> bool:
    if campaign.condition.text == RICH:
        return sum(world.cart.values()) >= 3000
    if campaign.condition.text == "has_email":
        return bool(world.known("email"))
    trigger = campaign.trigger
    return world.member.get(trigger.segment) is True if isinstance(trigger, Entered) else world.member.get(trigger.tiers) in trigger.to


CUSTOMERS = st.sampled_from(["c1", "c2", "c5", "é"])


@searching(120)
@given(files(), histories(), CUSTOMERS)
def test_the_decisions_are_those_of_a_naive_recount(file: str, events: list[Event], customer: str) -> None:
    played = play(file, events, customer)
    expected = recount(played.campaigns, customer, played.events, played.by_time, played.end, goes_on)
    assert played.told() == expected


@searching(120)
@given(files(), histories(), CUSTOMERS, st.randoms(use_true_random=False))
def test_the_policy_holds_whatever_happens_and_however_late(file: str, events: list[Event], customer: str, dice: object) -> None:
    arriving = [events[0]]
    for each in events[1:]:
        arriving.insert(len(arriving) - (dice.randint(0, len(arriving) - 1) if dice.random() < 0.2 else 0), each)  # type: ignore[attr-defined]
    late = [each for place, each in enumerate(arriving) if any(other.ts > each.ts for other in arriving[:place])]
    played = play(file, arriving, customer)
    campaigns = {each.name: each for each in played.campaigns.campaigns}
    sends = [(each, m) for each, m in zip(played.told(), played.shop.messages, strict=True) if each[2] == "send"]
    marketing = [at for (name, _, _, _, at, _), _ in sends if not campaigns[name].transactional]
    for cap in played.campaigns.policy.caps:
        assert all(sum(at <= other < at + cap.per for other in marketing) <= cap.count for at in marketing), "in any window"
    hours = played.campaigns.policy.quiet_hours
    for (name, _, _, _, at, _), m in sends:
        campaign = campaigns[name]
        assert not held_out(customer.encode(), name, campaign.hold_out)
        assert at >= ms(m["context"]["since"]) + campaign.steps[m["step"] - 1].after
        if not campaign.transactional and hours is not None and not any(each.event_type == "profile" for each in late):
            zones = [
                each.fields["time_zone"]
                for each in arriving
                if each.event_type == "profile" and each.ts <= at and "time_zone" in each.fields
            ]  # type: ignore[union-attr]
            zone = zones[-1] if zones and zones[-1] != "nowhere" else played.campaigns.policy.time_zone
            local = datetime.fromtimestamp(at // 1000, ZoneInfo(str(zone)))
            shown = (local.hour * 60 + local.minute) * MINUTE
            assert not (hours.start <= shown < hours.end if hours.start < hours.end else shown >= hours.start or shown < hours.end)
    runs = defaultdict(list)
    for m in played.shop.messages:
        runs[m["campaign"], m["change_id"]].append(m)
    for (name, _), found in runs.items():
        assert [m["step"] for m in found] == list(range(1, len(found) + 1)), "each step is decided once, in order"
        assert all(m["decision"] != "cancelled" and not m["reason"].startswith("reentry") for m in found[:-1])
        for order in arriving:
            if order.event_type == "purchase" and "purchase" in campaigns[name].stop_on:
                assert not any(ms(found[0]["at"]) < order.ts <= ms(m["at"]) and m["decision"] == "send" for m in found if order not in late)
    assert len({m["message_id"] for m in played.shop.messages}) == len(played.shop.messages)
    taken_back = [m["message_id"] for m in played.shop.withdrawn]
    assert len(set(taken_back)) == len(taken_back) and set(taken_back) <= {m["message_id"] for _, m in sends}


EXAMPLE = """
[policy]
quiet_hours = "21:00-08:00"
caps = [ { count = 1, per = "24h" } ]

[[campaign]]
name = "a"
trigger = { segment = "cart_abandoned" }
steps = [ { template = "t" }, { after = "1h", template = "t" } ]
reentry = "5d"
excludes = ["b"]

[[campaign]]
name = "b"
trigger = { segment = "buyer" }
steps = [ { after = "3d", template = "t" } ]
"""


def test_what_is_drawn_here_is_of_every_kind() -> None:
    """The recount is worth what it was tried on: some fixed files and histories come to every decision and rule."""
    shop = Shop(EXAMPLE)
    shop.send(reachable(), buy(0), add(HOUR), clear(DAY), add(2 * DAY)).until(T + 9 * DAY)
    assert {m["reason"] or m["decision"] for m in shop.messages} == {"send", "cap 24h", "excluded by a", "reentry 5d"}
