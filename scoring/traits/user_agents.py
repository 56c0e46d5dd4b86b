"""What a user agent says: device, system and browser by the rules of uap-core (ua-parser), crawlers by those and by crawler-user-agents.

A text says what it says: an iPad that asks for the desktop's pages calls itself a Mac, and is taken for one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

#: "other" is a television, a console, a watch.
DEVICES = ("phone", "tablet", "computer", "other")

#: Of a user agent's characters, and of a name taken out of it.
_LONGEST, _LONGEST_NAME = 1_000, 40
_PHONES = frozenset(("iPhone", "iPod", "Generic Smartphone", "Generic Feature Phone", "iOS-Device"))
_COMPUTERS = frozenset(
    (
        "Windows",
        "Mac OS X",
        "Linux",
        "Chrome OS",
        "Ubuntu",
        "Fedora",
        "Debian",
        "Red Hat",
        "SUSE",
        "CentOS",
        "FreeBSD",
        "OpenBSD",
        "Solaris",
    )
)
_OTHERS = frozenset(("tvOS", "WatchOS", "Tizen", "WebTV", "Chromecast", "Roku", "FireTV"))


class Agent(NamedTuple):
    """Each None where the text doesn't tell. `known`: it tells of a person's device at all."""

    device: int | None  # place in DEVICES
    system: str | None
    browser: str | None
    crawler: bool
    known: bool


_NOBODY = Agent(None, None, None, False, False)


def load() -> None:
    """Loads both lists, a fifth of a second that blocks: for who would rather wait now than at the first user agent."""
    _read("Mozilla/5.0")


def read(text: str | None) -> Agent:
    """Both lists are gone through once for each text among the newest 8,192 different ones: half a millisecond."""
    return _NOBODY if text is None else _read(text)


@lru_cache(maxsize=8_192)
def _read(text: str) -> Agent:
    # Loaded with the first user agent: two lists of a quarter of a second, which most commands never need.
    import ua_parser
    from crawleruseragents import is_crawler

    text = text[:_LONGEST]
    found = ua_parser.parse(text)
    family = found.device.family if found.device is not None else None
    if family == "Spider" or is_crawler(text):
        return Agent(None, None, None, True, False)
    system = found.os.family[:_LONGEST_NAME] if found.os is not None else None
    browser = found.user_agent.family[:_LONGEST_NAME] if found.user_agent is not None else None
    device = _device(text, family, system)
    return Agent(device, system, browser, False, not (device is None and system is None and browser is None))


def _device(text: str, family: str | None, system: str | None) -> int | None:
    if family == "iPad":
        return 1
    if family in _PHONES or system == "Windows Phone":
        return 0
    if system in _OTHERS or (family is not None and ("TV" in family or "PlayStation" in family or "Xbox" in family)):
        return 3
    if system == "Android":  # makers are asked to write Mobile on telephones, and not on tablets
        return 0 if "Mobile" in text else 1
    return 2 if system in _COMPUTERS else None
