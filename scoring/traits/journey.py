"""The buyer's journey: what somebody does who is about to decide.

The stages themselves, from awareness to advocacy, are tiers of the definition file over these and other attributes; how long a customer
has been in one is `since_entered("journey")`.

- `deciding_views`: views of pages that are looked at just before buying: checkout, shipping, returns, warranty, reviews and size guide.
- `checkouts`: checkouts started, with something in the cart or not.

Each is a count, by the hour; what is older than 400 days falls out.
"""

from __future__ import annotations

from typing import Any

from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, CartEvent, PageView
from scoring.segments.model import Definitions
from scoring.series import bump, joined
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait, Views, counted

KEY = 6
_DECIDING = effect()

_PAGES = frozenset(("checkout", "shipping", "returns", "warranty", "reviews", "size_guide"))
#: Places in the facts: series by hour from h0.
_VIEWS, _CHECKOUTS = range(2)


def steps_taken(s: Customer, place: int) -> list[int] | None:
    """A series."""
    mine = fact(s, KEY)
    return None if mine is None else mine[place]


def _note(facts: dict[int, Any], s: Customer, place: int, ts: int) -> int:
    mine = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [None, None]
    mine[place] = bump(mine[place], ts // HOUR - s.h0, 1)
    return _DECIDING


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        return _note(facts, s, _VIEWS, ts) if e.page_type in _PAGES else 0

    return fold


def _cart_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: CartEvent, ts: int) -> int:
        return _note(facts, s, _CHECKOUTS, ts) if e.action == "checkout_started" else 0

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    mine, theirs = mine or [None] * 2, theirs or [None] * 2
    return [joined(mine[place], theirs[place], f.h0 - s.h0) for place in range(2)]


TRAIT = Trait(
    KEY,
    ("journey_stage",),
    (
        counted("deciding_views", "views of checkout, shipping, returns, warranty, reviews and size guide", f"steps_taken(s, {_VIEWS})",
                _DECIDING, ("page_view",)),
        counted("checkouts", "checkouts started", f"steps_taken(s, {_CHECKOUTS})", _DECIDING, ("checkout_started",)),
    ),
    {PAGE_VIEWS: _view_folder, CART_EVENTS: _cart_folder},
    _join,
    (steps_taken,),
    views=Views(_PAGES),
)  # fmt: skip
