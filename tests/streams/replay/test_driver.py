"""The replay driver: one time for all customers, deadlines between events, late events as a worker meets them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.events.schema import Event, PageView
from scoring.events.wire import PageViewValue
from scoring.segments.model import Definitions
from scoring.segments.read import read
from streams.membership import membership
from streams.replay import Events, Replay
from streams.simulate import simulate
from tests.contracts.scenario import tiers, toml

HOUR = 3_600_000
DAY = 24 * HOUR
T = 1_772_362_800_000  # 2026-03-01T11:00:00Z

PLAIN = read("""
[[segment]]
name = "quiet"
family = "usage"
when = "since_last_visit >= hours(1)"

[[segment]]
name = "full"
family = "purchase_habits"
when = "cart_items > 0"

[[segment]]
name = "busy"
family = "usage"
when = "page_views(hours(2)) >= 3"

[[tiers]]
name = "spending"
family = "purchase_habits"
tiers = [ { name = "much", when = "spend(days(7)) >= 100" }, { name = "some", when = "spend > 0" }, { name = "none" } ]
""")


def run(
    events: list[Event], until: int, as_arrived: bool = False, definitions: Definitions = PLAIN
) -> tuple[Replay, list[dict[str, Any]], list[int]]:
    changes: list[dict[str, Any]] = []
    instants: list[int] = []

    def emit(at: int, change: bytes) -> None:
        instants.append(at)
        changes.append(json.loads(change))

    kept = Events()
    for event in events:
        kept.add(event)
    driver = Replay(Engine(definitions), emit)
    for place, event in kept.taken(until, as_arrived):
        driver.event(event, place)
    driver.until(until)
    return driver, changes, instants


def brief(change: dict[str, Any]) -> tuple[Any, ...]:
    return change["customer_id"], change["segment"], change["kind"], change["at"][11:23], change["cause"]


def test_deadlines_of_all_customers_come_between_the_events_of_others() -> None:
    events: list[Event] = [PageView("a", T), PageView("b", T + 60_000), PageView("c", T + 2 * HOUR)]
    _, changes, instants = run(events, T + 3 * HOUR)
    assert [brief(change) for change in changes if change["segment"] == "quiet"] == [
        ("a", "quiet", "entered", "12:00:00.000", "deadline"),
        ("b", "quiet", "entered", "12:01:00.000", "deadline"),
        ("c", "quiet", "entered", "14:00:00.000", "deadline"),
    ]
    assert instants == sorted(instants)


@pytest.mark.parametrize(("until", "entered"), [(T + HOUR - 1, False), (T + HOUR, True)])
def test_until_takes_in_the_deadlines_of_its_own_instant(until: int, entered: bool) -> None:
    _, changes, _ = run([PageView("a", T)], until)
    assert ("quiet" in {change["segment"] for change in changes}) is entered


def test_until_takes_in_the_events_of_its_own_instant_and_none_after() -> None:
    driver, _, _ = run([PageView("a", T), PageView("b", T + 1000), PageView("c", T + 1001)], T + 1000)
    assert (driver.events, sorted(driver.customers)) == (2, ["a", "b"])


def test_an_event_at_the_instant_of_a_deadline_comes_first() -> None:
    _, changes, _ = run([PageView("a", T), PageView("a", T + HOUR)], T + HOUR)
    assert "quiet" not in {change["segment"] for change in changes}


def test_events_come_in_order_of_ts_then_topic_then_as_read() -> None:
    events = [
        from_row({"event_type": "purchase", "customer_id": "a", "ts": T, "order_id": "o", "total": 5}),
        from_row({"event_type": "cart_add", "customer_id": "a", "ts": T, "product_id": "p"}),
        from_row({"event_type": "cart_add", "customer_id": "a", "ts": T - 1, "product_id": "p"}),
        from_row({"event_type": "page_view", "customer_id": "a", "ts": T}),
        from_row({"event_type": "page_view", "customer_id": "b", "ts": T}),
    ]
    kept = Events()
    for event in events:
        kept.add(event)
    assert [place for place, _ in kept.taken(T, as_arrived=False)] == [2, 3, 4, 1, 0]
    _, changes, _ = run(events, T)
    assert [brief(change)[1:3] for change in changes if change["segment"] == "full"] == [("full", "entered"), ("full", "exited")]


def test_the_event_that_caused_a_change_is_named_and_a_deadline_has_none() -> None:
    _, changes, _ = run([PageView("b", T - 1), PageView("a", T)], T + HOUR)
    by_customer = {change["cause"]: change["event"] for change in changes if change["customer_id"] == "a"}
    assert by_customer == {
        "event": {"event_type": "page_view", "ts": "2026-03-01T11:00:00.000Z", "topic": "page-views", "partition": None, "offset": 1},
        "deadline": None,
    }


def test_repeats_are_counted_and_change_nothing() -> None:
    view = PageView("a", T, "e1")
    driver, _, _ = run([view, PageView("a", T + 5, "e1"), PageView("a", T + 6, "e2")], T + 6)
    assert (driver.events, driver.repeats) == (2, 1)
    assert driver.customers["a"].at == T + 6


def test_as_arrived_an_older_event_is_late_and_takes_back_what_it_disproves() -> None:
    add = from_row({"event_type": "cart_add", "customer_id": "a", "ts": T, "product_id": "p"})
    bought = from_row({"event_type": "purchase", "customer_id": "a", "ts": T + 1000, "order_id": "o", "total": 5})
    events = [add, PageView("a", T + 5000), bought]
    _, changes, _ = run(events, T + 5000, as_arrived=True)
    assert [brief(change) for change in changes if change["segment"] == "full"] == [
        ("a", "full", "entered", "11:00:00.000", "event"),
        ("a", "full", "exited", "11:00:05.000", "late_event"),
    ]


def test_as_arrived_time_is_the_newest_event_of_anybody() -> None:
    _, changes, _ = run([PageView("a", T), PageView("b", T + 2 * HOUR), PageView("a", T + 1000)], T + 2 * HOUR, as_arrived=True)
    assert [brief(change) for change in changes if (change["customer_id"], change["segment"]) == ("a", "quiet")] == [
        ("a", "quiet", "entered", "12:00:00.000", "deadline"),
        ("a", "quiet", "exited", "12:00:00.000", "late_event"),
        ("a", "quiet", "entered", "12:00:01.000", "deadline"),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_as_arrived_ends_where_event_time_ends(seed: int) -> None:
    events = [from_row(row) for row in simulate(customers=25, days=12, seed=seed)]
    end = events[-1].ts + 3 * DAY
    rng = random.Random(seed)
    shuffled = sorted(events, key=lambda event: event.ts + rng.random() * 20 * HOUR)  # none is later than a day
    assert shuffled != events
    in_order, changes, instants = run(list(events), end)
    arrived, _, _ = run(shuffled, end, as_arrived=True)
    assert instants == sorted(instants) and len(changes) > 100
    for customer_id, state in in_order.customers.items():
        assert arrived.engine.memberships(arrived.customers[customer_id]) == in_order.engine.memberships(state), customer_id
    assert membership(in_order.engine, in_order.customers.values()) == membership(arrived.engine, arrived.customers.values())


def test_membership_counts_every_segment_and_tier_in_file_order() -> None:
    driver, _, _ = run([PageView("a", T), PageView("b", T), PageView("b", T + 1), PageView("b", T + 2)], T + 2)
    counts = membership(driver.engine, driver.customers.values())
    assert list(counts.items()) == [
        ("quiet", 0),
        ("full", 0),
        ("busy", 1),
        ("spending.much", 0),
        ("spending.some", 0),
        ("spending.none", 2),
    ]


def test_robots_count_in_no_segment_but_their_own() -> None:
    definitions = toml("is_robot", "robot", family="behavioural") + toml("page_views >= 1", "seen") + tiers("all", "everybody")
    events: list[Event] = []
    for customer, user_agent in (("a", "Googlebot/2.1"), ("b", None), ("c", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Firefox/127.0")):
        events.append(PageView(customer, T, more=PageViewValue(customer, user_agent=user_agent)))
    driver, _, _ = run(events, T, definitions=read(definitions))
    assert membership(driver.engine, driver.customers.values()) == {"robot": 1, "seen": 2, "all.everybody": 2}
