"""A definition file, read: `segments.toml` to checked definitions, or all its faults at once."""

from __future__ import annotations

import math
from fractions import Fraction

from scoring.calendar.calendar import EMPTY
from scoring.expressions.parse import parse_with_references
from scoring.expressions.problem import Problems, suggest
from scoring.expressions.tree import Condition, Truth
from scoring.segments.cycles import Link, find_cycles
from scoring.segments.document import Document, Path
from scoring.segments.engagement import read_engagement
from scoring.segments.families import FAMILIES
from scoring.segments.faults import Fault, Faults
from scoring.segments.identity import fingerprint, segment_hash, tiers_hash
from scoring.segments.model import Definitions, Engagement, Segment, Tiers
from scoring.segments.names import Entry, Names, gather
from scoring.segments.occasions import read_calendar
from scoring.segments.tiers import read_tiers

__all__ = ["Fault", "Faults", "read"]

_SEGMENT_KEYS = ("name", "family", "when", "exit_when", "hold_for", "cooldown", "settle")
_TIERS_KEYS = ("name", "family", "of", "tiers", "settle")
_EXAMPLE = '"cart_items > 0 and cart_idle >= hours(1)"'


def read(text: str, file: str = "segments.toml") -> Definitions:
    """The definitions in a TOML text, in file order. `file` is its name in faults. Raises Faults with all of them."""
    document = Document(text, file)
    reader = _Reader(document)
    definitions = reader.read(text)
    document.done()
    return definitions


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.names = Names()
        self.links: list[Link] = []
        self.calendar = EMPTY
        self.owner = ""  # the definition whose conditions are being read

    def read(self, text: str) -> Definitions:
        known = ("segment", "tiers", "engagement", "families", "calendar", "occasion")
        unknown = [key for key in self.document.data if key not in known]
        for key in unknown:
            self.document.fault((key,), f"unknown table or key `{key[:64]}`", suggest(key, known), key=True)
        engagement = read_engagement(self.document)
        self.calendar = read_calendar(self.document)
        self.names = gather(self.document)
        if not self.names.entries and not unknown and not self.document.faults and not self.names.off.names:
            self.document.at(
                0, 1, "this file defines no segment", "each segment begins with [[segment]], each group of tiers with [[tiers]]"
            )
        found = tuple(
            self._tiers(entry, engagement) if entry.is_tiers else self._segment(entry, engagement) for entry in self.names.entries
        )
        self._tell_cycles()
        return Definitions(
            found, engagement, fingerprint(found), text, frozenset(self.names.off.families), self.names.off.names, self.calendar
        )

    def _segment(self, entry: Entry, engagement: Engagement) -> Segment:
        table = entry.table
        self.owner = entry.name or ""
        table.only(_SEGMENT_KEYS)
        family = table.one_of("family", FAMILIES, "family", example='"purchase_habits"')
        text = table.text("when", required=True, example=_EXAMPLE)
        when = None if text is None else self._condition((*table.path, "when"), text)
        text = table.text("exit_when", example='"cart_items == 0"')
        exit_when = None if text is None else self._condition((*table.path, "exit_when"), text)
        hold_for = _whole(table.span("hold_for", example='"10m"'))
        cooldown = _whole(table.span("cooldown", example='"7d"'))
        settle = _whole(table.span("settle", example='"1h"'))
        for other in ("exit_when", "hold_for"):
            if settle and other in table.data:
                table.fault(
                    f"`settle` does not go with `{other}`", "it is for both ways, in and out: leave out one of the two", at="settle"
                )
        if when is None:
            when = Truth(False)  # a fault is noted: nobody gets to see this one
        definition = segment_hash(when, exit_when, hold_for, cooldown, engagement, settle, self.calendar)
        return Segment(self.owner, family or "", when, exit_when, hold_for, cooldown, definition, settle)

    def _tiers(self, entry: Entry, engagement: Engagement) -> Tiers:
        table = entry.table
        self.owner = entry.name or ""
        table.only(_TIERS_KEYS)
        family = table.one_of("family", FAMILIES, "family", example='"engagement"')
        text = table.text("of", example='"purchases >= 1"')
        of = None if text is None else self._condition((*table.path, "of"), text)
        tiers = read_tiers(table, self._condition, of)
        settle = _whole(table.span("settle", example='"1h"'))
        return Tiers(self.owner, family or "", tiers, tiers_hash(tiers, engagement, settle, self.calendar, of), settle, of)

    def _condition(self, path: Path, text: str) -> Condition | None:
        try:
            parsed = parse_with_references(
                text, segments=self.names.segments, tiers=self.names.tiers, off=self.names.off, occasions=self.calendar.occasions
            )
        except Problems as problems:
            for problem in problems.problems:
                self.document.problem(path, problem)
            return None
        if self.owner:
            for reference in parsed.references:
                self.links.append(Link(self.owner, reference.name, *self.document.within(path, reference.start, reference.end)))
        return parsed.condition

    def _tell_cycles(self) -> None:
        for cycle in find_cycles([entry.name for entry in self.names.entries if entry.name], self.links):
            names = [cycle[0].source, *(link.target for link in cycle)]
            round_ = " -> ".join(names) if len(names) <= 10 else " -> ".join([*names[:8], "…", names[-1]])
            message = f"`{names[0]}` refers to itself" if len(cycle) == 1 else f"definitions refer to each other in a circle: {round_}"
            self.document.at(cycle[0].start, cycle[0].end, message, "one of them must do without the other")


def _whole(span: Fraction | None) -> int:
    """Milliseconds; what is true from a fraction of one on is true at the next whole one."""
    return 0 if span is None else math.ceil(span)
