"""Reaction to what we send: mails that arrived, and what customers did with them.

- `mails_delivered`: mails that arrived. `mail_opens`: openings by a person (an automatic one says nothing of anybody). `mail_clicks`:
  clicks. Each event counts by itself: a mail opened twice counts twice.
- `since_last_mail_reaction`: since the newest opening or click.
"""

from __future__ import annotations

from typing import Any

from scoring.events.schema import EMAIL_EVENTS, EmailEvent
from scoring.segments.model import Definitions
from scoring.series import bump, joined
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import FIRST, effect
from scoring.traits.trait import Fold, Trait, counted

KEY = 17
_TOLD = effect()

#: Places in the facts: series by hour, and an instant in ms, from h0.
_DELIVERED, _OPENED, _CLICKED, _LAST = range(4)
_PLACES = {"delivered": _DELIVERED, "opened": _OPENED, "clicked": _CLICKED}


def mails(s: Customer, place: int) -> list[int] | None:
    """A series."""
    mine = fact(s, KEY)
    return None if mine is None else mine[place]


def last_reaction(s: Customer) -> int | None:
    last: Any = mails(s, _LAST)
    return None if last is None else last + s.h0 * HOUR


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: EmailEvent, ts: int) -> int:
        place = _PLACES.get(e.type)
        if place is None or (e.machine and place == _OPENED):
            return 0
        mine = opened(facts, KEY)
        if mine is None:
            mine = facts[KEY] = [None] * 4
        mine[place] = bump(mine[place], ts // HOUR - s.h0, 1)
        if place == _DELIVERED:
            return _TOLD
        first = FIRST if mine[_LAST] is None else 0
        at = ts - s.h0 * HOUR
        mine[_LAST] = at if mine[_LAST] is None else max(at, mine[_LAST])
        return _TOLD | first

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    mine, theirs, shift = mine or [None] * 4, theirs or [None] * 4, f.h0 - s.h0
    reacted = [at + moved * HOUR for at, moved in ((mine[_LAST], 0), (theirs[_LAST], shift)) if at is not None]
    return [*(joined(mine[place], theirs[place], shift) for place in (_DELIVERED, _OPENED, _CLICKED)), max(reacted, default=None)]


def _count(name: str, meaning: str, place: int, event_type: str) -> Attribute:
    return counted(name, meaning, f"mails(s, {place})", _TOLD, (event_type,))


TRAIT = Trait(
    KEY,
    ("engagement", "technological"),
    (
        _count("mails_delivered", "mails that arrived", _DELIVERED, "email_delivered"),
        _count("mail_opens", "openings of mails by a person", _OPENED, "email_opened"),
        _count("mail_clicks", "clicks in mails", _CLICKED, "email_clicked"),
        Attribute("since_last_mail_reaction", "duration", "grows", "time since the last opening or click", "last_reaction(s)", 0, _TOLD,
                  fed_by=("email_opened", "email_clicked")),
    ),
    {EMAIL_EVENTS: _folder},
    _join,
    (mails, last_reaction),
)  # fmt: skip
