"""What keeps mails from going out, said in the log when it begins, once in a while, and when it ends; and for the health page."""

from __future__ import annotations

import structlog

from streams.clock import monotonic
from streams.sinks.sending import Pause

log = structlog.get_logger(__name__)

#: Seconds between reminders while it lasts.
_AGAIN = 60.0


class Standing:
    """Obstacles by name. `sent`, `withheld`, …: how many messages came to what since the start."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._said: dict[str, float] = {}
        self._words: dict[str, str] = {}
        self.figures: dict[str, int] = dict.fromkeys(("sent", "withheld", "refused", "bounced", "deferred"), 0)

    def count(self, what: str) -> None:
        self.figures[what] = self.figures.get(what, 0) + 1

    def begins(self, name: str, words: str, meanwhile: str, detail: str = "") -> None:
        """`words`: what is the matter; `meanwhile`: what becomes of the mails, and what to do; `detail`: the last that was said of it."""
        now = monotonic()
        self._words[name] = f"{words}: {detail}" if detail else words
        self._since.setdefault(name, now)
        if now - self._said.get(name, float("-inf")) >= _AGAIN:
            self._said[name] = now
            log.warning(words, meanwhile=meanwhile, detail=detail, for_seconds=round(now - self._since[name]))

    def ends(self, name: str, words: str) -> None:
        since = self._since.pop(name, None)
        if since is not None:
            del self._words[name]
            self._said.pop(name, None)
            log.info(words, after_seconds=round(monotonic() - since))

    def stands(self, name: str) -> bool:
        """Is this obstacle in the way now?"""
        return name in self._since

    @property
    def obstacles(self) -> list[str]:
        """Why mails don't go out now; empty when they do."""
        return list(self._words.values())


def paused(standing: Standing, pause: Pause | None) -> None:
    """Notes how the switch for all sending stands."""
    if pause is None:
        standing.ends("paused", "sending goes on")
    else:
        standing.begins("paused", f"sending is paused by {pause.who}", "no mail is lost; to go on: gedrag sending resume", pause.why)
