"""Use of features: what of the shop or the product a customer uses, and what most.

A use is a page view with `feature`, a name of at most 40 characters that the shop chooses, such as "search" or "size_finder".

- `feature_uses("search")`, `feature_uses("search", days(30))`: how often.
- `features_used`: how many different ones. `top_feature`: the one used most often; of equals the first by alphabet; missing without any.

Keeps a count by the hour for each, as far as 400 days back; of more than 12 features of one customer those with the smallest hash.
"""

from __future__ import annotations

from typing import Any

from scoring.events.schema import PAGE_VIEWS, PageView
from scoring.repeats import fingerprint
from scoring.segments.model import Definitions
from scoring.series import bump, joined
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait, Views, counted, ever

KEY = 18
_USED = effect()

_KEPT, _LONGEST = 12, 40


def used(s: Customer) -> dict[str, list[int]]:
    """By feature a series of hours from h0."""
    return fact(s, KEY) or {}


def uses_of(s: Customer, feature: str) -> list[int] | None:
    return used(s).get(feature)


def features_used(s: Customer) -> int:
    return len(used(s))


def top_feature(s: Customer) -> str | None:
    found = used(s)
    return min(found, key=lambda feature: (-ever(found[feature]), feature)) if found else None


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        more = e.more
        if more is None or more.feature is None or not 0 < len(more.feature) <= _LONGEST:
            return 0
        mine = opened(facts, KEY)
        if mine is None:
            mine = facts[KEY] = {}
        mine[more.feature] = bump(mine.get(more.feature), ts // HOUR - s.h0, 1)
        _cut(mine)
        return _USED

    return fold


def _cut(mine: dict[str, list[int]]) -> None:
    while len(mine) > _KEPT:
        del mine[max(mine, key=fingerprint)]


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    mine = mine or {}
    for feature, series in (theirs or {}).items():
        mine[feature] = joined(mine.get(feature), series, f.h0 - s.h0)
    _cut(mine)
    return mine


_FED = ("page_view",)
_USES = counted("feature_uses", "uses of a feature", "uses_of(s, {a})", _USED, _FED)
TRAIT = Trait(
    KEY,
    ("usage", "engagement"),
    (
        Attribute("feature_uses", "number", "steps", "uses of this feature", _USES.code, _USED, windowed=True, total=_USES.total,
                  reach=_USES.reach, fed_by=_FED, argument="feature"),
        Attribute("features_used", "number", "none", "different features used", "features_used(s)", _USED, fed_by=_FED),
        Attribute("top_feature", "string", "none", "the feature used most often", "top_feature(s)", _USED, _USED, missing=True,
                  fed_by=_FED),
    ),
    {PAGE_VIEWS: _folder},
    _join,
    (uses_of, features_used, top_feature),
    views=Views(fields=("feature",)),
)  # fmt: skip
