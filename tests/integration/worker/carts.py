"""What lies in carts, counted as a child would: events one by one in the order given, and nothing of the engine's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from scoring.state import Customer, cart_of
from tests.integration.worker.shop import CART_EVENTS, PURCHASES, Sent

Cart = dict[str, int]


def carts(events: Iterable[Sent]) -> dict[str, Cart]:
    """Product -> pieces, by customer; who has nothing in the cart is not there. A repeated `event_id` counts once."""
    found: dict[str, Cart] = defaultdict(dict)
    seen: set[tuple[bytes, str]] = set()
    for event in events:
        value = json.loads(event.value)
        if (event_id := value.get("event_id")) is not None:
            if (event.key, event_id) in seen:
                continue
            seen.add((event.key, event_id))
        cart = found[value["customer_id"]]
        if event.rank == PURCHASES:
            cart.clear()
        elif event.rank == CART_EVENTS:
            _apply(cart, value)
    return {customer: cart for customer, cart in found.items() if cart}


def in_cart(state: Customer) -> Cart:
    """The same of a state."""
    return {product: line[0] // 1000 for product, line in (cart_of(state) or {}).items()}


def _apply(cart: Cart, value: dict[str, str]) -> None:
    action = value["action"]
    if action == "clear":
        cart.clear()
    elif action in ("add", "update", "remove"):
        product, quantity = value["product_id"], int(value["quantity"])
        before = cart.pop(product, 0)
        after = {"add": before + quantity, "update": quantity, "remove": before - quantity}[action]
        if after > 0:
            cart[product] = after
