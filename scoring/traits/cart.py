"""The cart: what lies in it now, when it was last touched, whether a checkout is open.

Keeps the cart as it is, and, to take in late events as if they had come in order, the operations of the lateness window
(`cart_log`) with the cart before them (`cart_base`). An operation's order key is `ts * 8 + topic rank`. What comes before the last
clearing of the cart, or before the log, can't touch it any more: `cart_floor` is that key. A log is cut at 512 operations (a robot's):
then what is older than those counts as late beyond the window. A cart of 1,000 lines (a robot's, or a producer's that never clears it)
takes no further one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from scoring.events.money import line_cents
from scoring.events.schema import CART_EVENT_TYPES, CART_EVENTS, PURCHASES, CartEvent
from scoring.segments.model import Engagement
from scoring.series import bump
from scoring.state import HOUR, Customer, cart_base_of, cart_log_of, cart_of
from scoring.traits.attribute import Attribute
from scoring.traits.effects import ADD, CART, CART_FILLED, CART_TOUCHED, CHECKOUT, FIRST, WISH
from scoring.traits.engagement import warm
from scoring.traits.presence import activity

_CART = ("cart_add", "cart_remove", "cart_update", "cart_clear", "purchase")

ATTRIBUTES = (
    Attribute("cart_adds", "number", "steps", "additions to the cart", "s.add_count", ADD, windowed=True,
              total="total(s.adds, s.h0, now, {w}, {grain})", reach="reach(s.adds, s.h0, now, {w}, {k}, {grain})", fed_by=("cart_add",)),
    Attribute("wishlist_adds", "number", "steps", "additions to the wish list", "s.wish_count", WISH, windowed=True,
              total="total(s.wishes, s.h0, now, {w}, {grain})", reach="reach(s.wishes, s.h0, now, {w}, {k}, {grain})",
              fed_by=("wishlist_add",)),
    Attribute("since_last_cart_add", "duration", "grows", "time since the last addition to the cart", "s.last_add", 0, ADD,
              fed_by=("cart_add",)),
    Attribute("cart_items", "number", "none", "sum of quantities in the cart", "cart_items(s)", CART, CART, zero="not s.cart",
              fed_by=_CART),
    Attribute("cart_value", "number", "none", "quantity x last known price, each line rounded to cents", "cart_value(s)", CART, CART,
              unit="currency", fed_by=_CART),
    Attribute("cart_idle", "duration", "grows", "time since the last cart event other than wishlist_add; missing while the cart is empty",
              "(s.last_cart if s.cart else None)",
              CART_FILLED, CART | CART_TOUCHED, fed_by=(*_CART, "checkout_started")),
    Attribute("checkout_open", "boolean", "none", "a checkout was started and the cart has not been empty since", "s.checkout", CHECKOUT,
              CHECKOUT, fed_by=(*_CART, "checkout_started")),
)  # fmt: skip

Lines = dict[str, list[Any]]
_LOG_LIMIT = 512
_MOST_LINES = 1_000
#: Actions as they stand in the log: a letter each, since the log is the largest part of many a state.
_ADD, _UPDATE, _REMOVE, _CLEAR, _CHECKOUT = "a", "u", "r", "c", "k"
_LETTERS = {"add": _ADD, "update": _UPDATE, "remove": _REMOVE, "clear": _CLEAR, "checkout_started": _CHECKOUT}


def cart_items(s: Customer) -> float:
    cart = cart_of(s)
    return sum([line[0] for line in cart.values()]) / 1000 if cart else 0


def cart_value(s: Customer) -> float:
    cart = cart_of(s)
    return sum([line_cents(line[0], line[1]) for line in cart.values()]) / 100 if cart else 0


def folder(engagement: Engagement, lateness: int) -> Callable[[Customer, CartEvent, int], int]:
    """The fold of a cart event: (state, event, ts) -> effects."""
    half_life = engagement.half_life
    weights = {action: engagement.weights.get(name, 0.0) for action, name in CART_EVENT_TYPES.items()}

    def fold(s: Customer, e: CartEvent, ts: int) -> int:
        action = e.action
        weight = weights[action]
        effects = warm(s, weight, ts, half_life) if weight else 0
        if action == "wishlist_add":
            s.wish_count += 1
            s.wishes = bump(s.wishes, ts // HOUR - s.h0, 1)
            return effects | WISH | activity(s, ts, lateness)
        effects |= CART_TOUCHED
        if action == "add":
            s.add_count += 1
            s.adds = bump(s.adds, ts // HOUR - s.h0, 1)
            effects |= ADD
            if s.last_add is None:
                effects |= FIRST
            s.last_add = ts if s.last_add is None else max(ts, s.last_add)
        s.last_cart = ts if s.last_cart is None else max(ts, s.last_cart)
        if s.at - ts <= lateness:
            effects |= operate(s, [ts * 8 + CART_EVENTS, _LETTERS[action], e.product_id, e.quantity, e.price], lateness)
        return effects | activity(s, ts, lateness)

    return fold


def empty(s: Customer, ts: int, lateness: int) -> int:
    """A placed purchase empties the cart; returns the effects."""
    if s.at - ts > lateness:
        return 0
    return operate(s, [ts * 8 + PURCHASES, _CLEAR, None, None, None], lateness)


def forget_log(s: Customer, at: int, lateness: int) -> None:
    """Lets go of a log of which every operation is older than the window at `at`: nothing can come before any of them."""
    since = at - lateness
    if (s.last_cart is None or s.last_cart < since) and (s.last_order is None or s.last_order < since):
        s.cart_log = s.cart_base = None
        s.base_checkout = False


def refill(s: Customer, ts: int) -> int:
    """Takes back the emptying of the cart by an order at `ts`; returns the effects."""
    log = cart_log_of(s)
    key = ts * 8 + PURCHASES
    i = bisect_left(log, key, key=_key) if log is not None else 0
    if log is None or i == len(log) or log[i][0] != key:
        return 0
    del log[i]
    replay(s, log)
    s.cart_log = log or None
    return CART | CART_FILLED | CHECKOUT


def operate(s: Customer, operation: list[Any], lateness: int) -> int:
    """Takes one operation at its place in order; returns the effects on the cart."""
    key, action = operation[0], operation[1]
    if s.cart_floor is not None and key < s.cart_floor:
        return 0
    had, had_checkout = bool(s.cart), s.checkout
    log = cart_log_of(s)
    if log is None or key >= log[-1][0]:
        if action == _CLEAR and key & 7 == CART_EVENTS:  # an order that empties it may be taken back
            s.cart = s.cart_base = s.cart_log = None
            s.checkout = s.base_checkout = False
            s.cart_floor = key
        else:
            if log is None:
                s.cart_log = [operation]
                s.cart_base = _copy(cart_of(s))
                s.base_checkout = s.checkout
            else:
                log.append(operation)
                trim(s, key - lateness * 8)
            s.cart, s.checkout = _apply(cart_of(s), s.checkout, operation)
    else:
        _insert(s, operation)
    has = bool(s.cart)
    if not had and not has and not had_checkout:
        return 0
    effects = CART
    if has and not had:
        effects |= CART_FILLED
    return effects | CHECKOUT if s.checkout != had_checkout else effects


def _insert(s: Customer, operation: list[Any]) -> None:
    log = cart_log_of(s)
    assert log is not None
    i = bisect_right(log, operation[0], key=_key)
    if operation[1] == _CLEAR and operation[0] & 7 == CART_EVENTS:
        s.cart_log = log = log[i:]
        s.cart_base, s.base_checkout, s.cart_floor = None, False, operation[0]
    else:
        log.insert(i, operation)
        if len(log) > _LOG_LIMIT:
            trim(s, log[0][0])
    replay(s, log)


def replay(s: Customer, log: list[list[Any]]) -> None:
    """The cart as `cart_base` and these operations make it."""
    cart = _copy(cart_base_of(s))
    checkout = s.base_checkout
    for each in log:
        cart, checkout = _apply(cart, checkout, each)
    s.cart, s.checkout = cart, checkout


def trim(s: Customer, oldest: int) -> None:
    """Takes operations before the order key `oldest`, or too many, out of the log and into the base."""
    log = cart_log_of(s)
    assert log is not None
    if log[0][0] >= oldest and len(log) <= _LOG_LIMIT:
        return
    n = len(log) // 2 if len(log) > _LOG_LIMIT else 0
    while log[n][0] < oldest:  # ends: the newest operation is not older than the window
        n += 1
    cart, checkout = cart_base_of(s), s.base_checkout
    for operation in log[:n]:
        cart, checkout = _apply(cart, checkout, operation)
    s.cart_base, s.base_checkout, s.cart_floor = cart, checkout, log[n - 1][0]
    del log[:n]


def _copy(cart: Lines | None) -> Lines | None:
    return {product: line.copy() for product, line in cart.items()} if cart else None


def _key(operation: list[Any]) -> int:
    return int(operation[0])


def _apply(cart: Lines | None, checkout: bool, operation: list[Any]) -> tuple[Lines | None, bool]:
    """The cart (changed in place) and whether a checkout is open after the operation; an empty cart is None."""
    _, action, product, quantity, price = operation
    if action == _ADD or action == _UPDATE:
        if cart is None:
            cart = {}
        line = cart.get(product)
        if line is None:
            if quantity > 0 and len(cart) < _MOST_LINES:
                cart[product] = [quantity, price]
        else:
            line[0] = line[0] + quantity if action == _ADD else quantity
            if price is not None:
                line[1] = price
            if line[0] <= 0:
                del cart[product]
    elif action == _REMOVE:
        line = cart.get(product) if cart is not None else None
        if cart is not None and line is not None:
            if quantity is None or line[0] <= quantity:
                del cart[product]
            else:
                line[0] -= quantity
                if price is not None:
                    line[1] = price
    elif action == _CLEAR:
        return None, False
    elif action == _CHECKOUT:
        checkout = bool(cart)
    return (cart, checkout) if cart else (None, False)
