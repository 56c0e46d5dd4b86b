"""Money by decimal text: exact, half even, and never a float in between."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events import money
from scoring.events.invalid import Invalid


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12", 1200), ("12.5", 1250), ("12.50", 1250), ("12.500000000000", 1250), ("0", 0), ("-0.0", 0), ("0e999999999", 0),
        ("1.25e1", 1250),
        ("1250E-2", 1250), ("0.1", 10), ("1.005", "1.005"), ("12.345", "12.345"), ("12.3450", "12.345"), ("1.2345e1", "12.345"),
        ("1e-3", "0.001"), ("999999999999.99", 99_999_999_999_999),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
    ],
)  # fmt: skip
def test_a_price_is_cents_or_its_text(text: str, price: int | str) -> None:
    assert money.price(text.encode(), "price") == price


@pytest.mark.parametrize(
    "text", ["1e400", "1E999999999", "100000000000000000000", "1000000000000", "1e12", "9" * 5000, "1e-200", "0." + "0" * 200 + "1"]
)
def test_absurd_magnitudes_are_out_of_range(text: str) -> None:
    for read in (money.price, money.amount):
        with pytest.raises(Invalid) as refused:
            read(text.encode(), "price")
        assert refused.value.error == "out_of_range"


@pytest.mark.parametrize("text", ['"12.5"', "true", "false", "[1]", '{"a":1}'])
def test_what_is_no_number_is_mistyped(text: str) -> None:
    for read in (money.price, money.amount, money.quantity):
        with pytest.raises(Invalid) as refused:
            read(text.encode(), "price")
        assert refused.value.error == "wrong_type"


@pytest.mark.parametrize(
    ("text", "cents"), [("1.005", 100), ("1.015", 102), ("1.025", 102), ("-1.005", -100), ("-1.015", -102), ("0.0051", 1), ("2.675", 268)]
)
def test_an_amount_is_rounded_half_even(text: str, cents: int) -> None:
    assert money.amount(text.encode(), "total") == cents


@pytest.mark.parametrize(
    ("text", "thousandths"), [("1", 1000), ("0.0005", 0), ("0.0015", 2), ("0.0025", 2), ("-2.5", -2500), ("1e3", 1_000_000)]
)
def test_a_quantity_is_thousandths_half_even(text: str, thousandths: int) -> None:
    assert money.quantity(text.encode(), "quantity") == thousandths


def test_absent_and_null_are_none_whatever_was_read_before() -> None:
    for read in (money.price, money.amount, money.quantity):
        assert read(b"", "price") is None
        assert read(b"null", "price") is None


prices = st.builds(lambda digits, places: format(Decimal(digits).scaleb(-places), "f"), st.integers(0, 10**9), st.integers(0, 8))
quantities = st.integers(0, 10**7)


@given(prices, quantities)
def test_a_line_is_exact_then_rounded_once(text: str, thousandths: int) -> None:
    unit = money.price(text.encode(), "price")
    exact = Decimal(text) * thousandths / 10
    assert money.line_cents(thousandths, unit) == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


@given(prices)
def test_equal_prices_are_equal(text: str) -> None:
    again = text + "000" if "." in text else text + ".000"
    assert money.price(again.encode(), "price") == money.price(text.encode(), "price")
