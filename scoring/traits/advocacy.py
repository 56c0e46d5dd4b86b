"""Advocacy: speaking well of us to others.

- `shares`: page views with `feature: "share"`, by which a customer passes something on. `referrals`: those with `feature: "refer"`, by
  which somebody is invited.
- `recommendations`: both, and reviews (feedback of kind review) with a score of four fifths of its `max_score` (5 without one) or more.

Each is a count, by the hour; what is older than 400 days falls out.
"""

from __future__ import annotations

from typing import Any

from scoring.events.schema import FEEDBACK, PAGE_VIEWS, Feedback, PageView
from scoring.segments.model import Definitions
from scoring.series import bump, joined
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait, Views, counted

KEY = 19
_SPOKEN = effect()

#: Places in the facts: series by hour from h0.
_SHARES, _REFERRALS, _ALL = range(3)
_FEATURES = {"share": _SHARES, "refer": _REFERRALS}
_GOOD, _STARS = 0.8, 5.0


def spoken(s: Customer, place: int) -> list[int] | None:
    """A series."""
    mine = fact(s, KEY)
    return None if mine is None else mine[place]


def _note(facts: dict[int, Any], s: Customer, ts: int, *places: int) -> int:
    mine = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [None] * 3
    for place in places:
        mine[place] = bump(mine[place], ts // HOUR - s.h0, 1)
    return _SPOKEN


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        more = e.more
        if more is None or more.feature is None:
            return 0
        place = _FEATURES.get(more.feature)
        return 0 if place is None else _note(facts, s, ts, place, _ALL)

    return fold


def _feedback_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Feedback, ts: int) -> int:
        if e.kind != "review" or e.score is None or e.score < _GOOD * (e.max_score or _STARS):
            return 0
        return _note(facts, s, ts, _ALL)

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    mine, theirs = mine or [None] * 3, theirs or [None] * 3
    return [joined(mine[place], theirs[place], f.h0 - s.h0) for place in range(3)]


TRAIT = Trait(
    KEY,
    ("loyalty", "journey_stage", "engagement"),
    (
        counted("shares", "things passed on to others", f"spoken(s, {_SHARES})", _SPOKEN, ("page_view",)),
        counted("referrals", "people invited", f"spoken(s, {_REFERRALS})", _SPOKEN, ("page_view",)),
        counted("recommendations", "shares, referrals and good reviews", f"spoken(s, {_ALL})", _SPOKEN, ("page_view", "feedback")),
    ),
    {PAGE_VIEWS: _folder, FEEDBACK: _feedback_folder},
    _join,
    (spoken,),
    views=Views(fields=("feature",)),
)  # fmt: skip
