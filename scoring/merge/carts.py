"""The carts of two ids as one: the operations of both in their order, over what lay in the carts before them."""

from __future__ import annotations

from typing import Any

from scoring.events.schema import PURCHASES
from scoring.state import Customer, cart_base_of, cart_log_of, cart_of
from scoring.traits.cart import replay, trim

_MOST_LINES = 1_000
_LONGEST_LOG = 512

Lines = dict[str, list[Any]]


def join(s: Customer, f: Customer, lateness: int) -> None:
    """Emptying one of the carts empties the one they are now, where it is known when that was: an order, or a clearing in the window."""
    emptied = max(_emptied(s, lateness), _emptied(f, lateness))
    mine, theirs = _parts(s, emptied), _parts(f, emptied)
    newer, older = (mine, theirs) if (s.last_cart or 0) >= (f.last_cart or 0) else (theirs, mine)
    base = _summed(newer[0], older[0])
    log = sorted(mine[1] + theirs[1], key=lambda operation: int(operation[0]))
    floors = [floor for floor in (s.cart_floor, f.cart_floor) if floor is not None]
    s.cart_base, s.base_checkout = base, bool(base) and (mine[2] or theirs[2])
    s.cart_floor, s.cart_log = max(floors, default=None), log or None
    if len(log) > _LONGEST_LOG:
        trim(s, log[0][0])
    replay(s, cart_log_of(s) or [])
    if s.cart_log is None:
        s.cart_base, s.base_checkout = None, False


def _emptied(s: Customer, lateness: int) -> int:
    """The order key at which the cart was emptied last, as far as is known.

    A floor that is more than the window before the last operation may be where the log was cut; a later one is a clearing.
    """
    order = -1 if s.last_order is None else s.last_order * 8 + PURCHASES
    floor = s.cart_floor
    if floor is None or cart_base_of(s) or s.last_cart is None or floor // 8 <= s.last_cart - lateness:
        return order
    return max(order, floor)


def _parts(s: Customer, emptied: int) -> tuple[Lines | None, list[list[Any]], bool]:
    """(what lay in the cart before the log, the log, whether a checkout was open before it), of what was not emptied away."""
    log = cart_log_of(s)
    if log is None:  # nothing of the cart is known to be older than what lies in it
        left = (s.last_cart or 0) * 8 > emptied
        return (cart_of(s), [], s.checkout) if left else (None, [], False)
    kept = [operation for operation in log if operation[0] >= emptied]
    if len(kept) < len(log):
        return None, kept, False
    return cart_base_of(s), log, s.base_checkout


def _summed(newer: Lines | None, older: Lines | None) -> Lines | None:
    """Quantities of both; a price of the newer where it has one."""
    if not newer or not older:
        return newer or older
    lines = {product: line.copy() for product, line in older.items()}
    for product, (quantity, price) in newer.items():
        line = lines.get(product)
        if line is not None:
            line[0] += quantity
            line[1] = line[1] if price is None else price
        elif len(lines) < _MOST_LINES:
            lines[product] = [quantity, price]
    return lines
