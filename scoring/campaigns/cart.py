"""What lies in a customer's cart, as a message shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scoring.events.money import line_cents

#: A message shows this many lines; a larger cart's other lines are counted only, so that no cart makes a record Kafka refuses.
MOST_LINES = 40
LONGEST_PRODUCT_ID = 200


def lines_of(cart: Mapping[str, Sequence[Any]] | None) -> list[Any]:
    """`[total thousandths, total cents, lines left out, [product, thousandths, price], …]`: in the order the lines came."""
    if not cart:
        return [0, 0, 0]
    quantity = sum(line[0] for line in cart.values())
    cents = sum(line_cents(line[0], line[1]) for line in cart.values())
    shown = [[product[:LONGEST_PRODUCT_ID], line[0], line[1]] for product, line in list(cart.items())[:MOST_LINES]]
    return [quantity, cents, len(cart) - len(shown), *shown]


def shown(lines: Sequence[Any]) -> dict[str, Any]:
    """The JSON form of `lines_of`: quantities as numbers, money in currency units."""
    quantity, cents, left_out, *rows = lines
    return {
        "cart": [
            {"product_id": product, "quantity": _number(thousandths), "price": _price(price), "value": line_cents(thousandths, price) / 100}
            for product, thousandths, price in rows
        ],
        "cart_lines_left_out": left_out,
        "cart_items": _number(quantity),
        "cart_value": cents / 100,
    }


def _number(thousandths: int) -> int | float:
    return thousandths // 1000 if thousandths % 1000 == 0 else thousandths / 1000


def _price(price: int | str | None) -> float | None:
    if price is None:
        return None
    return price / 100 if isinstance(price, int) else float(price)
