"""With what customers come: device, system and browser, from the user agents of their page views.

- `device` (phone, tablet, computer or other), `system` and `browser`, by their usual names without version ("iOS", "Mobile Safari"): of the
  newest page view whose user agent tells any of them; what that one doesn't tell is missing.
- `mobile_share`: of all page views whose user agent tells the device, the share from a phone or a tablet, 0 to 1; missing before there
  are ten: a share of fewer says nothing.

A crawler's user agent is nobody's device: scoring/traits/robots.py. Keeps one instant, the kind of device, two names (the commonest as a
number) and a count for each kind of device.
Of two views at one instant the later in order counts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scoring.events.schema import PAGE_VIEWS, PageView
from scoring.segments.model import Definitions
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait, Views
from scoring.traits.user_agents import DEVICES, Agent, read

KEY = 8
_DEVICE, _SHARE = effect(), effect()

#: Places in the facts; from _COUNTS on the views by kind of device.
_AT, _NOW, _SYSTEM, _BROWSER, _COUNTS = range(5)
#: Names kept as their place here. States hold the places: names are only ever added, at the end.
_COMMON = (
    "Android", "iOS", "Windows", "Mac OS X", "Linux", "Chrome OS", "Ubuntu", "Mobile Safari", "Chrome Mobile", "Chrome", "Safari",
    "Firefox", "Edge", "Samsung Internet", "Firefox Mobile", "Opera",
    "Chrome Mobile iOS", "Chrome Mobile WebView", "Mobile Safari UI/WKWebView",
)  # fmt: skip
_NUMBER = {name: number for number, name in enumerate(_COMMON)}
#: Page views from which on a share says something.
ENOUGH = 10
_PHONE, _TABLET = DEVICES.index("phone"), DEVICES.index("tablet")


def newest_device(s: Customer) -> str | None:
    found = _newest(s, _NOW)
    return None if found is None else DEVICES[found]


def came_with(s: Customer, place: int) -> str | None:
    """A name."""
    found = _newest(s, place)
    return _COMMON[found] if isinstance(found, int) else found


def _newest(s: Customer, place: int) -> Any:
    mine = fact(s, KEY)
    return None if mine is None else mine[place]


@lru_cache(maxsize=8_192)
def _told(agent: Agent) -> list[int | str | None]:
    """What is kept of it; to be left as it is."""
    return [agent.device, _short(agent.system), _short(agent.browser)]


def _short(name: str | None) -> int | str | None:
    return name if name is None else _NUMBER.get(name, name)


def mobile_share(s: Customer) -> float | None:
    mine = fact(s, KEY)
    views = 0 if mine is None else sum(mine[_COUNTS:])
    return (mine[_COUNTS + _PHONE] + mine[_COUNTS + _TABLET]) / views if mine is not None and views >= ENOUGH else None


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        if e.more is None or (text := e.more.user_agent) is None:
            return 0
        agent = read(text)
        if not agent.known:
            return 0
        mine, at = opened(facts, KEY), ts - s.h0 * HOUR
        if mine is None:
            mine = facts[KEY] = [at, *_told(agent), 0, 0, 0, 0]
            effects = _DEVICE
        else:
            effects = 0
            if at >= mine[_AT]:
                mine[_AT] = at
                told = _told(agent)
                if mine[_NOW:_COUNTS] != told:
                    mine[_NOW:_COUNTS] = told
                    effects = _DEVICE
        if agent.device is not None:
            place = _COUNTS + agent.device
            mine[place] += 1
            views = sum(mine[_COUNTS:])
            if views == ENOUGH or (views > ENOUGH and mine[place] < views):  # a share of all, or of nothing, stays what it is
                effects |= _SHARE
        return effects

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if theirs is None:
        return mine
    theirs[_AT] += (f.h0 - s.h0) * HOUR
    if mine is None:
        return theirs
    newest = theirs if theirs[_AT] > mine[_AT] else mine
    return newest[:_COUNTS] + [a + b for a, b in zip(mine[_COUNTS:], theirs[_COUNTS:], strict=True)]


def _text(name: str, meaning: str, code: str, values: tuple[str, ...] = ()) -> Attribute:
    return Attribute(name, "string", "none", meaning, code, _DEVICE, _DEVICE, missing=True, values=values, fed_by=("page_view",))


TRAIT = Trait(
    KEY,
    ("technological",),
    (
        _text("device", "kind of device of the newest page view", "newest_device(s)", DEVICES),
        _text("system", "operating system of the newest page view", f"came_with(s, {_SYSTEM})"),
        _text("browser", "browser of the newest page view", f"came_with(s, {_BROWSER})"),
        Attribute("mobile_share", "number", "none", "share of page views from a phone or tablet", "mobile_share(s)", _SHARE, _SHARE,
                  missing=True, unit="0 to 1", fed_by=("page_view",)),
    ),
    {PAGE_VIEWS: _folder},
    _join,
    (newest_device, came_with, mobile_share),
    views=Views(fields=("user_agent",)),
)  # fmt: skip
