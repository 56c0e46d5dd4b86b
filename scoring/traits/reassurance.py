"""Wants reassurance: reads reviews, returns, the size guide, warranty or help before buying.

- `reassurance_views`: views of pages of these types, of the newest 12 of them; with a duration, in that window.
- `reassured_share`: of the newest 6 orders, the share before which such a page was viewed: less than 7 days before, up to the order's own
  second. Missing without an order, and of a customer of whom no page view is known. An order that is refunded was placed all the same.

Instants are whole seconds from 1970 to 2106. Whether an order was one of these is kept with it: it stays so when the views are forgotten.
"""

from __future__ import annotations

from dataclasses import replace
from struct import Struct
from typing import Any

from scoring.events.schema import PAGE_VIEWS, PURCHASES, PageView, Purchase
from scoring.segments.model import Definitions
from scoring.state import Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import FIRST_VIEW, effect
from scoring.traits.pairing import seconds
from scoring.traits.trait import Fold, Trait, Views, counted

KEY = 10
_READ = effect()

PAGES = frozenset(("reviews", "returns", "size_guide", "warranty", "help"))
_BEFORE = 7 * 86_400  # seconds

#: The facts are two strings of records: instants of views, and orders with whether a page was read before. Both in order of time.
_VIEWS, _ORDERS = range(2)
_VIEW, _ORDER = Struct("<I"), Struct("<I?")
_MOST_VIEWS, _MOST_ORDERS = 12, 6


def reassurance(s: Customer) -> list[int] | None:
    """A series of the views."""
    facts = _facts(s)
    return None if facts is None else [number for at in _views(facts) for number in (at // 3600 - s.h0, 1)] or None


def reassurances(s: Customer) -> int:
    facts = _facts(s)
    return 0 if facts is None else len(facts[_VIEWS]) // _VIEW.size


def reassured_share(s: Customer) -> float | None:
    facts = _facts(s)
    if facts is None or s.last_view is None or not facts[_ORDERS]:
        return None
    read = [was for _, was in _orders(facts)]
    return sum(read) / len(read)


def _facts(s: Customer) -> list[bytes] | None:
    found: list[bytes] | None = fact(s, KEY)
    return found


def _views(facts: list[bytes]) -> list[int]:
    return [at for (at,) in _VIEW.iter_unpack(facts[_VIEWS])]


def _orders(facts: list[bytes]) -> list[tuple[int, bool]]:
    return list(_ORDER.iter_unpack(facts[_ORDERS]))


def _keep(facts: list[bytes], views: list[int], orders: list[tuple[int, bool]]) -> None:
    """Each order that a view comes before is one of these from now on."""
    orders = [(at, was or _read_before(views, at)) for at, was in orders]
    facts[_VIEWS] = b"".join(_VIEW.pack(at) for at in sorted(views)[-_MOST_VIEWS:])
    facts[_ORDERS] = b"".join(_ORDER.pack(*order) for order in sorted(orders)[-_MOST_ORDERS:])


def _read_before(views: list[int], at: int) -> bool:
    return any(0 <= at - view < _BEFORE for view in views)


def _is_after(at: int, record: Struct, kept: bytes) -> bool:
    """Is the instant after all of these?"""
    return not kept or record.unpack_from(kept, len(kept) - record.size)[0] < at


def _mine(facts: dict[int, Any]) -> list[bytes]:
    mine: list[bytes] | None = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [b"", b""]
    return mine


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        if e.page_type not in PAGES:
            return 0
        mine, at = _mine(facts), seconds(ts)
        views, orders = mine[_VIEWS], mine[_ORDERS]
        if not _is_after(at, _VIEW, views) or not _is_after(at, _ORDER, orders):
            _keep(mine, [*_views(mine), at], _orders(mine))
        else:  # the commonest
            mine[_VIEWS] = (views + _VIEW.pack(at))[-_MOST_VIEWS * _VIEW.size :]
        return _READ

    return fold


def _order_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        if e.refunded:
            return 0
        mine, at = _mine(facts), seconds(ts)
        orders = mine[_ORDERS]
        if not _is_after(at, _ORDER, orders):
            _keep(mine, _views(mine), [*_orders(mine), (at, False)])
        else:  # the commonest
            mine[_ORDERS] = (orders + _ORDER.pack(at, _read_before(_views(mine), at)))[-_MOST_ORDERS * _ORDER.size :]
        return _READ

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None or theirs is None:
        return mine or theirs
    _keep(mine, _views(mine) + _views(theirs), _orders(mine) + _orders(theirs))
    return mine


TRAIT = Trait(
    KEY,
    ("purchase_habits",),
    (
        replace(
            counted("reassurance_views", "views of reviews, returns, size guide, warranty or help; the newest 12", "reassurance(s)", _READ,
                    ("page_view",)),
            code="reassurances(s)",
        ),
        Attribute("reassured_share", "number", "none", "share of the newest 6 orders before which such a page was read, 0 to 1",
                  "reassured_share(s)", _READ | FIRST_VIEW, _READ | FIRST_VIEW, missing=True, fed_by=("page_view", "purchase")),
    ),
    {PAGE_VIEWS: _view_folder, PURCHASES: _order_folder},
    _join,
    (reassurance, reassurances, reassured_share),
    views=Views(PAGES),
)  # fmt: skip
