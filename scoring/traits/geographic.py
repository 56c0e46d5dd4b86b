"""Geographic: where customers live, from where they come, and which language they speak.

- `country` (two capital letters) and `language` (`nl`, without country): of the profile; where it says none, of the newest page view that
  says one.
- `seen_in`: the country of the newest page view that says one. `abroad`: it is another one than the profile's.
- `region`, `city`: of the profile, in small letters.
- `urbanity` (urban, suburban or rural) and `climate_zone` (any word, in small letters): only as traits of the profile with those names. No
  list small enough to carry along tells them of a place without guessing.

What nobody said is missing. Keeps the newest country and the newest language that page views said, and when; of two at one instant the
later in order counts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scoring.events.schema import PAGE_VIEWS, PageView
from scoring.segments.model import Definitions
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import PROFILE, effect
from scoring.traits.profile import profile_text
from scoring.traits.trait import Fold, Trait, Views

KEY = 9
_SEEN = effect()

#: Places in the facts: instants (ms from h0) and what was said then.
_COUNTRY_AT, _COUNTRY, _LANGUAGE_AT, _LANGUAGE = range(4)
URBANITIES = ("urban", "suburban", "rural")


@lru_cache(maxsize=4_096)
def country_code(text: str | None) -> str | None:
    """Two capital letters; None of what is none."""
    text = (text or "").strip()
    return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else None


@lru_cache(maxsize=4_096)
def language_code(text: str | None) -> str | None:
    """`nl` of `nl-BE`; None of what is no language's code."""
    found = (text or "").strip().replace("_", "-").partition("-")[0]
    return found.lower() if len(found) in (2, 3) and found.isascii() and found.isalpha() else None


def country_of(s: Customer) -> str | None:
    return country_code(profile_text(s, "country")) or seen(s, _COUNTRY)


def language_of(s: Customer) -> str | None:
    return language_code(profile_text(s, "language")) or seen(s, _LANGUAGE)


def seen(s: Customer, place: int) -> Any:
    """What page views said."""
    mine = fact(s, KEY)
    return None if mine is None else mine[place]


def abroad(s: Customer) -> bool:
    home, here = country_code(profile_text(s, "country")), seen(s, _COUNTRY)
    return home is not None and here is not None and home != here


def urbanity(s: Customer) -> str | None:
    known = profile_text(s, "traits.urbanity")
    return known if known in URBANITIES else None


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        more = e.more
        if more is None or (more.country is None and more.language is None):
            return 0
        effects, then = 0, ts - s.h0 * HOUR
        for at, said in ((_COUNTRY_AT, country_code(more.country)), (_LANGUAGE_AT, language_code(more.language))):
            if said is None:
                continue
            mine = opened(facts, KEY)
            if mine is None:
                mine = facts[KEY] = [None] * 4
            if mine[at] is None or then >= mine[at]:
                mine[at] = then
                if mine[at + 1] != said:
                    mine[at + 1] = said
                    effects = _SEEN
        return effects

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if theirs is None:
        return mine
    for at in (_COUNTRY_AT, _LANGUAGE_AT):
        if theirs[at] is not None:
            theirs[at] += (f.h0 - s.h0) * HOUR
    if mine is None:
        return theirs
    for at in (_COUNTRY_AT, _LANGUAGE_AT):
        if theirs[at] is not None and (mine[at] is None or theirs[at] > mine[at]):
            mine[at : at + 2] = theirs[at : at + 2]
    return mine


def _text(name: str, meaning: str, code: str, effects: int = PROFILE, values: tuple[str, ...] = ()) -> Attribute:
    fed_by = ("profile",) if effects == PROFILE else ("page_view",) if effects == _SEEN else ("profile", "page_view")
    return Attribute(name, "string", "none", meaning, code, effects, effects, missing=True, values=values, fed_by=fed_by)


TRAIT = Trait(
    KEY,
    ("geographic",),
    (
        _text("country", "two capital letters; of the profile, else of the newest page view", "country_of(s)", PROFILE | _SEEN),
        _text("region", "of the profile, in small letters", "profile_text(s, 'region')"),
        _text("city", "of the profile, in small letters", "profile_text(s, 'city')"),
        _text("language", "such as nl; of the profile, else of the newest page view", "language_of(s)", PROFILE | _SEEN),
        _text("seen_in", "country of the newest page view that says one", f"seen(s, {_COUNTRY})", _SEEN),
        Attribute("abroad", "boolean", "none", "the newest page view came from another country than the profile's", "abroad(s)",
                  PROFILE | _SEEN, PROFILE | _SEEN, fed_by=("profile", "page_view")),
        _text("urbanity", "the profile's trait of that name", "urbanity(s)", values=URBANITIES),
        _text("climate_zone", "the profile's trait of that name, in small letters", "profile_text(s, 'traits.climate_zone')"),
    ),
    {PAGE_VIEWS: _folder},
    _join,
    (country_of, language_of, seen, abroad, urbanity),
    views=Views(fields=("country", "language")),
)  # fmt: skip
