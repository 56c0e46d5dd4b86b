"""What holds a customer back: `technical` trouble, missing `features`, or little `motivation`. For shops with subscribers above all.

Evidence, in Dutch or English:

- a view of a help page in whose `query` or `url` words for one of them stand: 1 for each such;
- feedback in whose `text` they stand (of 4,000 characters), unless it is of a product or a review: 2 for each such;
- an answer `held_back_by` (a text, or a list of them) in the `answers` of feedback: 5 for each it names.

All of it halves every 30 days; see scoring/traits/evidence.py. A help page or a complaint without such words says nothing of it.

- `held_back_by`: the one with the greatest weight, of equal ones the first as listed above. Missing without any evidence.
- `held_back_confidence`: how sure that is, 0 to 1; 0 without any evidence. It fades.
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

KEY = 16
_TOLD = effect()

REASONS = ("technical", "features", "motivation")
_PLACES = {reason: place for place, reason in enumerate(REASONS)}
_PAGE, _TEXT, _ANSWER = 1.0, 2.0, 5.0

#: Beginnings of words.
_WORDS = {
    "technical": r"error|bugs?\b|crash|fail(?:s|ed|ure)|log ?in|password|(?:does|do|did|can|will)(?:n'?t| ?not) (?:work|load|open|log)"
    r"|time-?out|(?:site|app|page) (?:is |was )?(?:so |very |too )?slow"
    r"|fout|storing|inlog|wachtwoord|(?:werkt|laadt|opent) niet|loopt vast|vastgelopen"
    r"|(?:site|app|pagina) (?:is |was )?(?:zo |erg |te )?traag",
    "features": r"feature|missing (?:option|function)|integrat|export|(?:does|do)(?:n'?t| not) support|not supported|would like to see"
    r"|functie|mis (?:ik|een)|koppeling|ondersteunt|zou graag",
    "motivation": r"no time|too busy|not using|(?:do|did)(?:n'?t| not) (?:use|need)|(?:never|hardly) use|lost interest|no longer need"
    r"|not worth|forg[eo]t|geen tijd|te druk|gebruik het (?:niet|nauwelijks|amper)|niet (?:meer )?nodig|geen zin|vergeet|vergeten",
}
_SAID = tuple(re.compile(rf"\b(?:{_WORDS[reason]})", re.IGNORECASE) for reason in REASONS)
#: In an address words are parted by signs.
_PARTED = re.compile(r"[-_+/]|%20")


def held_back_by(s: Customer) -> str | None:
    facts = _facts(s)
    return None if facts is None else REASONS[evidence.leading(facts)]


def held_back_confidence(s: Customer, now: int) -> float:
    facts = _facts(s)
    return 0.0 if facts is None else evidence.confidence(facts, now)


def held_back_confident_until(s: Customer, threshold: float, strict: bool) -> int:
    facts = _facts(s)
    return NEVER if facts is None else evidence.confident_until(facts, threshold, strict)


def held_back_at_all(s: Customer) -> bool:
    return _facts(s) is not None


def _facts(s: Customer) -> evidence.Facts | None:
    found: evidence.Facts | None = fact(s, KEY)
    return found


def _said(text: str) -> tuple[int, ...]:
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return tuple(place for place, words in enumerate(_SAID) if words.search(text))


@lru_cache(maxsize=4_096)
def _asked(query: str, url: str) -> tuple[int, ...]:
    return _said(f"{query} {_PARTED.sub(' ', url)}")


def _weigh(facts: dict[int, Any], places: tuple[int, ...], weight: float, ts: int) -> int:
    for place in places:
        mine = opened(facts, KEY)
        if mine is None:
            mine = facts[KEY] = evidence.nothing(len(REASONS), ts)
        evidence.weigh(mine, place, weight, ts)
    return _TOLD if places else 0


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        if e.page_type != "help" or e.more is None:
            return 0
        return _weigh(facts, _asked((e.more.query or "")[:200], (e.more.url or "")[:200]), _PAGE, ts)

    return fold


def _feedback_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Feedback, ts: int) -> int:
        of_product = e.product_id is not None or e.kind == "review"
        effects = _weigh(facts, _said(e.text), _TEXT, ts) if e.text and not of_product else 0
        chosen = tuple(_PLACES[reason] for reason in named(e, "held_back_by", _PLACES))
        return effects | _weigh(facts, chosen, _ANSWER, ts)

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    return evidence.joined(mine, theirs) if mine is not None and theirs is not None else mine or theirs


_FED = ("page_view", "feedback")

TRAIT = Trait(
    KEY,
    ("benefits_sought",),
    (
        Attribute("held_back_by", "string", "none", "what holds the customer back most", "held_back_by(s)", _TOLD, _TOLD, missing=True,
                  values=REASONS, fed_by=_FED),
        Attribute("held_back_confidence", "number", "decays", "how sure that is, 0 to 1", "held_back_confidence(s, now)", _TOLD, _TOLD,
                  crossing="held_back_confident_until(s, {t}, {strict})", positive="held_back_at_all(s)", fed_by=_FED),
    ),
    {PAGE_VIEWS: _view_folder, FEEDBACK: _feedback_folder},
    _join,
    (held_back_by, held_back_confidence, held_back_confident_until, held_back_at_all),
    views=Views(frozenset(("help",))),
)  # fmt: skip
