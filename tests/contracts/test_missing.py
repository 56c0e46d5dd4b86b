"""What is missing: section 3."""

from __future__ import annotations

from tests.contracts.scenario import story


def test_any_comparison_with_what_is_missing_is_false() -> None:
    it = story()
    it.page_view("10:00")
    it.denies("10:00", "since_last_purchase < days(1)", "since_last_purchase >= days(1)", "hours(0) <= since_last_purchase")
    it.denies("10:00", "spend / purchases == 0", "spend / purchases != 0", "spend / purchases < 1", "spend / purchases >= -1")
    it.denies("10:00", "spend / purchases in [0, 1]", "spend / purchases not in [0, 1]")


def test_not_of_such_a_comparison_is_true() -> None:
    it = story("not since_last_purchase < days(45)")
    it.page_view("10:00")
    it.buys("10:01")
    it.passes("+46d 00:00")
    it.tells("10:00 entered by event", "10:01 exited by event", "+45d 10:01 entered by deadline")
    it.says("+46d 00:00", "not spend / refunds != 0", "not spend / refunds not in [1]", "not (spend / refunds in [1])")


def test_calculating_with_what_is_missing_gives_missing() -> None:
    it = story()
    it.page_view("10:00")
    it.says("10:00", "spend / purchases + 1 is None", "-(spend / purchases) is None", "2 * (1 / purchases) - page_views is None")
    it.denies("10:00", "spend / purchases + 1 is not None", "0 * (spend / purchases) == 0")


def test_division_by_zero_is_missing_also_in_a_window_that_empties() -> None:
    it = story("spend(days(1)) / purchases(days(1)) is None")
    it.page_view("09:00")
    it.buys("10:00", "o1", 5)
    it.passes("+2d 00:00")
    it.tells("09:00 entered by event", "10:00 exited by event", "+1d 11:00 entered by deadline")


def test_is_none_asks_for_what_is_missing() -> None:
    it = story("since_last_cart_add is None")
    it.page_view("10:00")
    it.add("10:01")
    it.tells("10:00 entered by event", "10:01 exited by event")
    it.denies("10:01", "since_last_visit is None", "engagement is None", "page_views is None")


def test_what_appears_brings_its_own_deadline() -> None:
    it = story("page_views >= 1 and not since_last_cart_add < hours(2)")
    it.page_view("10:00")
    it.add("11:00")
    it.passes("23:00")
    it.tells("10:00 entered by event", "11:00 exited by event", "13:00 entered by deadline")


def test_the_counts_of_nobody_are_zero_not_missing() -> None:
    it = story()
    it.event("10:00", "email_bounced", message_id="m")
    it.says("10:00", "page_views == 0", "spend == 0", "sessions == 0", "active_days(days(3)) == 0", "time_on_site == minutes(0)")
    it.says("10:00", "cart_items == 0", "cart_value == 0", "not checkout_open", "not has_email")


def test_doubles_are_calculated_as_written() -> None:
    it = story()
    it.page_view("10:00")
    it.says("10:00", "page_views * 0.1 + 0.2 != 0.3", "page_views * 0.1 + 0.2 > 0.3", "page_views * 0.5 + 0.5 == 1")
    it.says("10:00", "page_views - 2 - 3 == -4", "8 / 2 / 2 * page_views == 2", "2 + 3 * page_views == 5")
