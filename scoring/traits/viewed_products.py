"""Products a customer has looked at: that one has become cheaper than it was when seen, or can be had again.

A product is *viewed* by a page view, a `cart_add` or a `cart_update` that names it with a price above 0; that is the price *seen*. The
newest counts (of one second the highest price). Whoever has bought it since is not interested any more. The 12 newest products are kept
(scoring/traits/seen_products.py).

News of a product (scoring/events/products.py) counts if it comes after the view, and within 90 days of it:

- A *drop* is news of a lower price than before, below the price seen. It stands while the product is in stock, as far as is known, and its
  price below the one seen; a newer view or purchase ends it. A price that rises and falls once more is a new drop.
  `price_drops`: products with a standing drop; with a duration, those of them whose newest drop was in it.
  `since_price_drop`: since the newest of these. `newest_price_drop`, `largest_price_drop`: by what share of the price seen; else missing.
- `back_in_stock`: products that were out of stock, came back, and are still there; `since_back_in_stock`: since the newest of these.

Views and purchases may come in any order. A view that arrives later than news it precedes does not hear that news, only the next; so it is
for the views of an id that is joined, where the news fell between its last event and the merge.

Product ids are kept as 40 bits of a hash, 13 bytes a product; what was told takes some 50 more, until the customer has seen the product
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scoring.events import money
from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PRODUCT_NEWS, PURCHASES, CartEvent, News, PageView, Purchase
from scoring.segments.model import Definitions
from scoring.state import NEVER, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.products import HASH, hashed, hashes
from scoring.traits.seen_products import BOUGHT, KEY, WIDTH, instant, interested, place, price, with_newest, with_record
from scoring.traits.trait import Fold, Trait, Views

#: Raises and lowers all that is offered here, also what was missing: FIRST need not be said, so others are not looked at.
_TOLD = effect()
_MOST_CENTS = BOUGHT - 1

#: Places in what was told of a product: newest news, price and stock since, newest fall and return, its names.
_NEWEST, _PRICE, _STOCK, _FELL, _BACK, _ID, _NAME = range(7)


def _saw(facts: dict[int, Any], product: bytes, ts: int, cents: int) -> int:
    """Takes in that a product was viewed, or bought. -> effects."""
    mine = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [b"", None]
    before, told = mine
    seen = mine[0] = with_record(before, product, ts, cents)
    if told is None or seen is before:
        return 0
    changed = product in told
    for each in [each for each, entry in told.items() if (i := place(seen, each)) < 0 or entry[_NEWEST] < instant(seen, i)]:
        del told[each]
        changed = True
    mine[1] = told or None
    return _TOLD if changed else 0


def _viewed(facts: dict[int, Any], product: bytes, ts: int, cents: int) -> int:
    """As `_saw`, quick where something new is viewed by somebody who was told nothing: the commonest."""
    mine = opened(facts, KEY)
    if mine is not None and mine[1] is None and (newer := with_newest(mine[0], product, ts, cents)) is not None:
        mine[0] = newer
        return 0
    return _saw(facts, product, ts, cents)


def viewed(s: Customer) -> Iterator[bytes]:
    """The products (hashed) a customer may hear news of."""
    mine = fact(s, KEY)
    seen = mine[0] if mine is not None else b""
    return (seen[i : i + HASH] for i in range(0, len(seen), WIDTH))


def listens(s: Customer, news: News) -> bool:
    """Is it of interest to the customer?"""
    mine = fact(s, KEY)
    if mine is None:
        return False
    seen = mine[0]
    i = place(seen, hashed(news.product_id))
    return i >= 0 and interested(seen, i, news.ts)


# ---- folds


def _page_view(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        cents = e.cents
        if e.product_id is None or cents is None or cents <= 0:
            return 0
        return _viewed(facts, hashes[e.product_id], ts, cents if cents < _MOST_CENTS else _MOST_CENTS)

    return fold


def _cart_event(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: CartEvent, ts: int) -> int:
        if e.price is None or e.product_id is None or e.action == "remove":
            return 0
        cents = money.line_cents(1000, e.price)
        return _viewed(facts, hashes[e.product_id], ts, min(cents, _MOST_CENTS)) if cents > 0 else 0

    return fold


def _purchase(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        effects = 0
        if not e.refunded and e.more is not None:
            for line in e.more.lines or ():
                if line.product_id:
                    effects |= _saw(facts, hashed(line.product_id), ts, BOUGHT)
        return effects

    return fold


def _news(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: News, ts: int) -> int:
        mine = opened(facts, KEY)
        product = hashed(e.product_id)
        i = -1 if mine is None else place(mine[0], product)
        if mine is None or i < 0 or not interested(mine[0], i, ts):
            return 0
        fell = e.price is not None and e.old_price is not None and e.price < e.old_price
        back = e.in_stock is True and e.was_in_stock is False
        told = mine[1] or {}
        if product in told:
            before, entry = list(told[product]), told[product]
        elif fell or back:
            before, entry = [], [ts, e.price, e.in_stock, None, None, e.product_id, e.name]
        else:
            return 0
        if ts >= entry[_NEWEST]:
            entry[_NEWEST], entry[_PRICE], entry[_STOCK], entry[_NAME] = ts, e.price, e.in_stock, e.name
        if fell:
            entry[_FELL] = ts if entry[_FELL] is None else max(ts, entry[_FELL])
        if back:
            entry[_BACK] = ts if entry[_BACK] is None else max(ts, entry[_BACK])
        told[product] = entry
        mine[1] = told
        return _TOLD if entry != before else 0  # news that was told before changes nothing

    return fold


# ---- attributes


def standing(s: Customer) -> list[tuple[int | None, int | None, int, list[Any]]]:
    """(instant of the standing drop, of the return, price seen, what was told) of each product that has one of the two."""
    mine = fact(s, KEY)
    if mine is None or not mine[1]:
        return []
    found = []
    for product, entry in mine[1].items():
        i = place(mine[0], product)
        at, seen = instant(mine[0], i), price(mine[0], i)
        if seen == BOUGHT or entry[_STOCK] is False:
            continue
        fell, back = entry[_FELL], entry[_BACK]
        fell = fell if fell is not None and fell >= at and entry[_PRICE] is not None and entry[_PRICE] < seen else None
        back = back if back is not None and back >= at else None
        if fell is not None or back is not None:
            found.append((fell, back, seen, entry))
    return found


def _drops(s: Customer) -> list[tuple[int, float]]:
    """(instant, share of the price seen) of each standing drop."""
    return [(fell, (seen - entry[_PRICE]) / seen) for fell, _, seen, entry in standing(s) if fell is not None]


def price_drops(s: Customer) -> int:
    return len(_drops(s))


def price_drops_within(s: Customer, now: int, w: int, grain: int) -> tuple[int, int]:
    """(how many, until when by themselves)."""
    ends = [end for fell, _ in _drops(s) if (end := (fell // grain + 1) * grain + w) > now]
    return len(ends), min(ends, default=NEVER)


def price_dropped_at(s: Customer) -> int | None:
    return max((fell for fell, _ in _drops(s)), default=None)


def newest_price_drop(s: Customer) -> float | None:
    return max(_drops(s), default=(0, None))[1]


def largest_price_drop(s: Customer) -> float | None:
    return max((share for _, share in _drops(s)), default=None)


def back_in_stock(s: Customer) -> int:
    return sum(back is not None for _, back, _, _ in standing(s))


def back_in_stock_at(s: Customer) -> int | None:
    return max((back for _, back, _, _ in standing(s) if back is not None), default=None)


#: A message shows so many products at most.
_SHOWN = 6


def shown(s: Customer) -> list[list[Any]]:
    """`[product id, name, price in cents, price seen if it is lower now, is back in stock]`, the newest news first."""
    newest = sorted(standing(s), key=lambda each: -each[3][_NEWEST])[:_SHOWN]
    return [
        [entry[_ID][:200], entry[_NAME], entry[_PRICE], seen if fell is not None else None, back is not None]
        for fell, back, seen, entry in newest
    ]


def join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None:
        return theirs
    merged: dict[int, Any] = {KEY: [mine[0], {**(theirs[1] or {}), **(mine[1] or {})}]}
    for product in (mine[1] or {}).keys() & (theirs[1] or {}).keys():
        one, other = sorted((mine[1][product], theirs[1][product]), key=lambda each: each[_NEWEST])
        fell, back = (max((each for each in (one[k], other[k]) if each is not None), default=None) for k in (_FELL, _BACK))
        merged[KEY][1][product] = [*other[:_FELL], fell, back, *other[_ID:]]
    seen = theirs[0]
    for i in range(0, len(seen), WIDTH):
        _saw(merged, seen[i : i + HASH], instant(seen, i), price(seen, i))
    both = merged[KEY]
    told = {
        product: entry
        for product, entry in (both[1] or {}).items()
        if (i := place(both[0], product)) >= 0 and entry[_NEWEST] >= instant(both[0], i)
    }
    return [both[0], told or None]


_FED = ("page_view", "cart_add", "cart_update", "purchase", "catalog")

TRAIT = Trait(
    key=KEY,
    families=("purchase_habits",),
    attributes=(
        Attribute("price_drops", "number", "steps", "viewed products that became cheaper than when seen", "price_drops(s)", _TOLD, _TOLD,
                  windowed=True, total="price_drops_within(s, now, {w}, {grain})", fed_by=_FED),
        Attribute("since_price_drop", "duration", "grows", "time since the newest of these drops", "price_dropped_at(s)", _TOLD, _TOLD,
                  fed_by=_FED),
        Attribute("newest_price_drop", "number", "none", "the newest of these drops, as a share of the price seen", "newest_price_drop(s)",
                  _TOLD, _TOLD, missing=True, fed_by=_FED),
        Attribute("largest_price_drop", "number", "none", "the largest of these drops, as a share of the price seen",
                  "largest_price_drop(s)", _TOLD, _TOLD, missing=True, fed_by=_FED),
        Attribute("back_in_stock", "number", "none", "viewed products that can be had again", "back_in_stock(s)", _TOLD, _TOLD,
                  fed_by=_FED),
        Attribute("since_back_in_stock", "duration", "grows", "time since the newest of these came back", "back_in_stock_at(s)", _TOLD,
                  _TOLD, fed_by=_FED),
    ),
    folders={PAGE_VIEWS: _page_view, CART_EVENTS: _cart_event, PURCHASES: _purchase, PRODUCT_NEWS: _news},
    join=join,
    functions=(price_drops, price_drops_within, price_dropped_at, newest_price_drop, largest_price_drop, back_in_stock, back_in_stock_at),
    views=Views(fields=("product_id",)),
)  # fmt: skip
