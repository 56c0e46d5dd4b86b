"""What an event did to a customer's facts, as bits: only segments that read one of them need another look.

FIRST stands for "something missing is there now": a new moment of change may appear anywhere, so everything is looked at.
"""

from __future__ import annotations

from itertools import count

(
    VIEW, PRODUCT_VIEW, SEARCH, VISIT, SESSION, SITE_TIME, ACTIVE_DAY,
    ADD, WISH, CART, CART_FILLED, CART_TOUCHED, CHECKOUT,
    ORDER, REFUND, SPEND_UP, SPEND_DOWN, WARMTH, PROFILE, FIRST, FIRST_VIEW,
) = (1 << i for i in range(21))  # fmt: skip

_more = count(21)


def effect() -> int:
    """One more bit, for a trait's own facts. Which one it is differs from release to release: it is never stored."""
    return 1 << next(_more)
