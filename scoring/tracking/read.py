"""Reading a `collector.toml`: every fault of the file at once, each at its place with the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from scoring.expressions.problem import suggest
from scoring.segments.document import Document, Path
from scoring.segments.table import kind_word
from scoring.tracking.fields import EVENTS, IGNORE, LINES, NAMES, PROFILE
from scoring.tracking.table import CONTEXT, Rule, Source, Sources, Table
from scoring.tracking.values import plain

_TABLES = ("track", "page", "properties", "traits")
_UNKNOWN = {IGNORE: False, "dead-letter": True}
#: The key of pages that stand nowhere else in their table.
ANY = "*"


def read(text: str, file: str = "collector.toml") -> Table:
    """The table of a file. Raises Faults."""
    document = Document(text, file)
    reader = _Reader(document)
    table = Table(reader.track(), reader.pages(), reader.fields("properties", NAMES), reader.fields("traits", PROFILE), reader.unknown())
    document.done()
    return table


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        for key in document.data:
            if key not in (*_TABLES, "unknown"):
                document.fault((key,), f"unknown table or key `{key[:64]}`", suggest(key, (*_TABLES, "unknown")), key=True)

    def unknown(self) -> bool | None:
        given = self._document.data.get("unknown")
        if given is None:
            return None
        if not isinstance(given, str) or given not in _UNKNOWN:
            self._document.fault(("unknown",), f'`unknown` is "{IGNORE}" or "dead-letter"', suggest(str(given), _UNKNOWN))
            return None
        return _UNKNOWN[given]

    def track(self) -> dict[str, Rule]:
        found: dict[str, Rule] = {}
        for name, given in self._entries("track"):
            rule = self._rule(("track", name), given)
            if rule is not None:
                found[plain(name)] = rule
        return found

    def pages(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, given in self._entries("page"):
            if not isinstance(given, str) or not given:
                self._document.fault(("page", name), f'a page is a page_type or "{IGNORE}", not {kind_word(given)}', 'such as "category"')
            else:
                found[ANY if name == ANY else plain(name)] = "" if given == IGNORE else given
        return found

    def fields(self, table: str, known: Iterable[str]) -> dict[str, Sources]:
        found: dict[str, Sources] = {}
        for name, given in self._entries(table):
            if name not in known:
                self._document.fault((table, name), f"unknown field `{name[:64]}`", suggest(name, known), key=True)
                continue
            found[name] = self._sources((table, name), given)
        return found

    def _entries(self, name: str) -> list[tuple[str, Any]]:
        data = self._document.data.get(name, {})
        if not isinstance(data, dict):
            self._document.fault((name,), f"`{name}` must be a table, not {kind_word(data)}", f"it begins with [{name}]")
            return []
        taken: dict[str, str] = {}
        for key in data:
            if (first := taken.setdefault(plain(key), key)) != key and name in ("track", "page"):
                self._document.fault((name, key), f"`{key[:64]}` is the same name as `{first[:64]}`", "case and blanks are one", key=True)
        return list(data.items())

    def _rule(self, path: Path, given: Any) -> Rule | None:
        if isinstance(given, str):
            given = {"event": given}
        if not isinstance(given, dict):
            self._document.fault(path, f"a call becomes an event type or a table, not {kind_word(given)}", 'such as "cart_add"')
            return None
        for key in given:
            if key not in ("event", "set", "from"):
                self._document.fault((*path, key), f"unknown key `{key[:64]}`", suggest(key, ("event", "set", "from")), key=True)
        event_type = given.get("event")
        if event_type == IGNORE:
            return Rule("")
        if not isinstance(event_type, str) or event_type not in EVENTS:
            at = (*path, "event") if "event" in given else path
            said = f"unknown event type `{event_type[:64]}`" if isinstance(event_type, str) else "`event` is missing, or no text"
            self._document.fault(at, said, suggest(str(event_type), (*EVENTS, IGNORE)) or f"one of {', '.join((*EVENTS, IGNORE))}")
            return None
        known = (*EVENTS[event_type][3], *((LINES,) if event_type in ("purchase", "refund") else ()))
        fixed = {name: self._fixed((*path, "set", name), value) for name, value in self._part(path, given, "set", known)}
        sources = {name: self._sources((*path, "from", name), value) for name, value in self._part(path, given, "from", known)}
        return Rule(event_type, fixed, sources)

    def _part(self, path: Path, given: dict[str, Any], part: str, known: tuple[str, ...]) -> list[tuple[str, Any]]:
        data = given.get(part, {})
        if not isinstance(data, dict):
            self._document.fault((*path, part), f"`{part}` must be a table, not {kind_word(data)}", f'{part} = {{ product_id = "…" }}')
            return []
        for name in data:
            if name not in known:
                hint = suggest(name, known) or f"{given['event']} has {', '.join(known)}"
                self._document.fault((*path, part, name), f"unknown field `{name[:64]}`", hint, key=True)
        return [(name, value) for name, value in data.items() if name in known]

    def _fixed(self, path: Path, value: Any) -> bytes:
        if not isinstance(value, str | bool | int | float):
            self._document.fault(path, f"a value must be a text, a number, true or false, not {kind_word(value)}")
            return b"null"
        return msgspec.json.encode(value)

    def _sources(self, path: Path, given: Any) -> Sources:
        paths = given if isinstance(given, list) else [given]
        if not paths or not all(isinstance(each, str) and all(map(plain, each.split("."))) for each in paths):
            self._document.fault(path, "a place is a text, or a list of texts", 'such as "sku", "item.id" or "context.page.url"')
            return ()
        return tuple(_source(each) for each in paths)


def _source(path: str) -> Source:
    first, *rest = path.split(".")
    context = first == CONTEXT and bool(rest)
    return Source(tuple(plain(name) for name in (rest if context else (first, *rest))), context)
