"""Satisfaction: what customers say of us, whether it is getting worse, and complaints that nobody has solved yet.

A score is any feedback with `score`, in percent of its `max_score` (without one: NPS 10, CSAT 5, CES 7, a review 5; a survey's score needs
its own), kept between 0 and 100; a score without such a scale is none. Of scores at one instant the highest is the newest.

- `satisfaction`: the newest score of any kind. `nps`: the newest NPS, 0 to 10. `review_score`: the newest review's, in percent.
- `satisfaction_trend`: the newest score less the mean of the up to four before it, in points; missing until there are two.
- `feedbacks`, `reviews`, `complaints`: counts. `since_last_feedback`: of any kind.
- `open_complaint`: a complaint came within 30 days, and none was settled since. One is settled by a `feedback` of kind complaint whose
  `answers` say `"status": "resolved"` (or "closed"); that is no complaint and counts as none.

Keeps the five newest scores and the newest of each kind, so that late ones find their place; older scores have no say.
"""

from __future__ import annotations

from typing import Any

import msgspec

from scoring.events.schema import FEEDBACK, Feedback
from scoring.segments.model import Definitions
from scoring.series import bump, joined
from scoring.state import DAY, HOUR, NEVER, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import FIRST, effect
from scoring.traits.trait import Fold, Trait, counted

KEY = 21
_SAID = effect()

#: Places in the facts: scores as [ts, kind, per mille, …], series by hour from h0, instants.
_SCORES, _ALL, _REVIEWS, _COMPLAINTS, _LAST, _OPENED, _SETTLED = range(7)
_KINDS = ("nps", "csat", "ces", "review", "survey")
_SCALES = {"nps": 10.0, "csat": 5.0, "ces": 7.0, "review": 5.0}
_WIDTH, _NEWEST = 3, 5
#: For how long a complaint is believed to be open that nobody settles.
OPEN_FOR = 30 * DAY

_answers = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


def satisfaction(s: Customer) -> float | None:
    scores = _scores(s)
    return scores[-1][2] / 10 if scores else None


def satisfaction_trend(s: Customer) -> float | None:
    before = [each[2] for each in _scores(s)[-_NEWEST:]]
    if len(before) < 2:
        return None
    newest = before.pop()
    return (newest - sum(before) / len(before)) / 10


def newest_score(s: Customer, kind: int) -> float | None:
    """In percent."""
    return next((each[2] / 10 for each in reversed(_scores(s)) if each[1] == kind), None)


def nps(s: Customer) -> float | None:
    found = newest_score(s, 0)
    return None if found is None else found / 10


def said(s: Customer, place: int) -> list[int] | None:
    """A series of feedback."""
    mine = fact(s, KEY)
    return None if mine is None else mine[place]


def last_feedback(s: Customer) -> int | None:
    return said(s, _LAST)  # type: ignore[return-value]


def open_complaint(s: Customer, now: int) -> tuple[bool, int]:
    """(is one open, until when by itself)."""
    opened: Any = said(s, _OPENED)
    settled: Any = said(s, _SETTLED)
    if opened is None or (settled is not None and settled >= opened) or now >= opened + OPEN_FOR:
        return False, NEVER
    return True, opened + OPEN_FOR


def _scores(s: Customer) -> list[tuple[int, int, int]]:
    kept = said(s, _SCORES)
    return [] if kept is None else _unpacked(kept)


def _unpacked(flat: list[int]) -> list[tuple[int, int, int]]:
    """Oldest first."""
    return sorted((flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat), _WIDTH))


def _kept(scores: list[tuple[int, int, int]]) -> list[int] | None:
    scores = sorted(scores)
    newest = {kind: each for each in scores for kind in (each[1],)}
    old = [each for each in scores[:-_NEWEST] if newest[each[1]] == each]
    return [number for each in old + scores[-_NEWEST:] for number in each] or None


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Feedback, ts: int) -> int:
        mine = opened(facts, KEY)
        if mine is None:
            mine = facts[KEY] = [None] * 7
        first = FIRST if mine[_LAST] is None else 0
        mine[_LAST] = ts if mine[_LAST] is None else max(ts, mine[_LAST])
        hour = ts // HOUR - s.h0
        mine[_ALL] = bump(mine[_ALL], hour, 1)
        if e.kind == "review":
            mine[_REVIEWS] = bump(mine[_REVIEWS], hour, 1)
        elif e.kind == "complaint":
            if _settles(e):
                mine[_SETTLED] = ts if mine[_SETTLED] is None else max(ts, mine[_SETTLED])
            else:
                mine[_COMPLAINTS] = bump(mine[_COMPLAINTS], hour, 1)
                mine[_OPENED] = ts if mine[_OPENED] is None else max(ts, mine[_OPENED])
        score = _score(e)
        if score is not None:
            mine[_SCORES] = _kept([*_unpacked(mine[_SCORES] or []), (ts, _KINDS.index(e.kind), score)])
        return _SAID | first

    return fold


def _settles(e: Feedback) -> bool:
    if e.more is None or not len(e.more.answers):
        return False
    try:
        return _text(_answers(e.more.answers).get("status", b'""')) in ("resolved", "closed")
    except msgspec.DecodeError:  # answers of another shape say nothing of it
        return False


def _score(e: Feedback) -> int | None:
    """Per mille of the scale, None for what has no scale or is no score."""
    scale = e.max_score or _SCALES.get(e.kind)
    if e.score is None or scale is None or scale <= 0 or e.kind not in _KINDS:
        return None
    return round(1000 * min(max(e.score / scale, 0.0), 1.0))


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    mine, theirs = mine or [None] * 7, theirs or [None] * 7
    scores = _kept(_unpacked(mine[_SCORES] or []) + _unpacked(theirs[_SCORES] or []))
    series = [joined(mine[place], theirs[place], f.h0 - s.h0) for place in (_ALL, _REVIEWS, _COMPLAINTS)]
    latest = [
        max((each for each in (mine[place], theirs[place]) if each is not None), default=None) for place in (_LAST, _OPENED, _SETTLED)
    ]
    return [scores, *series, *latest]


def _count(name: str, meaning: str, place: int) -> Attribute:
    return counted(name, meaning, f"said(s, {place})", _SAID, ("feedback",))


def _number(name: str, meaning: str, code: str, unit: str, signed: bool = False) -> Attribute:
    return Attribute(name, "number", "none", meaning, code, _SAID, _SAID, missing=True, signed=signed, fed_by=("feedback",), unit=unit)


TRAIT = Trait(
    KEY,
    ("satisfaction", "experience"),
    (
        _number("satisfaction", "the newest score of any kind, in percent of its scale", "satisfaction(s)", "%"),
        _number("satisfaction_trend", "the newest score less the mean of the four before it", "satisfaction_trend(s)", "points", True),
        _number("nps", "the newest answer to how likely one is to recommend us, 0 to 10", "nps(s)", "0 to 10"),
        _number("review_score", "the newest review's score, in percent of its scale", f"newest_score(s, {_KINDS.index('review')})", "%"),
        _count("feedbacks", "feedback of any kind", _ALL),
        _count("reviews", "reviews written", _REVIEWS),
        _count("complaints", "complaints made", _COMPLAINTS),
        Attribute("since_last_feedback", "duration", "grows", "time since the last feedback of any kind", "last_feedback(s)", 0, _SAID,
                  fed_by=("feedback",)),
        Attribute("open_complaint", "boolean", "steps", "a complaint of the last 30 days that was not settled", "", _SAID, _SAID,
                  total="open_complaint(s, now)", fed_by=("feedback",)),
    ),
    {FEEDBACK: _folder},
    _join,
    (satisfaction, satisfaction_trend, newest_score, nps, said, last_feedback, open_complaint),
)  # fmt: skip
