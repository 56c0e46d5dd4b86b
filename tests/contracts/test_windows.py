"""Windows, sessions and days: section 3, to the millisecond."""

from __future__ import annotations

import pytest

from tests.contracts.scenario import story


def test_an_event_counts_to_the_end_of_its_hour_and_the_window() -> None:
    it = story("page_views(hours(2)) >= 1")
    it.page_view("10:00")
    it.passes("12:59:59.999")
    it.tells("10:00 entered by event")
    it.passes("+1d 00:00")
    it.tells("13:00 exited by deadline")


def test_the_last_millisecond_of_an_hour_belongs_to_it_and_the_next_to_the_next() -> None:
    it = story("page_views(hours(2)) >= 1")
    it.page_view("10:59:59.999")
    it.passes("13:30")
    it.tells("10:59:59.999 entered by event", "13:00 exited by deadline")
    it.page_view("14:00")
    it.passes("+1d 00:00")
    it.tells("14:00 entered by event", "17:00 exited by deadline")


def test_a_window_shorter_than_its_grain_still_has_the_grain() -> None:
    it = story("page_views(minutes(30)) >= 1")
    it.page_view("10:20")
    it.passes("23:00")
    it.tells("10:20 entered by event", "11:30 exited by deadline")


def test_thirty_one_days_have_hours() -> None:
    it = story("purchases(days(31)) >= 1")
    it.buys("10:20")
    it.passes("+60d 00:00")
    it.tells("10:20 entered by event", "+31d 11:00 exited by deadline")


def test_longer_than_thirty_one_days_has_utc_days() -> None:
    it = story("purchases(days(32)) >= 1")
    it.buys("10:20")
    it.passes("+60d 00:00")
    it.tells("10:20 entered by event", "+33d 00:00 exited by deadline")


def test_a_millisecond_over_thirty_one_days_has_utc_days_too() -> None:
    it = story("purchases(days(31) + seconds(0.001)) >= 1")
    it.buys("10:20")
    it.passes("+60d 00:00")
    it.tells("10:20 entered by event", "+32d 00:00:00.001 exited by deadline")


def test_each_event_leaves_its_window_by_itself() -> None:
    it = story("searches(hours(1)) >= 2")
    for at in ("10:10", "10:50", "11:00"):
        it.page_view(at, page_type="search")
    it.page_view("11:05", page_type="home")
    it.says("11:59:59.999", "searches(hours(1)) == 3")
    it.says("12:00", "searches(hours(1)) == 1", "searches == 3")
    it.says("13:00", "searches(hours(1)) == 0", "searches == 3")
    it.tells("10:50 entered by event", "12:00 exited by deadline")


def test_spend_steps_by_each_order_and_refund_at_its_own_time() -> None:
    it = story("spend(days(1)) < 0")
    it.buys("10:00", "o1", 20)
    it.refund("11:30", "o1", 15)
    it.says("+1d 10:59", "spend(days(1)) == 5")
    it.says("+1d 11:00", "spend(days(1)) == -15")
    it.says("+1d 12:00", "spend(days(1)) == 0", "spend == 5")
    it.tells("+1d 11:00 entered by deadline", "+1d 12:00 exited by deadline")


def test_counts_are_of_their_own_kind() -> None:
    it = story()
    it.page_view("10:00")
    it.page_view("10:01", product_id="a")
    it.page_view("10:02", page_type="search", product_id="a")
    it.add("10:03", quantity=3)
    it.wish("10:04")
    it.buys("10:05", lines=[{"product_id": "a"}, {"product_id": "b"}])
    it.refund("10:06")
    it.says("10:06", "page_views == 3", "product_views == 2", "searches == 1", "cart_adds == 1", "wishlist_adds == 1")
    it.says("10:06", "purchases == 1", "refunds == 1")


def test_exactly_thirty_minutes_is_one_session() -> None:
    it = story("sessions >= 2")
    it.page_view("10:00")
    it.page_view("10:30")
    it.add("11:00")
    it.says("11:00", "sessions == 1", "time_on_site == hours(1)")
    it.page_view("11:30:00.001")
    it.says("11:31", "sessions == 2", "time_on_site == hours(1)")
    it.tells("11:30:00.001 entered by event")


def test_a_session_belongs_whole_to_the_instant_it_started() -> None:
    it = story("time_on_site(hours(1)) >= minutes(20)")
    it.page_view("10:50")
    it.page_view("11:10")
    it.says("11:59:59.999", "sessions(hours(1)) == 1", "time_on_site(hours(1)) == minutes(20)")
    it.says("12:00", "sessions(hours(1)) == 0", "time_on_site(hours(1)) == minutes(0)", "time_on_site == minutes(20)")
    it.tells("11:10 entered by event", "12:00 exited by deadline")


@pytest.mark.parametrize("what", ["cart_clear", "checkout_started"])
def test_any_cart_event_is_activity(what: str) -> None:
    it = story("since_last_visit >= minutes(30)")
    it.page_view("10:00")
    it.event("10:29", what)
    it.passes("12:00")
    it.tells("10:59 entered by deadline")


def test_refunds_mails_feedback_and_profiles_are_no_activity() -> None:
    it = story("since_last_visit >= minutes(30)")
    it.page_view("10:00")
    it.refund("10:10")
    it.event("10:11", "email_clicked", message_id="m1")
    it.event("10:12", "feedback", kind="nps", score=9)
    it.event("10:13", "profile", language="nl")
    it.passes("12:00")
    it.tells("10:30 entered by deadline")
    it.says("12:00", "sessions == 1", "active_days == 1", "time_on_site == minutes(0)")


def test_first_seen_is_the_first_event_of_any_type() -> None:
    it = story("since_first_seen >= hours(1)")
    it.event("10:00", "email_delivered", message_id="m1")
    it.says("10:30", "since_last_visit is None", "sessions == 0", "since_first_seen is not None")
    it.page_view("10:40")
    it.passes("12:00")
    it.tells("11:00 entered by deadline")


def test_active_days_are_today_and_the_days_before() -> None:
    it = story("active_days(days(2)) >= 1")
    it.page_view("23:59:59.999")
    it.says("+1d 23:59:59.999", "active_days(days(2)) == 1", "active_days(days(1)) == 0")
    it.says("+2d 00:00", "active_days(days(2)) == 0", "active_days(days(3)) == 1", "active_days == 1")
    it.tells("23:59:59.999 entered by event", "+2d 00:00 exited by deadline")


def test_active_days_of_one_day_are_today() -> None:
    it = story("active_days(days(1)) >= 1")
    it.page_view("00:00")
    it.page_view("12:00")
    it.passes("+2d 00:00")
    it.tells("00:00 entered by event", "+1d 00:00 exited by deadline")


def test_active_days_are_distinct_utc_days() -> None:
    it = story("active_days(days(40)) >= 3")
    for at in ("10:00", "22:00", "+1d 00:00", "+1d 23:59:59.999", "+2d 09:00"):
        it.page_view(at)
    it.passes("+60d 00:00")
    it.tells("+2d 09:00 entered by event", "+40d 00:00 exited by deadline")


def test_growing_attributes_turn_at_their_first_whole_millisecond() -> None:
    it = story("since_last_page_view > minutes(5)")
    it.page_view("10:00")
    it.passes("10:05")
    it.tells()
    it.passes("10:06")
    it.tells("10:05:00.001 entered by deadline")
    at_least = story("since_last_page_view >= seconds(0.0015)")
    at_least.page_view("10:00")
    at_least.passes("10:06")
    at_least.tells("10:00:00.002 entered by deadline")


@pytest.mark.parametrize(
    ("attribute", "event_type"),
    [("since_last_visit", "page_view"), ("since_last_page_view", "page_view"), ("since_last_cart_add", "cart_add"),
     ("since_last_purchase", "purchase"), ("cart_idle", "cart_add")],
)  # fmt: skip
def test_what_was_missing_grows_from_when_it_appears(attribute: str, event_type: str) -> None:
    it = story(f"{attribute} >= hours(1)")
    it.event("09:00", "email_delivered", message_id="m")
    it.event("10:00", event_type, **{"cart_add": {"product_id": "a"}, "purchase": {"order_id": "o1"}}.get(event_type, {}))
    it.passes("12:00")
    it.tells("11:00 entered by deadline")


def test_a_chain_of_growth_opens_and_closes() -> None:
    it = story("hours(1) <= since_last_cart_add < hours(6)")
    it.add("10:00")
    it.passes("23:00")
    it.tells("11:00 entered by deadline", "16:00 exited by deadline")
    upper = story("hours(1) < since_last_cart_add <= hours(6)")
    upper.add("10:00")
    upper.passes("23:00")
    upper.tells("11:00:00.001 entered by deadline", "16:00:00.001 exited by deadline")
