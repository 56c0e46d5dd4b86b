"""The record of a change: section 5."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.contracts.scenario import Story, ms, story, tiers, toml

ABANDONED = "cart_items > 0 and cart_idle >= hours(1)"
FIELDS = [
    "change_id", "customer_id", "segment", "family", "kind", "from", "to", "at", "cause", "episode", "definition", "reason",
    "attributes", "event",
]  # fmt: skip


def abandoned(when: str = ABANDONED, customer: str = "c1", **rest: str) -> Story:
    it = Story(toml(when, "cart_abandoned", **rest), customer)
    it.add("10:00", quantity=2)
    it.passes("12:00")
    it.clear("12:00")
    return it


def test_the_contracts_own_example() -> None:
    change = abandoned(family="purchase_habits").changes[0]
    assert list(change) == FIELDS
    expected: dict[str, Any] = {
        "customer_id": "c1", "segment": "cart_abandoned", "family": "purchase_habits", "kind": "entered", "from": None, "to": None,
        "at": "2026-03-02T11:00:00.000Z", "cause": "deadline", "episode": 1, "reason": "cart_items 2 > 0, cart_idle 1h >= 1h",
        "attributes": {"cart_items": 2, "cart_idle": 3600.0}, "event": None,
    }  # fmt: skip
    assert {name: change[name] for name in expected} == expected
    assert isinstance(change["attributes"]["cart_idle"], float)


def test_an_exit_tells_the_event_that_caused_it() -> None:
    change = abandoned().changes[1]
    assert (change["kind"], change["cause"], change["episode"]) == ("exited", "event", 1)
    assert change["at"] == "2026-03-02T12:00:00.000Z"
    assert change["event"] == {"event_type": "cart_clear", "ts": "2026-03-02T12:00:00.000Z", "topic": "topic", "partition": 0, "offset": 1}
    assert change["attributes"] == {"cart_items": 0, "cart_idle": None}


def test_ids_are_version_five_and_the_same_in_every_run() -> None:
    first, second = abandoned().changes, abandoned().changes
    assert first == second
    ids = [uuid.UUID(c["change_id"]) for c in first]
    assert [i.version for i in ids] == [5, 5]
    assert len(set(ids)) == 2


def test_ids_depend_on_customer_segment_episode_and_kind_alone() -> None:
    ids = [c["change_id"] for c in abandoned().changes]
    otherwise = abandoned("cart_items > 0 and cart_idle >= minutes(30)", family="experience").changes
    assert [c["change_id"] for c in otherwise] == ids
    assert [c["at"] for c in otherwise] != [c["at"] for c in abandoned().changes]
    assert not {c["change_id"] for c in abandoned(customer="c2").changes} & set(ids)
    other_name = Story(toml(ABANDONED, "another"))
    other_name.add("10:00")
    other_name.passes("12:00")
    assert other_name.changes[0]["change_id"] not in ids


def test_names_that_run_together_have_ids_of_their_own() -> None:
    """A customer id may hold any character: no two of (customer, segment, episode, kind) may share an id."""
    seen = set()
    for customer, segment in ((c, "a") for c in ("c", "c/a", "c:a", "c|a", "c a", "c/a/1", "a", "c\0a")):
        it = Story(toml("page_views >= 1", segment), customer)
        it.page_view("10:00")
        seen.add(it.changes[0]["change_id"])
    assert len(seen) == 8


def test_episodes_count_entries_and_exits_carry_theirs() -> None:
    it = story("cart_items > 0")
    for minute in range(0, 6, 2):
        it.add(f"10:0{minute}")
        it.clear(f"10:0{minute + 1}")
    assert [(c["kind"], c["episode"]) for c in it.changes] == [(kind, n) for n in (1, 2, 3) for kind in ("entered", "exited")]


def test_moves_count_each_itself() -> None:
    it = Story(tiers("level", "full: cart_items > 0", "empty"))
    for at in ("10:00", "10:01", "10:02"):
        it.add(at)
        it.clear(at)
    assert [(c["kind"], c["from"], c["to"], c["episode"]) for c in it.changes] == [
        ("moved", None if n == 1 else ["full", "empty"][n % 2], ["empty", "full"][n % 2], n) for n in range(1, 7)
    ]


def test_the_definition_changes_with_the_meaning_alone() -> None:
    def definition(when: str, **rest: str) -> str:
        it = Story("# a comment\n\n" * (" " in when) + toml(when, **rest))
        it.page_view("10:00")
        it.buys("10:00")
        return str(it.changes[0]["definition"])

    one = definition("page_views>=1")
    assert definition("page_views   >=   1") == one
    assert definition("(page_views >= 1)") == one
    assert len(one) == 16 and int(one, 16) >= 0
    others = [definition("page_views >= 1 or purchases >= 1"), definition("page_views > 0"), definition("page_views >= 1", cooldown="1d")]
    assert one not in others and len(set(others)) == 3


def test_moves_say_why_too() -> None:
    it = Story(tiers("value", "gold: spend >= 100", "none", family="loyalty"))
    it.buys("10:00", "o1", 120)
    change = it.changes[0]
    assert change["family"] == "loyalty"
    assert "spend 120" in change["reason"] and ">= 100" in change["reason"]
    assert change["attributes"] == {"spend": 120}


def test_attributes_are_those_the_definition_reads_durations_in_seconds() -> None:
    when = "purchases(days(90)) >= 1 and time_on_site(hours(5)) >= minutes(10) and not has_email and tier('t') == 'low'"
    it = Story(toml(when) + tiers("t", "high: page_views > 100", "low"))
    it.page_view("10:00")
    it.buys("10:10:00.500", "o1")
    found = next(c for c in it.changes if c["segment"] == "it")["attributes"]
    assert found["purchases(days(90))"] == 1
    assert found["time_on_site(hours(5))"] == 600.5
    assert found["has_email"] is False
    assert "low" in found.values()


def test_missing_values_are_null() -> None:
    it = story("since_last_purchase is None or since_last_purchase >= days(7)")
    it.page_view("10:00")
    change = it.changes[0]
    assert change["attributes"] == {"since_last_purchase": None}
    assert "since_last_purchase" in change["reason"]


def test_the_reason_gives_the_clauses_that_decide() -> None:
    it = story("page_views >= 2 or purchases >= 1")
    it.buys("10:00", "o1", 3)
    assert it.changes[0]["reason"] == "purchases 1 >= 1"
    out = story("page_views >= 1 and cart_items == 0")
    out.page_view("10:00")
    out.add("10:01", quantity=2)
    assert "cart_items 2" in out.changes[1]["reason"] and "page_views" not in out.changes[1]["reason"]


def test_detected_at_is_left_out_or_the_instant_given() -> None:
    it = abandoned()
    topic, value, headers = it.engine.render(it.out[0], "c1", ms("12:34"))
    record = json.loads(value)
    assert topic == "segment-changes"
    assert record.pop("detected_at") == "2026-03-02T12:34:00.000Z"
    assert record == it.changes[0]
    named = dict(headers)
    assert named["ce_id"].decode() == record["change_id"]
    assert named["ce_type"] == b"gedrag.segment.entered"
    assert named["ce_specversion"] == b"1.0"
    assert {name for name in named if name.startswith("ce_")} >= {"ce_id", "ce_type", "ce_source", "ce_specversion"}
