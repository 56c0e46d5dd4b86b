"""The cart: sections 2 and 3, rule by rule."""

from __future__ import annotations

import pytest

from tests.contracts.scenario import Story, story


def test_add_adds() -> None:
    it = story()
    it.add("10:00", "a", 2, 9.99)
    it.add("10:01", "a", 0.5)
    it.add("10:02", "b")
    it.says("10:02", "cart_items == 3.5", "cart_value == 24.98", "cart_adds == 3")


def test_update_sets_and_adds_the_product_if_need_be() -> None:
    it = story()
    it.update("10:00", "a", 3, 10)
    it.says("10:00", "cart_items == 3", "cart_value == 30", "cart_adds == 0")
    it.update("10:01", "a", 1)
    it.says("10:01", "cart_items == 1", "cart_value == 10")
    it.update("10:02", "a")
    it.says("10:02", "cart_items == 1")


def test_update_to_zero_takes_the_line_away() -> None:
    it = story()
    it.add("10:00", "a", 3, 10)
    it.update("10:01", "a", 0)
    it.says("10:01", "cart_items == 0", "cart_value == 0", "cart_idle is None")
    it.update("10:02", "b", 0)
    it.says("10:02", "cart_items == 0", "cart_idle is None")


def test_remove_subtracts() -> None:
    it = story()
    it.add("10:00", "a", 3, 10)
    it.remove("10:01", "a", 1)
    it.says("10:01", "cart_items == 2", "cart_value == 20")
    it.remove("10:02", "a", 0)
    it.says("10:02", "cart_items == 2")


@pytest.mark.parametrize("quantity", [None, 3, 4])
def test_remove_without_quantity_or_of_all_takes_the_line_away(quantity: float | None) -> None:
    it = story()
    it.add("10:00", "a", 3, 10)
    it.add("10:00", "b", 3, 5)
    it.remove("10:01", "a", quantity)
    it.says("10:01", "cart_items == 3", "cart_value == 15")
    it.remove("10:02", "b", quantity)
    it.says("10:02", "cart_items == 0", "cart_idle is None")


def test_remove_of_what_is_not_there_does_nothing() -> None:
    it = story()
    it.add("10:00", "a", 1, 10)
    it.remove("10:01", "b", 1, 99)
    it.says("10:01", "cart_items == 1", "cart_value == 10")


def test_clear_and_a_placed_purchase_empty_the_whole_cart() -> None:
    for empties in (lambda it: it.clear("10:01"), lambda it: it.buys("10:01", lines=[{"product_id": "z"}])):
        it = story("cart_items > 0")
        it.add("10:00", "a", 2)
        it.add("10:00", "b", 2)
        empties(it)
        it.says("10:01", "cart_items == 0", "cart_value == 0", "cart_idle is None")
        it.tells("10:00 entered by event", "10:01 exited by event")


def test_a_refund_touches_no_cart() -> None:
    it = story()
    it.add("10:00", "a", 2, 3)
    it.refund("10:01", lines=[{"product_id": "a", "price": 3}])
    it.says("10:01", "cart_items == 2", "cart_value == 6")


def test_checkout_and_wishes_leave_the_cart_as_it_is() -> None:
    it = story()
    it.add("10:00", "a", 2, 3)
    it.checkout("10:01")
    it.wish("10:02", "b")
    it.says("10:02", "cart_items == 2", "cart_value == 6")


@pytest.mark.parametrize("how", ["add", "update", "remove"])
def test_a_price_given_is_the_lines_last_known_one(how: str) -> None:
    it = story()
    it.add("10:00", "a", 4, 10)
    {"add": it.add, "update": it.update, "remove": it.remove}[how]("10:01", "a", 2, 3)
    items = {"add": 6, "update": 2, "remove": 2}[how]
    it.says("10:01", f"cart_items == {items}", f"cart_value == {items * 3}")


def test_without_a_price_the_line_counts_nothing() -> None:
    it = story()
    it.add("10:00", "a", 2)
    it.add("10:01", "b", 1, 5)
    it.says("10:01", "cart_items == 3", "cart_value == 5")
    it.add("10:02", "a", 1, 2)
    it.says("10:02", "cart_value == 11")


def test_the_price_goes_with_the_line() -> None:
    it = story()
    it.add("10:00", "a", 1, 10)
    it.remove("10:01", "a")
    it.add("10:02", "a", 1)
    it.says("10:02", "cart_items == 1", "cart_value == 0")


def test_idle_counts_from_the_last_cart_event() -> None:
    it = story("cart_idle >= hours(1)")
    it.add("10:00")
    it.checkout("10:20")
    it.passes("11:19:59.999")
    it.tells()
    it.passes("12:00")
    it.tells("11:20 entered by deadline")


def test_a_wish_is_not_counted_in_idle() -> None:
    it = story("cart_idle >= hours(1)")
    it.add("10:00")
    it.wish("10:20")
    it.passes("12:00")
    it.tells("11:00 entered by deadline")


def test_a_remove_without_effect_counts_in_idle() -> None:
    it = story("cart_idle >= hours(1)")
    it.add("10:00", "a")
    it.remove("10:20", "b")
    it.passes("12:00")
    it.tells("11:20 entered by deadline")


def test_idle_is_missing_while_the_cart_is_empty() -> None:
    it = story("not cart_idle < hours(1)")
    it.page_view("09:00")
    it.add("10:00")
    it.remove("10:10")
    it.tells("09:00 entered by event", "10:00 exited by event", "10:10 entered by event")
    it.says("10:10", "cart_idle is None")
    it.denies("12:00", "cart_idle >= hours(0)", "cart_idle < hours(1)")


def test_an_emptied_cart_filled_again_idles_from_the_filling() -> None:
    it = story("cart_idle >= hours(1)")
    it.add("10:00", "a")
    it.remove("10:50", "a")
    it.add("11:30", "a")
    it.passes("14:00")
    it.tells("12:30 entered by deadline")


def open_checkout() -> Story:
    it = story("checkout_open")
    it.add("10:00", "a", 2)
    it.checkout("10:01")
    it.tells("10:01 entered by event")
    return it


def test_a_checkout_with_an_empty_cart_is_none() -> None:
    it = story("checkout_open")
    it.checkout("10:00")
    it.add("10:01")
    it.tells()


def test_a_checkout_stays_open_until_the_cart_was_empty() -> None:
    it = open_checkout()
    it.remove("10:02", "a", 1)
    it.add("10:03", "b")
    it.passes("+9d 10:00")
    it.tells()
    it.remove("+9d 11:00", "a")
    it.remove("+9d 11:01", "b")
    it.add("+9d 11:02", "b")
    it.tells("+9d 11:01 exited by event")


@pytest.mark.parametrize("how", ["clear", "buys"])
def test_emptying_at_once_ends_a_checkout(how: str) -> None:
    it = open_checkout()
    {"clear": it.clear, "buys": it.buys}[how]("10:05")
    it.add("10:06")
    it.tells("10:05 exited by event")


def test_quantities_are_whole_thousandths_rounded_half_even() -> None:
    it = story()
    it.add("10:00", "a", 0.0025, 1000)
    it.says("10:00", "cart_items == 0.002", "cart_value == 2")
    it.add("10:01", "b", 0.0035)
    it.says("10:01", "cart_items == 0.006")


def test_a_quantity_that_rounds_to_nothing_makes_no_line() -> None:
    it = story()
    it.add("10:00", "a", 0.0004, 5)
    it.says("10:00", "cart_items == 0", "cart_idle is None", "cart_adds == 1")


def test_an_update_that_rounds_to_nothing_takes_the_line_away() -> None:
    it = story()
    it.add("10:00", "a", 1, 5)
    it.update("10:01", "a", 0.0005)
    it.says("10:01", "cart_items == 0", "cart_idle is None")


def test_each_line_is_rounded_half_even_to_cents() -> None:
    it = story()
    it.add("10:00", "a", 0.5, 0.01)  # half a cent
    it.says("10:00", "cart_value == 0")
    it.add("10:01", "b", 1.5, 0.01)  # one and a half
    it.says("10:01", "cart_value == 0.02")
    it.add("10:02", "c", 1, 0.125)  # 12.5 cents: a price finer than cents is exact until the line is rounded
    it.says("10:02", "cart_value == 0.14")
    it.update("10:03", "c", 2)
    it.says("10:03", "cart_value == 0.27")
