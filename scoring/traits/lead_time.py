"""No rush: how long customers look at a product before they buy it, and what they have been looking at for days.

- `lead_time`: the median, over the 5 products bought last, of the time from the first view of a product to its first order from then on.
  Products bought without a view of them have none; without any it is missing.
- `open_interest`: the time since the first view of a product that was viewed on two UTC days or more and not bought since; of several
  the one viewed last (on one day: first viewed first). Missing without such a product.

Instants are cut off to whole seconds. Keeps by product the first view and the day of the last one, and the order; see
scoring/traits/pairing.py for its bounds: of products not bought the 6 viewed last, where one that was come back to counts as viewed 14 days
later than it was. An order that is refunded was bought all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from statistics import median
from struct import Struct
from typing import Any

from scoring.events.schema import PAGE_VIEWS, PURCHASES, PageView, Purchase
from scoring.segments.model import Definitions
from scoring.state import Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.pairing import LAST_SECOND, LONE, OPEN, PAIRS, Facts, Pairing, seconds
from scoring.traits.products import SHORT, hashes, product_key
from scoring.traits.trait import Fold, Trait, Views

KEY = 3
_LED, _INTEREST = effect(), effect()
_DAY = 86_400  # seconds
#: Of products with a view and no order: a record's making and its bytes; of the last record the instant, behind which are so many bytes.
_first, _SIZE = Struct("<3sIB").pack, 8
_since, _BEHIND = Struct("<I").unpack_from, 5

#: A product come back to on another day stays as long as one viewed so many days later once.
_STAYS = 14


def _keeps(record: tuple[Any, ...]) -> int:
    at: int = record[1]
    later: int = record[2]
    return (at // _DAY + later + (_STAYS if later else 0)) * _DAY + at % _DAY


#: `x` is how many days after the first view's day the last view was, 255 at most.
_VIEWS = Pairing("B", "", _keeps)
#: Bytes of as many records as are kept, and what they say if none of the products was come back to.
_FULL, _NEVER = _VIEWS.most, bytes(_VIEWS.most // _VIEWS.size)


def lead_time(s: Customer) -> int | None:
    facts = _facts(s)
    leads = [then - at for _, at, _, then in _VIEWS.pairs(facts)] if facts is not None else None
    return int(1000 * median(leads)) if leads else None


def interested_since(s: Customer) -> int | None:
    facts = _facts(s)
    if facts is None:
        return None
    since = _open_since(facts[OPEN])
    return None if since is None else since * 1000


@lru_cache(maxsize=16_384)
def _open_since(records: bytes) -> int | None:
    """In seconds, of products without an order. Remembered: at a deadline nothing but the time has changed."""
    if not any(records[_VIEWS.x :: _VIEWS.size]):
        return None
    _, since = min((-(at // _DAY + later), at) for _, at, later in _VIEWS.open_in(records) if later)
    return int(since)


def _facts(s: Customer) -> Facts | None:
    found: Facts | None = fact(s, KEY)
    return found


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        if e.product_id is None:
            return 0
        mine = opened(facts, KEY)
        if mine is None:
            mine = facts[KEY] = _VIEWS.nothing()
        key, at = hashes[e.product_id][:SHORT], ts // 1000
        # The commonest: the first view of a product after all that is known, and it changes no answer.
        seen, bought, lone = mine
        if seen and not seen[-1] and _since(seen, len(seen) - _BEHIND)[0] < at <= LAST_SECOND and key not in seen:
            if not ((bought and key in bought) or (lone and key in lone)):
                if len(seen) < _FULL:
                    mine[OPEN] = seen + _first(key, at, 0)
                    return 0
                if seen[_SIZE - 1 :: _SIZE] == _NEVER:
                    mine[OPEN] = seen[_SIZE:] + _first(key, at, 0)
                    return 0
        at = seconds(ts)
        known = _VIEWS.open_record(mine, key)
        if known is not None and known[1] <= at and at // _DAY <= known[1] // _DAY + known[2]:
            return 0  # looked at once more on a day that is known: the commonest
        if known is None:
            return _seen_first(mine, key, at)
        return _changed(mine, lambda: _viewed(mine, key, at))

    return fold


def _seen_first(facts: Facts, key: bytes, at: int) -> int:
    """Most first views of a product leave both answers as they are."""
    opened = facts[OPEN]
    changed = _VIEWS.first(facts, key, at, 0) if facts[PAIRS] or facts[LONE] else _VIEWS.add(facts, key, at, 0)
    if not changed:
        return 0
    if facts[OPEN] is opened:
        return _LED | _INTEREST
    return _INTEREST if any(opened[_VIEWS.x :: _VIEWS.size]) else 0  # what was forgotten matters if it had been come back to


def _changed(facts: Facts, change: Callable[[], Any]) -> int:
    """Makes a change -> its effects."""
    led, since = facts[PAIRS], _open_since(facts[OPEN])
    change()
    effects = _LED if facts[PAIRS] != led else 0
    return effects if _open_since(facts[OPEN]) == since else effects | _INTEREST


def _viewed(facts: Facts, key: bytes, at: int, later: int = 0) -> None:
    """A view at `at`, and one so many days later."""
    known = _VIEWS.open_record(facts, key)
    if known is None:
        _VIEWS.first(facts, key, at, later)
        return
    _, since, last = known
    last_day = max(at // _DAY + later, since // _DAY + last)
    at = min(at, since)
    later = min(last_day - at // _DAY, 255)
    if at == since and later == last:
        return
    _VIEWS.set_open(facts, key, since, later)
    _VIEWS.first(facts, key, at, later)


def _order_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        if e.refunded or e.more is None or not e.more.lines:
            return 0
        products = sorted({line.product_id for line in e.more.lines if line.product_id})
        if not products:
            return 0
        mine = opened(facts, KEY)
        if mine is None:
            mine = facts[KEY] = _VIEWS.nothing()
        return _changed(mine, lambda: [_VIEWS.second(mine, product_key(each), seconds(ts)) for each in products])

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None or theirs is None:
        return mine or theirs
    _VIEWS.replay(theirs, partial(_viewed, mine), partial(_VIEWS.second, mine))
    return mine


TRAIT = Trait(
    KEY,
    ("purchase_habits",),
    (
        Attribute("lead_time", "duration", "none", "median time from the first view of a product to its order, of the 5 bought last",
                  "lead_time(s)", _LED, _LED, missing=True, fed_by=("page_view", "purchase")),
        Attribute("open_interest", "duration", "grows",
                  "time since the first view of the product come back to last on another day, and not bought",
                  "interested_since(s)", _INTEREST, _INTEREST, fed_by=("page_view", "purchase")),
    ),
    {PAGE_VIEWS: _view_folder, PURCHASES: _order_folder},
    _join,
    (lead_time, interested_since),
    views=Views(fields=("product_id",)),
)  # fmt: skip
