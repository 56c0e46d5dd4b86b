"""Benefits sought: what customers look for in a product, as pages, searches and their own answers tell.

There are five: `quality`, `use` (what it is for and how it is handled), `feedback` (what others say of it), `usp` (what no other has) and
`extra` (what comes with it). Evidence:

- a page view with a `benefit`, or without one of a page of reviews (feedback): 1;
- a page view with a `query`, in which words for a benefit stand, Dutch or English: 2 for each such benefit;
- an answer `benefit` (a text, or a list of them) in the `answers` of feedback: 5 for each benefit it names.

All of it halves every 30 days; see scoring/traits/evidence.py.

- `leading_benefit`: the one with the greatest weight, of equal ones the first as listed above. Missing without any evidence.
- `benefit_share("use")`: its part of all evidence, 0 to 1; missing without any.
- `benefit_confidence`: how sure the leading one is, 0 to 1; 0 without any evidence. It fades.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from scoring.events.schema import FEEDBACK, PAGE_VIEWS, Feedback, PageView
from scoring.segments.model import Definitions
from scoring.state import NEVER, Customer, fact, opened
from scoring.traits import evidence
from scoring.traits.answers import named
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait, Views

KEY = 15
_SOUGHT = effect()

BENEFITS = ("quality", "use", "feedback", "usp", "extra")
_PLACES = {benefit: place for place, benefit in enumerate(BENEFITS)}
_PAGE, _QUERY, _ANSWER = 1.0, 2.0, 5.0

#: Beginnings of words.
_WORDS = {
    "quality": "quality|durab|sturdy|solid|premium|kwaliteit|duurza|stevig|degelijk",
    "use": "how to|manual|instruct|easy|guide|handleiding|gebruiks|hoe |makkelijk|eenvoudig",
    "feedback": "review|rating|tested|experience|recommend|beoordel|ervaring|getest|aanrader",
    "usp": "unique|exclusive|only at|limited|handmade|versus|compare|uniek|exclusie|handgemaakt|vergelijk",
    "extra": "free|gift|bonus|bundle|extra|included|gratis|cadeau|inclusief|setje",
}
_SEARCHED = tuple(re.compile(rf"\b(?:{_WORDS[benefit]})", re.IGNORECASE) for benefit in BENEFITS)


def leading_benefit(s: Customer) -> str | None:
    facts = _facts(s)
    return None if facts is None else BENEFITS[evidence.leading(facts)]


def benefit_share(s: Customer, benefit: str) -> float | None:
    facts = _facts(s)
    return None if facts is None else evidence.share(facts, _PLACES[benefit])


def benefit_confidence(s: Customer, now: int) -> float:
    facts = _facts(s)
    return 0.0 if facts is None else evidence.confidence(facts, now)


def benefit_confident_until(s: Customer, threshold: float, strict: bool) -> int:
    facts = _facts(s)
    return NEVER if facts is None else evidence.confident_until(facts, threshold, strict)


def any_benefit(s: Customer) -> bool:
    return _facts(s) is not None


def _facts(s: Customer) -> evidence.Facts | None:
    found: evidence.Facts | None = fact(s, KEY)
    return found


@lru_cache(maxsize=4_096)
def _searched(query: str) -> tuple[int, ...]:
    return tuple(place for place, words in enumerate(_SEARCHED) if words.search(query))


def _weigh(facts: dict[int, Any], place: int, weight: float, ts: int) -> int:
    mine = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = evidence.nothing(len(BENEFITS), ts)
    evidence.weigh(mine, place, weight, ts)
    return _SOUGHT


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        benefit, query = (None, None) if e.more is None else (e.more.benefit, e.more.query)
        effects = 0
        if benefit is not None:
            place = _PLACES.get(benefit)
        else:
            place = _PLACES["feedback"] if e.page_type == "reviews" else None
        if place is not None:
            effects = _weigh(facts, place, _PAGE, ts)
        if query is not None:
            for place in _searched(query[:200]):
                effects = _weigh(facts, place, _QUERY, ts)
        return effects

    return fold


def _feedback_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Feedback, ts: int) -> int:
        effects = 0
        for benefit in named(e, "benefit", _PLACES):
            effects = _weigh(facts, _PLACES[benefit], _ANSWER, ts)
        return effects

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    return evidence.joined(mine, theirs) if mine is not None and theirs is not None else mine or theirs


_FED = ("page_view", "feedback")

TRAIT = Trait(
    KEY,
    ("benefits_sought",),
    (
        Attribute("leading_benefit", "string", "none", "the benefit sought most", "leading_benefit(s)", _SOUGHT, _SOUGHT, missing=True,
                  values=BENEFITS, fed_by=_FED),
        Attribute("benefit_share", "number", "none", "a benefit's part of all that tells what is sought, 0 to 1", "benefit_share(s, {a})",
                  _SOUGHT, _SOUGHT, missing=True, argument="benefit", choices=BENEFITS, fed_by=_FED),
        Attribute("benefit_confidence", "number", "decays", "how sure the leading benefit is, 0 to 1", "benefit_confidence(s, now)",
                  _SOUGHT, _SOUGHT, crossing="benefit_confident_until(s, {t}, {strict})", positive="any_benefit(s)", fed_by=_FED),
    ),
    {PAGE_VIEWS: _view_folder, FEEDBACK: _feedback_folder},
    _join,
    (leading_benefit, benefit_share, benefit_confidence, benefit_confident_until, any_benefit),
    views=Views(frozenset(("reviews",)), ("benefit", "query")),
)  # fmt: skip
