"""What becomes of calls, by their names: the table a `collector.toml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: From where a field is taken: plain names, the first the context's or not; the paths are tried in order.
CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a call: in its properties or traits, or with `context` in its context."""

    path: tuple[str, ...]
    context: bool = False


Sources = tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of a track call: an event type, or nothing (""). `fixed`: field -> its JSON text, whatever the call says."""

    event_type: str
    fixed: Mapping[str, bytes] = field(default_factory=dict)
    sources: Mapping[str, Sources] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """`track` and `pages` by plain name; `pages` give a page_type, "" for no event; `keep_unknown`: as dead letters."""

    track: Mapping[str, Rule] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Sources] = field(default_factory=dict)
    traits: Mapping[str, Sources] = field(default_factory=dict)
    keep_unknown: bool | None = None

    def over(self, shipped: Table) -> Table:
        """Both, this one's entries before the other's."""
        return Table(
            {**shipped.track, **self.track},
            {**shipped.pages, **self.pages},
            {**shipped.properties, **self.properties},
            {**shipped.traits, **self.traits},
            shipped.keep_unknown if self.keep_unknown is None else self.keep_unknown,
        )
