"""A TOML file in hand: its data, and faults at the right place of it."""

from __future__ import annotations

import re
import tomllib
from typing import Any, NoReturn

from scoring.expressions.problem import Problem
from scoring.segments.faults import Fault, Faults
from scoring.segments.places import Key, Place, Scan, characters

Path = tuple[Key, ...]

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WORD = re.compile(r"[^\s,#\[\]{}]+")
_WORDS = (
    ("Cannot declare", "this table is there already"),
    ("Cannot overwrite", "this key is there already"),
    ("Cannot mutate immutable", "this table is closed and cannot be added to"),
    ("Cannot redefine", "this table is there already"),
    ("Unclosed array", "this list is never closed"),
    ("Unterminated string", "this text is never closed"),
    ("Illegal character '\\n'", "this text is not closed on its line"),
    ("Expected '=' after", "`=` is missing after the key"),
    ("Invalid value", "this is no value"),
    ("Invalid statement", "this is neither `key = value` nor a [table]"),
    ("Expected newline or end of document", "more follows the value on this line"),
)


class Document:
    """A parsed file. Raises Faults with one fault where the text is no TOML."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.faults: list[Fault] = []
        self._scan = Scan(self.text)
        self.data: dict[str, Any] = {}
        try:
            self.data = tomllib.loads(self.text)
            self._scan.run()
        except tomllib.TOMLDecodeError as error:
            self._refuse(str(error))
        except RecursionError:
            self._stop(self._deepest(), "lists or tables are nested too deeply")
        except ValueError:
            self._stop(0, "a number in this file is too large to be read")

    def fault(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        """Notes a fault at a value, or at its key; where the path is not there, at the nearest table around it."""
        place = self.place(path)
        start, end = place.key if key or path == () else place.value
        self.at(start, end, message, hint)

    def at(self, start: int, end: int, message: str, hint: str = "") -> None:
        """Notes a fault at offsets of the text."""
        line, column = self._scan.line_and_column(start)
        source = self._scan.line(line)
        length = max(1, min(end - start, len(source) - column + 1))
        self.faults.append(Fault(self.file, line, column, message, source, hint, length))

    def problem(self, path: Path, problem: Problem) -> None:
        """Notes a fault of an expression that stands at `path`, at its place within the text."""
        start, end = self.within(path, problem.start, problem.end)
        self.at(start, end, problem.message, problem.hint)

    def within(self, path: Path, start: int, end: int) -> tuple[int, int]:
        """Offsets in the file of characters `start` to `end` of the string at `path`."""
        value = self.place(path).value
        offsets = characters(self.text, value)
        if len(offsets) == 1:
            return value
        first = offsets[min(start, len(offsets) - 1)]
        last = offsets[min(max(end, start), len(offsets) - 1)]
        return first, max(first + 1, last)

    def place(self, path: Path) -> Place:
        """Where a value stands; the nearest table around it where it is not there."""
        found = self._scan.root
        for key in path:
            child = found.children.get(key)
            if child is None:
                return found
            found = child
        return found

    def line_of(self, path: Path) -> int:
        """The line a value stands on."""
        return self._scan.line_and_column(self.place(path).value[0])[0]

    def done(self) -> None:
        """Raises Faults if any was noted."""
        if self.faults:
            raise Faults(self.faults)

    def _stop(self, offset: int, message: str, hint: str = "", end: int = 0) -> NoReturn:
        self.at(offset, max(end, offset + 1), message, hint)
        raise Faults(self.faults) from None

    def _refuse(self, said: str) -> NoReturn:
        """The one syntax fault that tomllib tells, in our words and where its cause stands."""
        match = _AT.search(said)
        offset = len(self.text.rstrip("\n"))
        if match is not None and match[1] is not None:
            offset = self._scan.offset(int(match[1]), int(match[2]))
        said = said[: match.start()] if match is not None else said
        message = next((ours for theirs, ours in _WORDS if said.startswith(theirs)), said[:1].lower() + said[1:])
        try:
            self._scan.run()
        except (ValueError, RecursionError, IndexError):
            pass
        before = [span for span in self._scan.statements if span[0] <= offset]
        start, end = before[-1] if before else (offset, offset)
        if said.startswith(("Cannot", "Unclosed", "Unterminated")):
            hint = ""
            if "'segment'" in said or "'tiers'" in said:
                hint = "each segment begins with [[segment]], each group of tiers with [[tiers]], in two brackets"
            self._stop(start, message, hint, end)
        if said.startswith("Illegal character '\\n'"):
            self._stop(start, message, "a text ends with the quote it begins with, on the same line", end)
        hint = ""
        if said.startswith("Invalid value"):
            hint = 'texts stand in quotes: when = "cart_items > 0"'
        elif said.startswith("Expected newline"):
            hint = 'a text that holds quotes stands in the other kind: \'tier("value") == "high"\''
        elif said.startswith(("Invalid statement", "Expected '='")):
            hint = 'a line is `key = "value"`, `[table]`, `[[segment]]` or a comment after `#`'
        word = _WORD.match(self.text, offset) if "alue" in said or "date" in said else None
        self._stop(offset, message, hint, word.end() if word else 0)

    def _deepest(self) -> int:
        """Where brackets first stand absurdly deep."""
        depth = 0
        for match in re.finditer(r"[\[\]{}]", self.text):
            depth += 1 if match.group() in "[{" else -1
            if depth > 50:
                return match.start()
        return 0
