"""What the collector counts, and says once."""

from __future__ import annotations

import re
from collections import Counter

import structlog

#: Names that are remembered as told; a sender that makes names up fills no memory.
_MOST_NAMES = 1_000

#: What in a name may be somebody's: an address, or a long number. Names come from whoever has a write key.
_SOMEBODY = re.compile(r"\S*@\S*|\d(?:[ .-]?\d){5,}")

log = structlog.get_logger(__name__)


class Figures:
    """Counters since the start: `records` by topic without its prefix, `refused` by error, `answers` by status."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.records: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.unknown = 0
        self._told: set[str] = set()

    def unknown_name(self, name: str) -> None:
        """A track call that becomes nothing: the log says so, once a name."""
        self.unknown += 1
        if name not in self._told and len(self._told) < _MOST_NAMES:
            self._told.add(name)
            shown = _SOMEBODY.sub("…", name[:100])
            log.info("track calls of this name become no event; collector.toml can say what they are", name=shown)
