"""Loyalty: buying again, and how much of what one needs is bought here.

- `repeat_share`: of what was ordered, how much had been ordered before: of all pairs of an order and a product in it, the share that
  isn't the product's first, 0 to 1; missing until an order names a product. Of the products of one customer the 24 with the smallest hash
  are followed, a sample that does not depend on what was bought when.
- `month_share`: of the calendar months (UTC) from that of the first order to this one, the newest 24 at most, the share with an order,
  0 to 1; missing without one. This month counts once it has an order: it isn't over. Who orders every month buys little elsewhere: a
  stand-in for the share of the wallet, which no shop sees.

Only orders placed count; refunds take nothing back. Keeps counts by product, and the months as bits.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from scoring.events.schema import PURCHASES, Purchase
from scoring.repeats import fingerprint
from scoring.segments.model import Definitions
from scoring.state import DAY, NEVER, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait

KEY = 11
_BOUGHT = effect()

#: Places in the facts: orders by product's hash; the newest month with an order, since 1970; bit n for the one n months before it (the
#: last bit for all older ones).
_PRODUCTS, _MONTH, _MONTHS = range(3)
_PRODUCTS_KEPT, _MONTHS_KEPT = 24, 24
_OLDER = 1 << _MONTHS_KEPT
_EPOCH = date(1970, 1, 1)


def _facts(s: Customer) -> Any:
    return fact(s, KEY)


def repeat_share(s: Customer) -> float | None:
    mine = _facts(s)
    if mine is None or not mine[_PRODUCTS]:
        return None
    products: dict[int, int] = mine[_PRODUCTS]
    return 1 - len(products) / sum(products.values())


def month_share_at(s: Customer, now: int) -> tuple[float | None, int]:
    """(the share, the beginning of the next month)."""
    mine = _facts(s)
    if mine is None:
        return None, NEVER
    month, following = _month(now // DAY)
    months = mine[_MONTHS] << max(month - mine[_MONTH], 0)
    months >>= not months & 1  # this month may have its order yet
    return (months & (_OLDER - 1)).bit_count() / min(months.bit_length(), _MONTHS_KEPT), following


@lru_cache(maxsize=16_384)
def _month(day: int) -> tuple[int, int]:
    """Of a day since 1970: (its month since then, the instant at which the next one begins)."""
    on = _EPOCH + timedelta(day)
    following = (on.replace(day=28) + timedelta(4)).replace(day=1)
    return (on.year - 1970) * 12 + on.month - 1, (following - _EPOCH).days * DAY


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        if e.refunded:
            return 0
        mine = opened(facts, KEY)
        month = _month(ts // DAY)[0]
        if mine is None:
            mine = facts[KEY] = [{}, month, 0]
        mine[_MONTH], mine[_MONTHS] = _joined(mine[_MONTH], mine[_MONTHS], month, 1)
        lines = (e.more.lines if e.more is not None else None) or ()
        bought = {line.product_id for line in lines if line.product_id is not None}
        _count(mine[_PRODUCTS], {int.from_bytes(fingerprint(product)[:4], "big"): 1 for product in bought})
        return _BOUGHT

    return fold


def _count(products: dict[int, int], more: dict[int, int]) -> None:
    """Adds up, and keeps the smallest hashes: one that has gone can't come back, so that all counts are whole."""
    for product, n in more.items():
        products[product] = products.get(product, 0) + n
    for product in sorted(products)[_PRODUCTS_KEPT:]:
        del products[product]


def _joined(month: int, months: int, other: int, others: int) -> tuple[int, int]:
    """Two of them counted from the newer one's month."""
    newest = max(month, other)
    both = months << newest - month | others << newest - other
    return newest, both & (_OLDER - 1) | (_OLDER if both >= _OLDER else 0)


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None or theirs is None:
        return mine or theirs
    _count(mine[_PRODUCTS], theirs[_PRODUCTS])
    return [mine[_PRODUCTS], *_joined(mine[_MONTH], mine[_MONTHS], theirs[_MONTH], theirs[_MONTHS])]


_FED = ("purchase",)
TRAIT = Trait(
    KEY,
    ("loyalty",),
    (
        Attribute("repeat_share", "number", "none", "the share of what was ordered that had been ordered before", "repeat_share(s)",
                  _BOUGHT, _BOUGHT, missing=True, fed_by=_FED, unit="0 to 1"),
        Attribute("month_share", "number", "steps", "the share of the months since the first order that had one", "", _BOUGHT, _BOUGHT,
                  total="month_share_at(s, now)", missing=True, fed_by=_FED, unit="0 to 1"),
    ),
    {PURCHASES: _folder},
    _join,
    (repeat_share, month_share_at),
)  # fmt: skip
