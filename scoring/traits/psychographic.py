"""Psychographic: how customers live and what they value, by their own word, and as far as their behaviour says it plainly.

By their own word, in the profile's `traits` or a survey's `answers`, under `lifestyle`, `personality`, `values` and `hobbies`: a text, or a
list of texts; a text may name several with commas. The newest of both wins, by `ts`, at equal ones the profile; null in the profile takes
it away.

- `lifestyle`, `personality`: the first text given, in small letters; missing if none was.
- `holds_value("sustainability")`, `has_hobby("cycling")`: it is among those given. Write it in small letters.

By what they do:
- `articles_read`: page views that were articles. `reading_share`: their share of all page views, 0 to 1; missing without page views.
- `gift_share`: of all orders placed, the share that were said to be a gift; missing without orders.

Keeps the newest answer of a survey to each of the four, at most 10 texts of 40 characters, and two counts. Personality is never guessed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from scoring.events.schema import FEEDBACK, PAGE_VIEWS, PURCHASES, Feedback, PageView, Purchase
from scoring.segments.model import Definitions
from scoring.state import Customer, fact, opened, profile_of
from scoring.traits.attribute import Attribute
from scoring.traits.effects import ORDER, PROFILE, VIEW, effect
from scoring.traits.trait import Fold, Trait, Views

KEY = 20
_TOLD, _ARTICLE, _GIFT = effect(), effect(), effect()

#: What one can be asked, and places in the facts: answers by name as [ts, texts], and counts.
NAMES = ("lifestyle", "personality", "values", "hobbies")
_ANSWERS, _ARTICLES, _GIFTS = range(3)
_MOST, _LONGEST = 10, 40

_answers = msgspec.json.Decoder(dict[str, Any]).decode


def declared_texts(s: Customer, name: str) -> list[str]:
    """The newest given, in small letters."""
    profile, mine = profile_of(s), fact(s, KEY)
    said = profile.get(f"traits.{name}") if profile else None
    answered = mine[_ANSWERS].get(name) if mine is not None else None
    if answered is not None and (said is None or answered[0] > said[0]):
        texts: list[str] = answered[1]
        return texts
    return _texts(said[1]) if said is not None else []


def first_declared(s: Customer, name: str) -> str | None:
    texts = declared_texts(s, name)
    return texts[0] if texts else None


def _texts(given: object) -> list[str]:
    """What is no text is left out."""
    listed = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    texts = (each.strip().lower()[:_LONGEST] for each in listed if isinstance(each, str))
    return [each for each in texts if each][:_MOST]


def reading_share(s: Customer) -> float | None:
    views = s.product_view_count + s.other_view_count
    return _count(s, _ARTICLES) / views if views else None


def gift_share(s: Customer) -> float | None:
    return min(_count(s, _GIFTS) / s.order_count, 1.0) if s.order_count else None


def _count(s: Customer, place: int) -> int:
    mine = fact(s, KEY)
    return 0 if mine is None else mine[place]


def _mine(facts: dict[int, Any]) -> list[Any]:
    mine: list[Any] | None = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [{}, 0, 0]
    return mine


def _view_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        if e.page_type != "article":
            return 0
        _mine(facts)[_ARTICLES] += 1
        return _ARTICLE

    return fold


def _order_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        if e.refunded or e.more is None or e.more.gift is not True:
            return 0
        _mine(facts)[_GIFTS] += 1
        return _GIFT

    return fold


def _answer_folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Feedback, ts: int) -> int:
        if e.more is None or not len(e.more.answers):
            return 0
        try:
            given = _answers(e.more.answers)
        except msgspec.DecodeError:  # answers of another shape say nothing of it
            return 0
        effects = 0
        for name in NAMES:
            texts = _texts(given.get(name))
            if texts:
                answers = _mine(facts)[_ANSWERS]
                if name not in answers or ts >= answers[name][0]:
                    answers[name] = [ts, texts]
                    effects = _TOLD
        return effects

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None or theirs is None:
        return mine or theirs
    answers = mine[_ANSWERS]
    for name, answer in theirs[_ANSWERS].items():
        if name not in answers or answer[0] > answers[name][0]:
            answers[name] = answer
    return [answers, mine[_ARTICLES] + theirs[_ARTICLES], mine[_GIFTS] + theirs[_GIFTS]]


def articles_read(s: Customer) -> int:
    return _count(s, _ARTICLES)


_BOTH = PROFILE | _TOLD
_FED = ("profile", "feedback")


def _text(name: str, meaning: str) -> Attribute:
    return Attribute(name, "string", "none", meaning, f"first_declared(s, {name!r})", _BOTH, _BOTH, missing=True, fed_by=_FED)


def _among(name: str, meaning: str, asked: str, argument: str) -> Attribute:
    code = f"({{a}} in declared_texts(s, {asked!r}))"
    return Attribute(name, "boolean", "none", meaning, code, _BOTH, _BOTH, argument=argument, fed_by=_FED)


TRAIT = Trait(
    KEY,
    ("psychographic",),
    (
        _text("lifestyle", "as the customer says it, in small letters"),
        _text("personality", "as the customer says it, in small letters"),
        _among("holds_value", "it is among the values that the customer named", "values", "value"),
        _among("has_hobby", "it is among the hobbies that the customer named", "hobbies", "hobby"),
        Attribute("articles_read", "number", "none", "page views that were articles", "articles_read(s)", _ARTICLE, fed_by=("page_view",)),
        # The first page view, and the first order, are FIRST: they need not be said to raise what was missing to 0.
        Attribute("reading_share", "number", "none", "share of page views that were articles", "reading_share(s)", _ARTICLE, VIEW,
                  missing=True, fed_by=("page_view",), unit="0 to 1"),
        Attribute("gift_share", "number", "none", "share of orders that were said to be a gift", "gift_share(s)", _GIFT, ORDER,
                  missing=True, fed_by=("purchase",), unit="0 to 1"),
    ),
    {PAGE_VIEWS: _view_folder, PURCHASES: _order_folder, FEEDBACK: _answer_folder},
    _join,
    (declared_texts, first_declared, articles_read, reading_share, gift_share),
    views=Views(frozenset(("article",))),
)  # fmt: skip
