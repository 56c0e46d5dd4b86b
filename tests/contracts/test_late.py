"""Events that come late: section 2, "Late events", and section 5, `at` and `cause`."""

from __future__ import annotations

from scoring.traits.profile import value
from tests.contracts.scenario import Story, story, toml

ABANDONED = "cart_items > 0 and cart_idle >= hours(1) and since_last_visit >= minutes(30)"


def test_a_late_purchase_takes_an_abandonment_back() -> None:
    it = story(ABANDONED, exit_when="cart_items == 0", hold_for="10m")
    it.add("10:00")
    it.passes("11:30")
    it.tells("11:10 entered by deadline")
    it.buys("10:20")
    it.tells("11:10 exited by late_event")
    exited = it.changes[-1]
    assert exited["episode"] == 1
    assert exited["event"]["event_type"] == "purchase"
    assert exited["event"]["ts"] == "2026-03-02T10:20:00.000Z"


def test_the_instant_is_that_of_the_newest_event_if_no_deadline_came_after() -> None:
    it = story("purchases >= 1")
    it.page_view("10:00")
    it.page_view("12:00")
    it.buys("11:00")
    it.tells("12:00 entered by late_event")


def test_an_event_not_older_than_the_last_evaluation_is_not_late() -> None:
    it = story("since_last_visit >= hours(1)")
    it.page_view("10:00")
    it.passes("12:00")
    it.page_view("11:00")
    it.tells("11:00 entered by deadline", "11:00 exited by event")


def test_time_that_passed_without_a_change_makes_no_event_late() -> None:
    it = story("since_last_visit >= hours(1)")
    it.page_view("10:00")
    it.passes("10:59")
    it.page_view("10:30")
    it.passes("12:00")
    it.tells("11:30 entered by deadline")


def test_a_lower_rank_at_the_same_instant_comes_before_whatever_came_first() -> None:
    it = story("cart_items > 0")
    it.page_view("09:00")
    it.buys("10:00")
    it.add("10:00")
    it.says("10:00", "cart_items == 0", "cart_adds == 1", "purchases == 1")
    it.tells()


def test_a_late_event_takes_its_place_in_the_cart() -> None:
    it = story()
    it.add("10:00", "a", 2, 5)
    it.update("10:10", "a", 1)
    it.add("10:05", "a", 7, 4)
    it.says("10:10", "cart_items == 1", "cart_value == 4")
    it.remove("10:15", "a")
    it.add("10:12", "b", 1)
    it.remove("10:11", "b")
    it.says("10:15", "cart_items == 1", "cart_value == 0")


def test_at_one_instant_of_one_topic_the_later_to_arrive_is_the_later() -> None:
    it = story()
    it.update("10:00", "a", 5)
    it.add("10:10", "b", 1)
    it.update("10:00", "a", 2)
    it.says("10:10", "cart_items == 3")


def test_a_late_clear_empties_what_was_there_before_it() -> None:
    it = story()
    it.add("10:00", "a")
    it.checkout("10:10")
    it.add("10:20", "b")
    it.clear("10:15")
    it.says("10:20", "cart_items == 1", "not checkout_open")


def test_a_late_event_before_the_last_emptying_changes_no_cart() -> None:
    it = story()
    it.add("10:00", "a")
    it.buys("10:10")
    it.add("10:05", "b")
    it.checkout("10:06")
    it.says("10:10", "cart_items == 0", "not checkout_open", "cart_adds == 2")


def test_a_late_view_joins_two_sessions() -> None:
    it = story()
    it.page_view("10:00")
    it.page_view("11:00")
    it.says("11:00", "sessions == 2", "time_on_site == minutes(0)")
    it.page_view("10:30")
    it.says("11:00", "sessions == 1", "time_on_site == hours(1)", "sessions(hours(1)) == 1")
    it.says("12:00", "sessions(hours(1)) == 0")


def test_a_late_event_may_be_the_first_seen() -> None:
    it = story("since_first_seen >= hours(2)")
    it.page_view("10:00")
    it.event("09:00", "email_opened", message_id="m")
    it.passes("13:00")
    it.tells("11:00 entered by deadline")


def test_older_events_leave_newer_instants() -> None:
    it = story()
    it.buys("10:00", "o2")
    it.add("10:30", "a")
    it.buys("09:00", "o1")
    it.add("09:30", "a")
    it.page_view("09:10")
    it.says("10:30", "since_last_purchase <= minutes(30)", "since_last_cart_add <= hours(0)", "since_last_page_view >= minutes(80)")
    it.says("10:30", "purchases == 2", "active_days == 1")


def test_it_starts_no_timer_in_the_past() -> None:
    it = story("since_last_purchase >= hours(1)")
    it.page_view("10:00")
    it.page_view("12:00")
    it.buys("10:30")
    it.tells("12:00 entered by late_event")
    hold = story("purchases >= 1", hold_for="1h")
    hold.page_view("10:00")
    hold.page_view("12:00")
    hold.buys("10:30")
    hold.passes("14:00")
    hold.tells("13:00 entered by deadline")


def test_counts_fall_out_of_windows_at_their_own_time() -> None:
    it = story("page_views(hours(1)) >= 2")
    it.page_view("10:50")
    it.add("11:30")
    it.page_view("11:10")
    it.passes("15:00")
    it.tells("11:30 entered by late_event", "12:00 exited by deadline")


def test_exactly_the_lateness_window_is_within_it() -> None:
    it = story("cart_items > 0")
    it.page_view("10:00")
    it.page_view("+1d 10:00")
    it.add("10:00")
    it.tells("+1d 10:00 entered by late_event")
    it.buys("10:00", "o1")
    it.tells("+1d 10:00 exited by late_event")


def test_a_millisecond_more_counts_but_does_not_touch_the_cart() -> None:
    it = story("cart_items > 0")
    it.add("09:00", "a")
    it.page_view("+1d 10:00:00.001")
    it.add("10:00", "b", 3, 9)
    it.buys("10:00", "o1", 20)
    it.clear("10:00")
    it.tells("09:00 entered by event")
    it.says("+1d 10:00:00.001", "cart_items == 1", "cart_value == 0", "cart_adds == 2")
    it.says("+1d 10:00:00.001", "purchases == 1", "spend == 20", "since_last_purchase is not None", "spend(days(2)) == 20")


def test_the_lateness_window_is_counted_from_the_customers_last_evaluation() -> None:
    """Also one that a deadline made: at 12:00 the next day the customer was evaluated."""
    it = story("since_last_visit >= hours(26)")
    it.page_view("10:00")
    it.passes("+3d 00:00")
    it.tells("+1d 12:00 entered by deadline")
    it.add("11:59:59.999")
    it.says("+1d 12:00", "cart_items == 0", "cart_adds == 1", "since_last_visit <= hours(24) + seconds(0.001)")
    it.tells("+1d 12:00 exited by late_event")


def test_too_late_a_purchase_is_an_order_all_the_same() -> None:
    it = story("purchases >= 1", cooldown="1d")
    it.page_view("10:00")
    it.page_view("+40d 10:00")
    it.buys("10:01", "o1", 5)
    it.tells("+40d 10:00 entered by late_event")
    assert not it.buys("+40d 11:00", "o1", 5)


def test_a_late_record_of_an_order_is_the_order_and_the_later_one_its_repeat() -> None:
    it = story("spend >= 15")
    it.add("09:00", "a", 2)
    it.buys("10:01", "o1", 10)
    it.add("10:02", "b")
    assert it.buys("10:00", "o1", 20)
    it.tells("10:02 entered by late_event")
    it.says("10:30", "purchases == 1", "spend == 20", "cart_items == 1", "since_last_purchase >= minutes(30)")
    assert not it.buys("10:00:30", "o1", 5)
    it.says("10:30", "spend == 20")


def test_what_only_the_repeat_of_an_order_did_is_undone() -> None:
    it = story()
    it.add("09:00", "a", 2)
    it.buys("12:00", "o1", 10)
    it.says("12:00", "sessions == 2", "cart_items == 0")
    it.buys("09:10", "o1", 10)
    it.says("12:00", "sessions == 1", "time_on_site == minutes(10)", "since_last_visit >= minutes(170)", "active_days == 1")
    it.add("12:01", "c")
    it.says("12:01", "cart_items == 1")
    kept = story()
    kept.add("09:00", "a")
    kept.buys("12:00", "o1", 10)
    kept.add("09:30", "b")
    kept.buys("09:10", "o1", 10)
    kept.says("12:00", "cart_items == 1", "purchases == 1")


def test_beyond_the_lateness_window_an_order_keeps_its_place() -> None:
    it = story()
    it.buys("+1d 10:00:00.001", "o1", 10)
    assert not it.buys("10:00", "o1", 20)
    it.says("+1d 11:00", "spend == 10")


def test_dependents_follow_a_late_event_at_its_instant() -> None:
    it = Story(toml("in_segment('buyer')", "asks") + toml("purchases >= 1", "buyer"))
    it.page_view("10:00")
    it.page_view("12:00")
    it.buys("11:00")
    it.tells("12:00 buyer entered by late_event", "12:00 asks entered by late_event")


def test_a_late_profile_fills_what_is_unknown_and_overrules_nothing() -> None:
    it = story("email_consent")
    it.event("10:00", "profile", email="kim@example.org", consent={"email": False})
    it.event("09:00", "profile", email="old@example.org", consent={"email": True, "profiling": True}, language="nl")
    it.tells()
    assert it.state is not None
    assert value(it.state, "email") == "kim@example.org"
    assert value(it.state, "language") == "nl"


def test_a_taken_away_address_does_not_come_back_with_an_older_one() -> None:
    it = story("has_email")
    it.event("10:00", "profile", nulls=("email",))
    it.event("09:00", "profile", email="old@example.org")
    it.tells()
