"""Waits for the best price: orders with a discount, sale pages, and carts left at the full price and bought for less.

- `discounted_orders`: orders with a `discount` above 0 or a `coupon`. An order that says nothing of either counts as one at full price:
  `discounted_orders(days(365)) / purchases(days(365))` is the share.
- `sale_views`: views of pages of the type `sale`.
- `bought_reduced`: products bought for less than they first lay in the cart for, a day or more before. Of a product count the first
  addition to the cart with a price, and the first order of it from then on: for less is a lower price of its line, or, at the same price or
  none, an order with a discount or coupon. Counted by the order's instant.

Keeps hours with counts, and by product what scoring/traits/pairing.py does (its bounds too: `bought_reduced` is 5 at most). Prices are
rounded to cents, and those above ten million count as that. An order that is refunded was bought all the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import Any

from scoring.events import money
from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PURCHASES, CartEvent, PageView, Purchase
from scoring.events.wire import PurchaseValue
from scoring.segments.model import Definitions
from scoring.series import bump, joined
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.effects import effect
from scoring.traits.pairing import Facts, Pairing, seconds
from scoring.traits.products import product_key
from scoring.traits.trait import Fold, Trait, Views, counted

KEY = 4
_PRICED, _ON_SALE = effect(), effect()

#: Places in the facts: two series by hour from h0, and what lay in the cart and was bought.
_SALES, _DISCOUNTED, _CARTED = range(3)
_DAY = 86_400  # seconds

#: `x` is the price in the cart in cents, `y` what was paid as `_lines` has it; of products not bought those carted last stay.
_CARTS = Pairing("I", "i", itemgetter(1))
_MOST_CENTS, _UNKNOWN = (1 << 30) - 1, (1 << 31) - 1


def price_facts(s: Customer, place: int) -> Any:
    mine = fact(s, KEY)
    return None if mine is None else mine[place]


def reductions(s: Customer) -> list[int] | None:
    """A series of the products bought reduced."""
    facts = price_facts(s, _CARTED)
    if facts is None:
        return None
    reduced = [then // 3600 - s.h0 for _, at, cents, then, paid in _CARTS.pairs(facts) if then - at >= _DAY and paid < 2 * cents]
    return [number for hour in sorted(reduced) for number in (hour, 1)] or None


def _facts(facts: dict[int, Any]) -> list[Any]:
    mine: list[Any] | None = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [None] * 3
    return mine


def _carted(mine: list[Any]) -> Facts:
    if mine[_CARTED] is None:
        mine[_CARTED] = _CARTS.nothing()
    facts: Facts = mine[_CARTED]
    return facts


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        if e.page_type != "sale":
            return 0
        mine = _facts(facts)
        mine[_SALES] = bump(mine[_SALES], ts // HOUR - s.h0, 1)
        return _ON_SALE

    return fold


def _cart_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: CartEvent, ts: int) -> int:
        if e.action != "add" or e.price is None or e.product_id is None:
            return 0
        return _PRICED if _CARTS.first(_carted(_facts(facts)), product_key(e.product_id), seconds(ts), _cents(e.price)) else 0

    return fold


def _cents(price: money.Price) -> int:
    return min(money.line_cents(1000, price), _MOST_CENTS)


def _order_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        more = e.more
        if e.refunded or more is None:
            return 0
        effects, discounted = 0, _discounted(more)
        if discounted:
            mine = _facts(facts)
            mine[_DISCOUNTED] = bump(mine[_DISCOUNTED], ts // HOUR - s.h0, 1)
            effects = _PRICED
        for product, paid in _lines(more, discounted).items():
            if _CARTS.second(_carted(_facts(facts)), product_key(product), seconds(ts), paid):
                effects = _PRICED
        return effects

    return fold


def _discounted(more: PurchaseValue) -> bool:
    return bool(more.coupon and more.coupon.strip()) or (money.amount(bytes(more.discount), "discount") or 0) > 0


def _lines(more: PurchaseValue, discounted: bool) -> dict[str, int]:
    """Product -> the least it was paid for, as twice the cents, one less in an order that was reduced as a whole."""
    least: dict[str, int] = {}
    for line in more.lines or ():
        if line.product_id:
            price = money.price(bytes(line.price), "price")
            paid = 2 * _cents(price) - discounted if price is not None else -1 if discounted else _UNKNOWN
            least[line.product_id] = min(paid, least.get(line.product_id, _UNKNOWN))
    return least


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if theirs is None:
        return mine
    mine = mine or [None] * 3
    for place in (_SALES, _DISCOUNTED):
        mine[place] = joined(mine[place], theirs[place], f.h0 - s.h0)
    if theirs[_CARTED] is not None:
        carted = _carted(mine)
        _CARTS.replay(theirs[_CARTED], partial(_CARTS.first, carted), partial(_CARTS.second, carted))
    return mine


_REDUCED = counted(
    "bought_reduced",
    "products left in the cart for a day or more and then bought for less",
    "reductions(s)",
    _PRICED,
    ("cart_add", "purchase"),
)

TRAIT = Trait(
    KEY,
    ("purchase_habits",),
    (
        counted("discounted_orders", "orders with a discount or a coupon", f"price_facts(s, {_DISCOUNTED})", _PRICED, ("purchase",)),
        counted("sale_views", "views of sale pages", f"price_facts(s, {_SALES})", _ON_SALE, ("page_view",)),
        replace(_REDUCED, fall=_PRICED),  # by a product more than is kept, too
    ),
    {PAGE_VIEWS: _view_folder, CART_EVENTS: _cart_folder, PURCHASES: _order_folder},
    _join,
    (price_facts, reductions),
    views=Views(frozenset(("sale",))),
)  # fmt: skip
