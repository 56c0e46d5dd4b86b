"""The cart: what lies in it now, when it was last touched, whether a checkout is open."""

from __future__ import annotations

from scoring.traits.attribute import Attribute

_CART = ("cart_add", "cart_remove", "cart_update", "cart_clear", "purchase")

ATTRIBUTES = (
    Attribute("cart_adds", "number", "steps", "additions to the cart", windowed=True, fed_by=("cart_add",)),
    Attribute("wishlist_adds", "number", "steps", "additions to the wish list", windowed=True, fed_by=("wishlist_add",)),
    Attribute("since_last_cart_add", "duration", "grows", "time since the last addition to the cart", fed_by=("cart_add",)),
    Attribute("cart_items", "number", "none", "sum of quantities in the cart", fed_by=_CART),
    Attribute("cart_value", "number", "none", "quantity x last known price, each line rounded to cents", fed_by=_CART),
    Attribute("cart_idle", "duration", "grows", "time since the last cart event other than wishlist_add; missing while the cart is empty",
              fed_by=(*_CART, "checkout_started")),
    Attribute("checkout_open", "boolean", "none", "a checkout was started and the cart has not been empty since",
              fed_by=(*_CART, "checkout_started")),
)  # fmt: skip
