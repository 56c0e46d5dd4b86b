"""Arrivals: by which way a customer comes to the shop, from the address of the page (`url`) and that of the page before it (`referrer`).

An arrival is a page view that says where it came from:
- by its address: an advertisement's click id, or `utm_medium` and `utm_source`, by the rules of Google Analytics' default channel groups;
- else by a referrer of another site. A search engine, social network or web mail is known by its name; any other site is a `referral`, if
  `url` tells which site is ours. Without a referrer nobody knows: typed in, a bookmark, or an app; that is no arrival.

- `arrivals("ads")`: arrivals by a channel, for ever or in a window (400 days at most). `channel`, `first_channel`: of the newest and the
  oldest arrival; missing while there are none. Of two at one instant the later in order is the newest, and the earlier the oldest.

Keeps a series of hours for each channel that was used.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from scoring.events.schema import PAGE_VIEWS, PageView
from scoring.segments.model import Definitions
from scoring.series import bump, joined
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import effect
from scoring.traits.trait import Fold, Trait, Views, counted

KEY = 7
_ARRIVED = effect()

CHANNELS = ("ads", "mail", "search", "social", "affiliate", "referral", "other")
_PLACE = {channel: place for place, channel in enumerate(CHANNELS)}
#: Places in the facts: instants (ms from h0) and channels of the newest and the oldest, and series (hours from h0) by channel's place.
_LAST, _BY, _FIRST, _FIRST_BY, _SERIES = range(5)

_CLICK_IDS = ("gclid=", "gbraid=", "wbraid=", "msclkid=", "dclid=", "ttclid=", "twclid=", "li_fat_id=")
_MEDIA = {
    **dict.fromkeys(("cpc", "ppc", "cpm", "cpv", "cpa", "cpp", "retargeting", "display", "banner", "expandable", "interstitial"), "ads"),
    **dict.fromkeys(("email", "e-mail", "e_mail", "e mail", "mail", "newsletter"), "mail"),
    **dict.fromkeys(("social", "social-network", "social-media", "sm", "social network", "social media"), "social"),
    **dict.fromkeys(("referral", "app", "link"), "referral"),
    "organic": "search",
    "affiliate": "affiliate",
}
_SOURCES = {**dict.fromkeys(("email", "e-mail", "e_mail", "e mail", "newsletter"), "mail")}
#: Names of sites, whatever stands before and after them: google in www.google.nl.
_SITES = {
    **dict.fromkeys(("google", "bing", "duckduckgo", "ecosia", "yahoo", "baidu", "yandex", "startpage", "qwant", "naver"), "search"),
    **dict.fromkeys(
        ("facebook", "instagram", "pinterest", "tiktok", "linkedin", "reddit", "twitter", "youtube", "snapchat", "threads", "tumblr", "vk"),
        "social",
    ),
}
_HOSTS = {
    **dict.fromkeys(("t.co", "x.com", "lnkd.in", "fb.com", "youtu.be", "pin.it", "bsky.app"), "social"),
    **dict.fromkeys(("mail.google.com", "outlook.live.com", "outlook.office.com", "mail.yahoo.com", "mail.proton.me"), "mail"),
}


def arrived(s: Customer, channel: str) -> list[int] | None:
    """A series."""
    mine = fact(s, KEY)
    return None if mine is None else mine[_SERIES].get(_PLACE[channel])


def channel_of(s: Customer, place: int) -> str | None:
    mine = fact(s, KEY)
    return None if mine is None else CHANNELS[mine[place]]


def by(url: str | None, referrer: str | None) -> str | None:
    """The channel a page view came by, None where it doesn't say."""
    if url is not None and "?" in url:
        query = url.partition("?")[2]
        if any(query.startswith(each) or "&" + each in query for each in _CLICK_IDS):
            return "ads"
        if "utm_" in query and (tagged := _tagged(query)) is not None:
            return tagged
    if not referrer:
        return None
    host = _host(referrer)
    found = _known(host)
    own = _host(url) if url is not None else ""
    if not host or host == own:
        return None
    return found if found is not None else "referral" if own else None


def _tagged(query: str) -> str | None:
    given = parse_qs(query.partition("#")[0])
    medium, source = (given.get(name, [""])[0].strip().lower() for name in ("utm_medium", "utm_source"))
    if not medium and not source:
        return None
    if medium.startswith("paid"):
        return "ads"
    return _MEDIA.get(medium) or _SOURCES.get(source) or (_known(source) if not medium else None) or "other"


def _host(address: str) -> str:
    parts = address.split("/", 3)
    return parts[2].rpartition("@")[2].partition(":")[0].lower().removeprefix("www.") if len(parts) > 2 and parts[0].endswith(":") else ""


@lru_cache(maxsize=4_096)
def _known(host: str) -> str | None:
    if host in _HOSTS:
        return _HOSTS[host]
    names = host.split(".")
    return next((_SITES[name] for name in names[:-1] or names if name in _SITES), None)


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView, ts: int) -> int:
        more = e.more
        if more is None or (more.referrer is None and more.url is None):
            return 0
        channel = by(more.url, more.referrer)
        if channel is None:
            return 0
        place = _PLACE[channel]
        mine, at = opened(facts, KEY), ts - s.h0 * HOUR
        if mine is None:
            mine = facts[KEY] = [at, place, at, place, {}]
        if at >= mine[_LAST]:
            mine[_LAST], mine[_BY] = at, place
        if at < mine[_FIRST]:
            mine[_FIRST], mine[_FIRST_BY] = at, place
        series = mine[_SERIES]
        series[place] = bump(series.get(place), ts // HOUR - s.h0, 1)
        return _ARRIVED

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    if theirs is None:
        return mine
    shift = f.h0 - s.h0
    theirs[_LAST] += shift * HOUR
    theirs[_FIRST] += shift * HOUR
    if mine is None:
        return [*theirs[:_SERIES], {place: joined(None, series, shift) for place, series in theirs[_SERIES].items()}]
    newest = theirs if theirs[_LAST] > mine[_LAST] else mine
    oldest = theirs if theirs[_FIRST] < mine[_FIRST] else mine
    series = {place: joined(mine[_SERIES].get(place), theirs[_SERIES].get(place), shift) for place in {*mine[_SERIES], *theirs[_SERIES]}}
    return [*newest[_LAST:_FIRST], *oldest[_FIRST:_SERIES], series]


def _text(name: str, meaning: str, place: int) -> Attribute:
    return Attribute(
        name, "string", "none", meaning, f"channel_of(s, {place})", _ARRIVED, _ARRIVED, missing=True, values=CHANNELS, fed_by=("page_view",)
    )


TRAIT = Trait(
    KEY,
    ("technological",),
    (
        replace(
            counted("arrivals", "page views that came from elsewhere, by a channel", "arrived(s, {a})", _ARRIVED, ("page_view",)),
            argument="channel", choices=CHANNELS,
        ),
        _text("channel", "by which way the newest arrival came", _BY),
        _text("first_channel", "by which way the first arrival came", _FIRST_BY),
    ),
    {PAGE_VIEWS: _folder},
    _join,
    (arrived, channel_of),
    views=Views(fields=("url", "referrer")),
)  # fmt: skip
