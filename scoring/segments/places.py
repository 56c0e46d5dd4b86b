"""Where things stand in a TOML text: a second reading that keeps places instead of values.

`tomllib` judges and reads the text; this scanner only runs over text that `tomllib` accepts (or over the part before a
fault) and may therefore be simple. Offsets count characters of the text with its line ends as "\\n".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

_SPACE = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_LITERAL = re.compile(r"[^,\]}\n#]+")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:\\.|[^"\\\n])*"')
_QUOTED = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2})', re.DOTALL)
_LONG_QUOTED = re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\n[ \t\n]*|.)", re.DOTALL)

Key = str | int


@dataclass(slots=True)
class Place:
    """A value's place: its key (for a table, its header), itself, and what it holds."""

    key: tuple[int, int] = (0, 0)
    value: tuple[int, int] = (0, 0)
    children: dict[Key, Place] = field(default_factory=dict)


class Scan:
    """The places of a TOML text. `root` is the document; `statements` the key of each line's statement, as it came."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = Place(value=(0, len(text)))
        self.statements: list[tuple[int, int]] = []
        self._at = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def run(self) -> Scan:
        """Reads to the end. Raises ValueError where the text is no TOML; what came before is kept."""
        table = self.root
        while True:
            self._skip(_SPACE)
            if self._at >= len(self.text):
                return self
            if self.text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """A line's text, by its 1-based number."""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end]

    def offset(self, line: int, column: int) -> int:
        """The offset of a 1-based line and column."""
        return min(self._starts[min(line, len(self._starts)) - 1] + column - 1, len(self.text))

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self._at)
        if match is not None:
            self._at = match.end()

    def _take(self, pattern: re.Pattern[str]) -> tuple[int, int]:
        match = pattern.match(self.text, self._at)
        if match is None or match.end() == self._at:
            raise ValueError("no TOML")
        self._at = match.end()
        return match.span()

    def _keys(self) -> list[tuple[str, tuple[int, int]]]:
        """A dotted key: its parts with their places."""
        found = []
        while True:
            self._skip(_BLANK)
            sign = self.text[self._at : self._at + 1]
            start, end = self._take(_BASIC if sign == '"' else _QUOTED if sign == "'" else _BARE)
            name = self.text[start:end]
            if sign == "'":
                name = name[1:-1]
            elif sign == '"':
                name = "".join(part for part, _ in _unescaped(name, 1, len(name) - 1))
            found.append((name, (start, end)))
            self._skip(_BLANK)
            if self.text[self._at : self._at + 1] != ".":
                return found
            self._at += 1

    def _header(self) -> Place:
        start = self._at
        double = self.text.startswith("[[", start)
        self._at += 2 if double else 1
        keys = self._keys()
        if not self.text.startswith("]]" if double else "]", self._at):
            raise ValueError("no TOML")
        self._at += 2 if double else 1
        span = (start, self._at)
        self.statements.append(span)
        place = self.root
        for index, (name, _) in enumerate(keys):
            place = place.children.setdefault(name, Place(span, span))
            last = index == len(keys) - 1
            if last and double:
                place = place.children.setdefault(len(place.children), Place(span, span))
            elif not last and place.children and isinstance(next(reversed(place.children)), int):
                place = place.children[next(reversed(place.children))]
        if place.key == (0, 0):
            place.key = place.value = span
        return place

    def _pair(self, table: Place) -> None:
        keys = self._keys()
        self.statements.append((keys[0][1][0], keys[-1][1][1]))
        if self.text[self._at : self._at + 1] != "=":
            raise ValueError("no TOML")
        self._at += 1
        self._skip(_BLANK)
        for name, span in keys[:-1]:
            table = table.children.setdefault(name, Place(span, span))
        name, span = keys[-1]
        place = self._value()
        place.key = span
        table.children.setdefault(name, place)

    def _value(self) -> Place:
        start = self._at
        sign = self.text[start : start + 1]
        place = Place()
        if sign in ('"', "'"):
            long = self.text.startswith(sign * 3, start)
            self._take((_LONG_BASIC if long else _BASIC) if sign == '"' else (_LONG_QUOTED if long else _QUOTED))
        elif sign in ("[", "{"):
            self._gather(place, "]" if sign == "[" else "}")
        else:
            first, end = self._take(_LITERAL)
            self._at = first + len(self.text[first:end].rstrip())
        place.value = (start, self._at)
        if place.key == (0, 0):
            place.key = place.value
        return place

    def _gather(self, place: Place, closing: str) -> None:
        """The elements of an array or the pairs of an inline table, up to its closing bracket."""
        self._at += 1
        while True:
            self._skip(_SPACE)
            sign = self.text[self._at : self._at + 1]
            if sign == closing:
                self._at += 1
                return
            if sign == ",":
                self._at += 1
            elif closing == "]":
                place.children[len(place.children)] = self._value()
            elif not sign:
                raise ValueError("no TOML")
            else:
                statements = len(self.statements)
                self._pair(place)
                del self.statements[statements:]


def _unescaped(text: str, start: int, end: int) -> list[tuple[str, int]]:
    """The characters of a basic string between two offsets, each with the offset it comes from."""
    found = []
    at = start
    while at < end:
        if text[at] != "\\":
            found.append((text[at], at))
            at += 1
            continue
        match = _ESCAPE.match(text, at)
        if match is None:
            break
        sign = match.group()[1]
        if sign in "uU":
            found.append((chr(int(match.group()[2:], 16)), at))
        elif sign not in " \t\n":
            found.append((_SIGNS.get(sign, sign), at))
        at = match.end()
    return found


_SIGNS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def characters(text: str, span: tuple[int, int]) -> list[int]:
    """Of a string value standing at `span`: the offset of each of its characters, and of its closing quote."""
    start, end = span
    sign = text[start]
    long = text.startswith(sign * 3, start)
    width = 3 if long else 1
    first, last = start + width, end - width
    if long and text[first : first + 1] == "\n":
        first += 1
    if sign == "'":
        return list(range(first, last + 1))
    return [*(offset for _, offset in _unescaped(text, first, last)), last]
