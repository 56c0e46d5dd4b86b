"""Robots: customers that are programs, by what they call themselves or by a pace that no person keeps up.

- `is_robot`: within the last 30 days there was a page view with the user agent of a known crawler (scoring/traits/user_agents.py), or a UTC
  hour with 240 page views or more: one every fifteen seconds for an hour on end. The sign of an hour [h, h + 1 h) counts up to, not
  including, h + 1 h + 30 days.
- `robot_sign`: which of them is the newest, "crawler" or "pace" (at a tie: crawler); missing for who is no robot.

Keeps the newest hour of either sign. The hour's page views are the core's own; those of two ids that are joined later are not added up. A
page view later than the lateness window is no sign of a pace.
"""

from __future__ import annotations

from typing import Any

from scoring.events.schema import PAGE_VIEWS, PageView
from scoring.segments.model import Definitions
from scoring.state import DAY, HOUR, NEVER, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait
from scoring.traits.user_agents import read

KEY = 22
_SIGN = effect()

#: Places in the facts: hours since 1970, or None.
_CRAWLER, _PACE = range(2)
SIGNS = ("crawler", "pace")
#: For how long a sign is believed, ms.
BELIEVED = 30 * DAY
#: Page views in an hour.
INHUMAN = 240


def robot_now(s: Customer, now: int) -> tuple[bool, int]:
    """(is it one, until when by itself)."""
    sign, until = robot_sign(s, now)
    return sign is not None, until


def robot_sign(s: Customer, now: int) -> tuple[str | None, int]:
    """(the newest sign, until when it is)."""
    mine = fact(s, KEY)
    if mine is None:
        return None, NEVER
    crawler, pace = mine
    sign, hour = (_PACE, pace) if crawler is None or (pace is not None and pace > crawler) else (_CRAWLER, crawler)
    until: int = (hour + 1) * HOUR + BELIEVED
    return (SIGNS[sign], until) if now < until else (None, NEVER)


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        effects = 0
        if e.more is not None and e.more.user_agent is not None and read(e.more.user_agent).crawler:
            effects = _noted(facts, _CRAWLER, ts // HOUR)
        if s.product_view_count + s.other_view_count >= INHUMAN and s.at - ts <= lateness:
            hour = ts // HOUR - s.h0
            if _in_hour(s.product_views, hour) + _in_hour(s.other_views, hour) >= INHUMAN:
                effects |= _noted(facts, _PACE, ts // HOUR)
        return effects

    return fold


def _in_hour(series: list[int] | None, hour: int) -> int:
    if series is None:
        return 0
    i = len(series) - 2
    while i >= 0 and series[i] > hour:
        i -= 2
    return series[i + 1] if i >= 0 and series[i] == hour else 0


def _noted(facts: dict[int, Any], sign: int, hour: int) -> int:
    mine = opened(facts, KEY)
    if mine is None:
        mine = facts[KEY] = [None, None]
    if mine[sign] is not None and mine[sign] >= hour:
        return 0
    mine[sign] = hour
    return _SIGN


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if mine is None or theirs is None:
        return mine or theirs
    return [max((hour for hour in pair if hour is not None), default=None) for pair in zip(mine, theirs, strict=True)]


TRAIT = Trait(
    KEY,
    ("behavioural", "journey_stage", "interests", "psychographic", "other"),  # whose segments leave robots out
    (
        Attribute("is_robot", "boolean", "steps", "a known crawler, or a pace that no person keeps up, within 30 days", "", _SIGN, _SIGN,
                  total="robot_now(s, now)", fed_by=("page_view",)),
        Attribute("robot_sign", "string", "steps", "what shows that it is a robot", "", _SIGN, _SIGN, total="robot_sign(s, now)",
                  values=SIGNS, missing=True, fed_by=("page_view",)),
    ),
    {PAGE_VIEWS: _folder},
    _join,
    (robot_now, robot_sign),
)  # fmt: skip
