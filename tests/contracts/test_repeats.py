"""Repeats by event_id: section 1."""

from __future__ import annotations

from scoring.state import encode
from tests.contracts.scenario import ms, story


def test_an_id_seen_before_is_a_repeat_and_changes_nothing() -> None:
    it = story("page_views >= 2")
    assert it.page_view("10:00", event_id="e1")
    assert it.state is not None
    before = encode(it.state)
    assert not it.page_view("10:00", event_id="e1")
    assert not it.page_view("11:00", event_id="e1", page_type="search")
    assert encode(it.state) == before
    it.says("11:00", "page_views == 1", "since_last_visit >= hours(1)", "sessions == 1")
    it.tells()


def test_over_all_topics() -> None:
    it = story()
    it.page_view("10:00", event_id="e1")
    assert not it.event("10:01", "cart_add", product_id="a", event_id="e1")
    assert not it.event("10:02", "profile", email="kim@example.org", event_id="e1")
    assert not it.buys("10:03", event_id="e1")
    it.says("10:03", "cart_items == 0", "purchases == 0", "not has_email")


def test_exactly_twenty_four_hours_apart_is_a_repeat() -> None:
    it = story()
    it.page_view("10:00", event_id="e1")
    assert not it.page_view("+1d 10:00", event_id="e1")
    assert it.page_view("+1d 10:00:00.001", event_id="e1")
    it.says("+2d 00:00", "page_views == 2")


def test_twenty_four_hours_backwards_too() -> None:
    it = story()
    it.page_view("+1d 10:00", event_id="e1")
    assert not it.page_view("10:00", event_id="e1")
    assert it.page_view("09:59:59.999", event_id="e1")
    it.says("+1d 10:00", "page_views == 2")


def test_the_last_thirty_two_ids_are_known() -> None:
    it = story()
    for n in range(32):
        it.page_view("10:00", event_id=f"e{n}")
    assert not it.page_view("10:01", event_id="e0")
    it.page_view("10:01", event_id="e32")
    assert not it.page_view("10:01", event_id="e1")
    assert it.page_view("10:01", event_id="e0")
    it.says("10:01", "page_views == 34")


def test_only_ids_count_among_the_thirty_two_and_only_accepted_ones() -> None:
    it = story()
    it.page_view("10:00", event_id="e0")
    for n in range(1, 32):
        it.page_view("10:00")
        it.page_view("10:00", event_id=f"e{n}")
        assert not it.page_view("10:00", event_id=f"e{n}")
    assert not it.page_view("10:01", event_id="e0")


def test_a_repeated_order_is_not_accepted_so_its_id_is_not_known() -> None:
    it = story()
    it.buys("10:00", "o1", event_id="e1")
    assert not it.buys("10:01", "o1", event_id="e2")
    assert it.page_view("10:02", event_id="e2")


def test_events_without_an_id_are_never_repeats() -> None:
    it = story()
    assert it.page_view("10:00")
    assert it.page_view("10:00")
    it.says("10:00", "page_views == 2")


def test_a_repeat_lets_deadlines_be() -> None:
    it = story("since_last_visit >= minutes(30)")
    it.page_view("10:00", event_id="e1")
    assert not it.page_view("12:00", event_id="e1")
    it.passes("13:00")
    it.tells("10:30 entered by deadline")
    assert it.state is not None and it.state.at == ms("10:30")


def test_another_customers_ids_are_his_own() -> None:
    one, two = story(), story()
    one.page_view("10:00", event_id="e1")
    two.customer = "c2"
    assert two.page_view("10:00", event_id="e1")
