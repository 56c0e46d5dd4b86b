"""Experience: what a customer and the shop have been through together.

How long, and how it was, others say: `since_first_seen` and `since_last_visit` (presence), `since_first_purchase` (anniversary),
`feedbacks`, `complaints` and `reviews` (satisfaction). Here is with what:

- `interactions`: page views, things put into the cart or on the wish list, orders and refunds, all added up.
- `bought("shoes")`: orders with a line of that category. `categories_bought`: different categories of the lines of all orders. Refunds take
  nothing back: sent back is experience too.

Keeps the orders of 32 categories, names up to 100 characters: those with most orders, when there are more. A customer who never bought
anything of a category has nothing kept.
"""

from __future__ import annotations

from typing import Any

from scoring.events.schema import PURCHASES, Purchase
from scoring.segments.model import Definitions
from scoring.state import Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import ADD, ORDER, REFUND, VIEW, WISH, effect
from scoring.traits.trait import Fold, Trait

KEY = 12
_BOUGHT = effect()

_MOST, _LONGEST = 32, 100


def bought(s: Customer, category: str) -> int:
    return _orders(s).get(category, 0)


def categories_bought(s: Customer) -> int:
    return len(_orders(s))


def _orders(s: Customer) -> dict[str, int]:
    """By category."""
    return fact(s, KEY) or {}


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        if e.refunded or e.more is None or not e.more.lines:
            return 0
        named = {line.category_id[:_LONGEST] for line in e.more.lines if line.category_id}
        if not named:
            return 0
        orders = opened(facts, KEY)
        if orders is None:
            orders = facts[KEY] = {}
        for category in named:
            orders[category] = orders.get(category, 0) + 1
        _forget(orders)
        return _BOUGHT

    return fold


def _forget(orders: dict[str, int]) -> None:
    for category in sorted(orders, key=lambda each: (orders[each], each))[: len(orders) - _MOST] if len(orders) > _MOST else ():
        del orders[category]


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None or theirs is None:
        return mine or theirs
    for category, orders in theirs.items():
        mine[category] = mine.get(category, 0) + orders
    _forget(mine)
    return mine


_ALL = VIEW | ADD | WISH | ORDER | REFUND

TRAIT = Trait(
    KEY,
    ("experience",),
    (
        Attribute("interactions", "number", "none", "page views, cart and wish list adds, orders and refunds",
                  "(s.product_view_count + s.other_view_count + s.add_count + s.wish_count + s.order_count + s.refund_count)", _ALL,
                  fed_by=("page_view", "cart_add", "wishlist_add", "purchase", "refund")),
        Attribute("bought", "number", "none", "orders with a line of a category", "bought(s, {a})", _BOUGHT, argument="category",
                  fed_by=("purchase",)),
        Attribute("categories_bought", "number", "none", "different categories bought from", "categories_bought(s)", _BOUGHT,
                  fed_by=("purchase",)),
    ),
    {PURCHASES: _folder},
    _join,
    (bought, categories_bought),
)  # fmt: skip
