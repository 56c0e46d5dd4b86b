"""The names a file defines: gathered first, so that definitions may refer to each other in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scoring.expressions.scope import Off
from scoring.segments.document import Document, Path
from scoring.segments.families import read_families
from scoring.segments.table import Table, kind_word

TABLES = {"segment": "segment", "tiers": "group of tiers"}


@dataclass(slots=True)
class Entry:
    """One [[segment]] or [[tiers]] as it stands in the file; `name` is None where it has no usable one."""

    table: Table
    is_tiers: bool
    name: str | None

    def family(self) -> str:
        """As the file says, be it right or wrong."""
        return str(self.table.data.get("family"))


@dataclass(slots=True)
class Names:
    entries: list[Entry] = field(default_factory=list)  # in file order
    segments: set[str] = field(default_factory=set)
    tiers: dict[str, list[str]] = field(default_factory=dict)
    off: Off = Off()


def gather(document: Document) -> Names:
    """All definitions of the file and their names; faulty and repeated names are noted in the document.

    Those of families that are switched off are told apart: they are not in `entries`.
    """
    names = Names()
    switched_off = read_families(document)
    off: dict[str, str] = {}
    for key, what in TABLES.items():
        for path, data in _tables(document, key):
            table = Table(document, path, data, what)
            name = table.name()
            names.entries.append(Entry(table, key == "tiers", name))
            said = data.get("name")
            family = data.get("family")
            if isinstance(family, str) and family in switched_off:
                if isinstance(said, str):
                    off[said] = family
            elif isinstance(said, str):
                # A badly written name is known all the same: its fault is told once, not at every reference too.
                if key == "tiers":
                    names.tiers.setdefault(said, []).extend(_tier_names(data))
                else:
                    names.segments.add(said)
    names.entries.sort(key=lambda entry: document.place(entry.table.path).key)
    _tell_repeated(document, names)
    names.entries = [entry for entry in names.entries if entry.family() not in switched_off]
    names.off = Off(switched_off, off)
    return names


def _tables(document: Document, key: str) -> list[tuple[Path, dict[str, Any]]]:
    given = document.data.get(key, [])
    if isinstance(given, dict):
        document.fault((key,), f"`[{key}]` stands in single brackets", f"each {TABLES[key]} begins with [[{key}]]", key=True)
        return [((key,), given)]
    if not isinstance(given, list):
        document.fault((key,), f"`{key}` must be tables, not {kind_word(given)}", f"each {TABLES[key]} begins with [[{key}]]", key=True)
        return []
    found: list[tuple[Path, dict[str, Any]]] = []
    for index, data in enumerate(given):
        if isinstance(data, dict):
            found.append(((key, index), data))
        else:
            document.fault((key, index), f"a {TABLES[key]} must be a table, not {kind_word(data)}", f"each begins with [[{key}]]")
    return found


def _tier_names(data: dict[str, Any]) -> list[str]:
    tiers = data.get("tiers")
    found = [tier.get("name") for tier in tiers if isinstance(tier, dict)] if isinstance(tiers, list) else []
    return [name for name in found if isinstance(name, str)]


def _tell_repeated(document: Document, names: Names) -> None:
    first: dict[str, int] = {}
    for entry in names.entries:
        if entry.name is None:
            continue
        path = (*entry.table.path, "name")
        if entry.name in first:
            hint = "segments and groups of tiers share their names; each has its own"
            entry.table.fault(f"`{entry.name}` is defined already, on line {first[entry.name]}", hint, at="name")
            entry.name = None
        else:
            first[entry.name] = document.line_of(path)
