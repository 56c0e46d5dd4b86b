"""Simple segments: hold_for, cooldown, exit_when, and events and deadlines at one instant (section 4)."""

from __future__ import annotations

from tests.contracts.scenario import story


def test_a_member_leaves_when_when_is_false() -> None:
    it = story("cart_items >= 2")
    it.add("10:00", quantity=2)
    it.remove("10:01", quantity=1)
    it.add("10:01", quantity=1)
    it.tells("10:00 entered by event", "10:01 exited by event", "10:01 entered by event")


# -- hold_for


def test_held_exactly_so_long_it_enters() -> None:
    it = story("cart_items > 0", hold_for="10m")
    it.add("10:00")
    it.passes("10:09:59.999")
    it.tells()
    it.passes("10:10")
    it.tells("10:10 entered by deadline")


def test_an_event_at_the_last_instant_of_holding_is_the_cause() -> None:
    it = story("cart_items > 0", hold_for="10m")
    it.page_view("09:59")
    it.add("10:00")
    it.page_view("10:10")
    it.passes("11:00")
    it.tells("10:10 entered by event")


def test_holding_broken_begins_again() -> None:
    it = story("cart_items > 0", hold_for="10m")
    it.add("10:00")
    it.remove("10:09:59.999")
    it.add("10:09:59.999")
    it.passes("11:00")
    it.tells("10:19:59.999 entered by deadline")


def test_holding_broken_at_the_instant_it_would_end_does_not_enter() -> None:
    it = story("cart_items > 0", hold_for="10m")
    it.add("10:00")
    it.remove("10:10")
    it.passes("11:00")
    it.tells()


def test_time_itself_breaks_holding() -> None:
    it = story("page_views(hours(1)) >= 1", hold_for="2h")
    it.page_view("10:00")
    it.passes("11:30")
    it.tells()
    it.page_view("12:30")
    it.page_view("13:30")
    it.passes("20:00")
    it.tells("14:30 entered by deadline", "15:00 exited by deadline")


def test_what_holds_from_the_first_event_on_holds_from_there() -> None:
    it = story("since_last_purchase is None", hold_for="2d")
    it.page_view("10:00")
    it.passes("+3d 00:00")
    it.tells("+2d 10:00 entered by deadline")


def test_growth_and_holding_add_up() -> None:
    it = story("since_last_visit >= minutes(30)", hold_for="10m")
    it.page_view("10:00")
    it.page_view("10:39:59.999")
    it.passes("12:00")
    it.tells("11:19:59.999 entered by deadline")


# -- cooldown


def test_a_cooldowns_last_millisecond() -> None:
    it = story("cart_items > 0", cooldown="1h")
    it.add("10:00")
    it.clear("10:30")
    it.add("11:29:59.999")
    it.clear("11:29:59.999")
    it.add("11:30")
    it.tells("10:00 entered by event", "10:30 exited by event", "11:30 entered by event")


def test_when_still_true_at_the_end_of_the_cooldown_enters_then() -> None:
    it = story("cart_items > 0", cooldown="1h")
    it.add("10:00")
    it.clear("10:30")
    it.add("10:40")
    it.passes("12:00")
    it.tells("10:00 entered by event", "10:30 exited by event", "11:30 entered by deadline")


def test_when_false_again_at_the_end_of_the_cooldown_does_not_enter() -> None:
    it = story("cart_items > 0", cooldown="1h")
    it.add("10:00")
    it.clear("10:30")
    it.add("10:40")
    it.clear("11:30")
    it.passes("12:00")
    it.tells("10:00 entered by event", "10:30 exited by event")


def test_holding_runs_during_the_cooldown() -> None:
    it = story("cart_items > 0", hold_for="20m", cooldown="1h")
    it.add("10:00")
    it.clear("10:30")
    it.add("11:00")
    it.passes("12:00")
    it.tells("10:20 entered by deadline", "10:30 exited by event", "11:30 entered by deadline")


def test_holding_may_end_after_the_cooldown() -> None:
    it = story("cart_items > 0", hold_for="20m", cooldown="1h")
    it.add("10:00")
    it.clear("10:30")
    it.add("11:00")
    it.clear("11:15")
    it.add("11:16")
    it.passes("12:00")
    it.tells("10:20 entered by deadline", "10:30 exited by event", "11:36 entered by deadline")


def test_the_first_entry_needs_no_cooldown() -> None:
    it = story("cart_items > 0", cooldown="52w")
    it.add("10:00")
    it.tells("10:00 entered by event")


# -- exit_when


def test_with_exit_when_false_when_does_not_end_it() -> None:
    it = story("cart_items >= 2", exit_when="cart_items == 0")
    it.add("10:00", quantity=2)
    it.remove("10:01", quantity=1)
    it.tells("10:00 entered by event")
    it.remove("10:02", quantity=1)
    it.tells("10:02 exited by event")


def test_nobody_is_entered_while_exit_when_is_true() -> None:
    it = story("page_views >= 1", exit_when="cart_items > 0")
    it.add("10:00")
    it.page_view("10:01")
    it.tells()
    it.clear("10:02")
    it.tells("10:02 entered by event")


def test_kept_out_it_re_enters_when_exit_when_turns_false() -> None:
    it = story("since_first_seen >= minutes(5)", exit_when="page_views(hours(1)) >= 2")
    it.page_view("10:00")
    it.page_view("10:20")
    it.passes("12:00")
    it.tells("10:05 entered by deadline", "10:20 exited by event", "12:00 entered by deadline")


def test_re_entering_waits_for_the_cooldown() -> None:
    it = story("since_first_seen >= minutes(5)", exit_when="page_views(hours(1)) >= 2", cooldown="3h")
    it.page_view("10:00")
    it.page_view("10:20")
    it.passes("23:00")
    it.tells("10:05 entered by deadline", "10:20 exited by event", "13:20 entered by deadline")


def test_holding_runs_while_kept_out() -> None:
    it = story("cart_items > 0", exit_when="checkout_open", hold_for="10m")
    it.add("10:00")
    it.checkout("10:05")
    it.passes("10:30")
    it.tells()
    late = story("cart_items > 0", exit_when="page_views(hours(1)) >= 1", hold_for="10m")
    late.add("10:00")
    late.page_view("10:05")
    late.passes("13:00")
    late.tells("12:00 entered by deadline")


def test_holding_goes_on_as_a_member() -> None:
    """`when` has held since 10:00: out at 11:05, and in again the moment exit_when is false."""
    it = story("cart_items > 0", exit_when="page_views(hours(1)) >= 1", hold_for="1h")
    it.add("10:00")
    it.page_view("11:05")
    it.passes("14:00")
    it.tells("11:00 entered by deadline", "11:05 exited by event", "13:00 entered by deadline")


def test_holding_begins_anew_while_a_member_whom_exit_when_keeps() -> None:
    """`when` is false at 13:10 and true again from 13:30: out at 13:50, in again three hours after 13:30."""
    it = story("cart_items > 0", exit_when="page_views(hours(1)) >= 1", hold_for="3h")
    it.add("10:00")
    it.clear("13:10")
    it.add("13:30")
    it.page_view("13:50")
    it.passes("20:00")
    it.tells("13:00 entered by deadline", "13:50 exited by event", "16:30 entered by deadline")


def test_never_out_and_in_again_at_one_evaluation() -> None:
    it = story("page_views >= 1", exit_when="page_views(hours(1)) >= 3")
    for n in range(4):
        it.page_view(f"10:0{n}")
    it.passes("10:59")
    it.tells("10:00 entered by event", "10:02 exited by event")


# -- one instant


def test_an_event_and_a_deadline_at_one_instant_are_one_evaluation_by_the_event() -> None:
    it = story("since_last_cart_add >= hours(1)")
    it.page_view("09:00")
    it.add("10:00")
    it.page_view("11:00")
    it.passes("12:00")
    it.tells("11:00 entered by event")


def test_the_event_at_the_deadlines_instant_comes_first() -> None:
    it = story("since_last_visit >= minutes(30)")
    it.page_view("10:00")
    it.page_view("10:30")
    it.passes("12:00")
    it.tells("11:00 entered by deadline")


def test_of_events_at_one_instant_each_is_evaluated() -> None:
    it = story("cart_items >= 1")
    it.page_view("10:00")
    it.add("10:00")
    it.clear("10:00")
    it.add("10:00")
    it.buys("10:00")
    it.tells("10:00 entered by event", "10:00 exited by event", "10:00 entered by event", "10:00 exited by event")


def test_what_time_does_at_an_instant_counts_for_the_first_event_at_it() -> None:
    it = story("page_views(hours(1)) >= 1")
    it.page_view("10:00")
    it.add("12:00")
    it.page_view("12:00")
    it.tells("10:00 entered by event", "12:00 exited by event", "12:00 entered by event")


def test_deadlines_of_a_long_silence_fall_in_order() -> None:
    it = story("hours(1) <= since_last_visit < hours(2) or hours(5) <= since_last_visit < hours(6)")
    it.page_view("10:00")
    it.page_view("+1d 10:00")
    it.tells("11:00 entered by deadline", "12:00 exited by deadline", "15:00 entered by deadline", "16:00 exited by deadline")


def test_the_shipped_abandonment_from_the_contract() -> None:
    it = story(
        "cart_items > 0 and cart_idle >= hours(1) and since_last_visit >= minutes(30)",
        exit_when="cart_items == 0", hold_for="10m", cooldown="7d",
    )  # fmt: skip
    it.add("10:00")
    it.page_view("10:45")
    it.passes("12:00")
    it.tells("11:25 entered by deadline")
    it.page_view("12:00")
    it.tells()
    it.buys("12:05")
    it.add("12:10")
    it.passes("+7d 12:04:59.999")
    it.tells("12:05 exited by event")
    it.passes("+7d 12:05")
    it.tells("+7d 12:05 entered by deadline")
