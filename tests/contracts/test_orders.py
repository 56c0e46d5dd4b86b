"""Orders, refunds and money: sections 1 to 3."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.contracts.scenario import story


def test_the_amount_is_the_total() -> None:
    it = story()
    it.buys("10:00", "o1", 12.34, lines=[{"product_id": "a", "quantity": 2, "price": 100}])
    it.says("10:00", "spend == 12.34", "purchases == 1")


def test_without_a_total_it_is_the_sum_of_the_lines() -> None:
    it = story()
    lines = [{"product_id": "a", "quantity": 2, "price": 1.25}, {"product_id": "b"}, {"quantity": 0, "price": 9}, {"price": 3}]
    it.buys("10:00", "o1", lines=lines)
    it.says("10:00", "spend == 5.5")


def test_an_order_without_amount_counts_nothing() -> None:
    it = story()
    it.buys("10:00", "o1")
    it.says("10:00", "spend == 0", "purchases == 1", "spend / purchases == 0")


@pytest.mark.parametrize(
    ("quantity", "price", "spend"),
    [
        ("1", "0.005", "0"), ("1", "0.015", "0.02"), ("1", "0.025", "0.02"), ("0.5", "0.03", "0.02"), ("0.5", "0.01", "0"),
        ("3", "0.335", "1"), ("3", "0.115", "0.34"), ("0.0005", "1000", "0"), ("0.0015", "1000", "2"), ("1", "1.005", "1"),
    ],
)  # fmt: skip
def test_each_line_is_exact_in_decimals_and_rounded_half_even(quantity: str, price: str, spend: str) -> None:
    it = story()
    it.buys("10:00", lines=[{"quantity": Decimal(quantity), "price": Decimal(price)}])
    it.says("10:00", f"spend == {spend}")


def test_lines_are_rounded_one_by_one() -> None:
    it = story()
    it.buys("10:00", lines=[{"price": Decimal("0.015")}, {"price": Decimal("0.015")}, {"price": Decimal("0.004")}])
    it.says("10:00", "spend == 0.04")


def test_a_total_is_rounded_half_even() -> None:
    it = story()
    it.buys("10:00", "o1", Decimal("2.675"))
    it.says("10:00", "spend == 2.68")
    it.buys("10:00", "o2", Decimal("0.005"))
    it.says("10:00", "spend == 2.68")


def test_an_order_is_placed_once() -> None:
    it = story("purchases >= 2")
    assert it.buys("10:00", "o1", 10)
    assert not it.buys("10:00", "o1", 10)
    assert not it.buys("+300d 10:00", "o1", 99)
    it.says("+300d 10:00", "purchases == 1", "spend == 10", "sessions == 1", "since_last_purchase > days(299)")
    it.tells()


def test_a_repeated_order_empties_no_cart() -> None:
    it = story()
    it.buys("10:00", "o1", 10)
    it.add("10:05", "a")
    assert not it.buys("10:06", "o1", 10)
    it.says("10:06", "cart_items == 1", "engagement >= 12.9")


def test_a_refund_is_subtracted_and_needs_no_earlier_order() -> None:
    it = story("spend < 0")
    it.refund("10:00", "o1", 5)
    it.says("10:00", "spend == -5", "refunds == 1", "purchases == 0", "since_last_purchase is None")
    it.tells("10:00 entered by event")


def test_refunds_are_never_repeats_of_each_other() -> None:
    it = story()
    it.buys("10:00", "o1", 10)
    assert it.refund("10:01", "o1", 2)
    assert it.refund("10:01", "o1", 2)
    it.says("10:01", "refunds == 2", "spend == 6")


def test_an_order_may_be_placed_after_its_refund() -> None:
    it = story()
    it.refund("10:00", "o1", 2)
    assert it.buys("10:01", "o1", 10)
    it.says("10:01", "spend == 8")


@pytest.mark.parametrize(
    "fields", [{"total": -4}, {"total": 4}, {"lines": [{"quantity": -2, "price": 2}]}, {"lines": [{"quantity": 2, "price": 2}]}]
)
def test_signs_are_ignored_in_refunds(fields: dict[str, object]) -> None:
    it = story()
    it.buys("10:00", "o1", 10)
    it.refund("10:01", "o1", **fields)
    it.says("10:01", "spend == 6")


def test_status_refunded_is_a_refund() -> None:
    it = story()
    it.event("10:00", "refund", order_id="o1", status="refunded", total=3)
    it.says("10:00", "refunds == 1", "spend == -3")


def test_spend_is_cents_through_a_hundred() -> None:
    it = story()
    for n in range(3):
        it.buys("10:00", f"o{n}", 0.1)
    it.says("10:00", "spend == 0.3", "spend != 0.1 + 0.1 + 0.1")


def test_purchases_of_all_windows_at_once() -> None:
    it = story("spend(days(30)) > 0.5 * spend(days(90)) and spend(days(90)) >= 100")
    it.buys("10:00", "o1", 100)
    it.buys("+20d 10:00", "o2", 50)
    it.tells("10:00 entered by event")
    it.passes("+200d 00:00")
    it.tells("+30d 11:00 exited by deadline")
