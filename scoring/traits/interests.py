"""Interests: in which categories a customer is interested now, as shares that fade with one half-life.

Every look at a category weighs 1, something of it on the wish list 3, in the cart 3, a line of an order 5, and all of it halves every 28
days. A share is a category's weight divided by that of all: as everything fades alike, time alone changes no share. Weights are kept as
they would be at one instant in the past (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, 2009), so that the order in which events
come makes no difference.

- `interest("shoes")`: the share of that category, 0 to 1; 0 for one never seen; missing while no category was seen at all.
- `top_interest`: the category with the largest share. Of equal ones the first by name.
- `top_interest_share`: that share, in whole hundredths (cut off). Missing before the tenth look, addition or line: a share of less says
  nothing.
- `rising_interest`: the category whose share would be larger by the most, and by at least 0.2, if weights halved in 7 days instead of 28:
  what is looked at now, and was not before. Of equal ones the first by name. Missing where there is none, before the tenth look, addition
  or line, and if that category had a weight (halving in 7 days) below 5 when the newest of them all came.

Keeps the 12 categories with the most weight, names up to 100 characters: the smallest is forgotten when there are more.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PURCHASES, CartEvent, PageView, Purchase
from scoring.segments.model import Definitions
from scoring.state import DAY, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait, Views

KEY = 2
_INTEREST, _SHARE, _RISES = effect(), effect(), effect()

HALF_LIFE = 28 * DAY
#: The half-life that shows what rises is a quarter of it: a weight of the one to the fourth power is a weight of the other.
_POWER = 4
WEIGHTS = {"page_view": 1.0, "wishlist_add": 3.0, "add": 3.0, "line": 5.0}
RISING, ENOUGH_NOW = 0.2, 5.0
#: Looks, additions and lines from which on shares say something.
ENOUGH = 10
_MOST, _LONGEST = 12, 100
#: Half-lives that weights may grow until they are counted from a later instant: floats of four bytes end at 2 ** 127, by the short one.
_FAR = 25
#: Sums of the same weights in another order differ in their last bits: by so much of a share.
_SAME = 1e-5

#: Places in the facts: half-lives since 1970 that weights count from; {category: weight and weight by the short half-life}; how many; the
#: newest instant (ms); the top's share in hundredths, and what rises, as of then.
_ORIGIN, _WEIGHTS, _COUNT, _NEWEST, _SHARE_NOW, _RISING_NOW = range(6)
Weights = dict[str, bytes]
_PAIR = Struct("<ff")


def _pair(kept: bytes) -> tuple[float, float]:
    """(weight, weight by the short half-life)."""
    long, short = _PAIR.unpack(kept)
    return long, short


def _mine(s: Customer) -> list[Any] | None:
    found: list[Any] | None = fact(s, KEY)
    return found


def _weights(s: Customer) -> Weights:
    mine = _mine(s)
    return {} if mine is None else mine[_WEIGHTS]


def interest(s: Customer, category: str) -> float | None:
    weights = _weights(s)
    if not weights:
        return None
    return _pair(weights[category])[0] / sum(_pair(each)[0] for each in weights.values()) if category in weights else 0.0


def top_interest(s: Customer) -> str | None:
    weights = _weights(s)
    if not weights:
        return None
    most = max(_pair(each)[0] for each in weights.values()) * (1 - _SAME)
    return min(category for category, each in weights.items() if _pair(each)[0] >= most)


def top_interest_share(s: Customer) -> float | None:
    mine = _mine(s)
    return None if mine is None or mine[_SHARE_NOW] is None else mine[_SHARE_NOW] / 100


def rising_interest(s: Customer) -> str | None:
    mine = _mine(s)
    return None if mine is None else mine[_RISING_NOW]


def _looked(mine: list[Any]) -> int:
    """What the shares say now, kept: most events change neither, and need no look at the segments that ask."""
    share: int | None = None
    rising: str | None = None
    if mine[_COUNT] >= ENOUGH:
        weights: Weights = mine[_WEIGHTS]
        longs, shorts = zip(*_PAIR.iter_unpack(b"".join(weights.values())), strict=True)
        long, short = sum(longs), sum(shorts)
        share = int(100 * (max(longs) / long + _SAME))
        rises = [now / short - lasting / long for lasting, now in zip(longs, shorts, strict=True)]
        most = max(rises)
        if most >= RISING - _SAME:
            rising = min(category for category, rise in zip(weights, rises, strict=True) if rise >= most - _SAME)
            now = 2.0 ** (_POWER * (mine[_NEWEST] / HALF_LIFE - mine[_ORIGIN]))
            if _pair(weights[rising])[1] < (ENOUGH_NOW - _SAME) * now:
                rising = None
    effects = 0
    if share != mine[_SHARE_NOW]:
        mine[_SHARE_NOW] = share
        effects = _SHARE
    if rising != mine[_RISING_NOW]:
        mine[_RISING_NOW] = rising
        effects |= _RISES
    return effects


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    weight = WEIGHTS["page_view"]

    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        return 0 if e.category_id is None else _add(facts, e.category_id, weight, ts)

    return fold


def _cart_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: CartEvent, ts: int) -> int:
        weight = WEIGHTS.get(e.action)
        return 0 if e.category_id is None or weight is None else _add(facts, e.category_id, weight, ts)

    return fold


def _order_folder(definitions: Definitions, lateness: int) -> Fold:
    weight = WEIGHTS["line"]

    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        if e.refunded or e.more is None or e.more.lines is None:
            return 0
        effects = 0
        for line in e.more.lines:
            if line.category_id:
                effects |= _add(facts, line.category_id, weight, ts)
        return effects

    return fold


def _add(facts: dict[int, Any], category: str, weight: float, ts: int) -> int:
    mine = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [ts // HALF_LIFE, {}, 0, ts, None, None]
    age = ts / HALF_LIFE - mine[_ORIGIN]
    if age > _FAR:
        _count_from(mine, ts // HALF_LIFE)
        age = ts / HALF_LIFE - mine[_ORIGIN]
    grown = 2.0**age
    mine[_COUNT] += 1
    mine[_NEWEST] = max(mine[_NEWEST], ts)
    weights: Weights = mine[_WEIGHTS]
    category = category[:_LONGEST]
    kept = weights.get(category)
    # Each sum is rounded to what is kept: otherwise it would matter how many events a state is written after.
    if kept is None:
        weights[category] = _PAIR.pack(weight * grown, weight * grown**_POWER)
        if len(weights) > _MOST:
            _forget(weights)
    else:
        long, short = _pair(kept)
        weights[category] = _PAIR.pack(long + weight * grown, short + weight * grown**_POWER)
    return _INTEREST | _looked(mine)


def _count_from(mine: list[Any], origin: int) -> None:
    """Powers of two: it costs no accuracy."""
    fade = 2.0 ** (mine[_ORIGIN] - origin)
    for category, each in mine[_WEIGHTS].items():
        long, short = _pair(each)
        mine[_WEIGHTS][category] = _PAIR.pack(long * fade, short * fade**_POWER)
    mine[_ORIGIN] = origin


def _forget(weights: Weights) -> None:
    del weights[min(weights, key=lambda category: (_pair(weights[category])[0], category))]


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None or theirs is None:
        return mine or theirs
    origin = max(mine[_ORIGIN], theirs[_ORIGIN])
    _count_from(mine, origin)
    _count_from(theirs, origin)
    mine[_COUNT] += theirs[_COUNT]
    mine[_NEWEST] = max(mine[_NEWEST], theirs[_NEWEST])
    weights: Weights = mine[_WEIGHTS]
    for category, each in theirs[_WEIGHTS].items():
        mine_long, mine_short = _pair(weights[category]) if category in weights else (0.0, 0.0)
        long, short = _pair(each)
        weights[category] = _PAIR.pack(mine_long + long, mine_short + short)
    while len(weights) > _MOST:
        _forget(weights)
    _looked(mine)
    return mine


_FED = ("page_view", "wishlist_add", "cart_add", "purchase")


def _text(name: str, meaning: str, effects: int) -> Attribute:
    return Attribute(name, "string", "none", meaning, f"{name}(s)", effects, effects, missing=True, fed_by=_FED)


TRAIT = Trait(
    KEY,
    ("interests",),
    (
        Attribute("interest", "number", "none", "share of a category in what the customer is interested in", "interest(s, {a})",
                  _INTEREST, _INTEREST, missing=True, argument="category", fed_by=_FED, unit="0 to 1"),
        _text("top_interest", "the category with the largest share", _INTEREST),
        Attribute("top_interest_share", "number", "none", "the share of that category", "top_interest_share(s)", _SHARE, _SHARE,
                  missing=True, fed_by=_FED, unit="0 to 1"),
        _text("rising_interest", "the category that is looked at now, and was not before", _RISES),
    ),
    {PAGE_VIEWS: _view_folder, CART_EVENTS: _cart_folder, PURCHASES: _order_folder},
    _join,
    (interest, top_interest, top_interest_share, rising_interest),
    views=Views(fields=("category_id",)),
)  # fmt: skip
